"""How points follow from values, where profiles alone do not show it."""

from collections.abc import Hashable, Mapping
from fractions import Fraction

import pytest

from custom_components.depin.devices.formulas import (
    Condition,
    Directed,
    First,
    Measured,
    Only,
    Raw,
    State,
    Sum,
    places,
)
from custom_components.depin.devices.points import Status

ONE, TWO = Measured("one"), Measured("two")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (True, "true"),
        (" a\0", "a"),
        ("\0\0", None),
        (7, "7"),
        (Fraction(5, 2), "2.5"),
        (None, None),
    ],
)
def test_a_value_as_text(raw: Raw, text: str | None) -> None:
    assert ONE.text({"one": raw}) == text


@pytest.mark.parametrize(
    ("seen", "complete", "partial"),
    [({"one": 1, "two": 2}, 3, 3), ({"one": 1, "two": None}, None, 1), ({}, None, None)],
)
def test_a_sum(seen: Mapping[Hashable, Raw], complete: int | None, partial: int | None) -> None:
    assert Sum((ONE, TWO)).number(seen) == complete
    assert Sum((ONE, TWO), partial=True).number(seen) == partial


@pytest.mark.parametrize(
    ("seen", "first", "only"),
    [({"one": 1, "two": 2}, 1, None), ({"one": None, "two": 2}, 2, 2), ({}, None, None)],
)
def test_one_of_several(seen: Mapping[Hashable, Raw], first: int | None, only: int | None) -> None:
    assert First((ONE, TWO)).number(seen) == first
    assert Only((ONE, TWO)).number(seen) == only


@pytest.mark.parametrize(
    ("raw", "direction", "positive", "expected"),
    [
        (5, 0, False, -5),
        (-5, 0, False, -5),
        (5, 1, False, 5),
        (-5, 1, False, -5),
        (-5, 1, True, 5),
        (5, None, True, None),
        (None, 0, True, None),
    ],
)
def test_a_direction_that_stands_elsewhere(
    raw: Raw, direction: Raw, *, positive: bool, expected: int | None
) -> None:
    formula = Directed(ONE, (Condition(TWO, frozenset({0})),), positive)
    assert formula.number({"one": raw, "two": direction}) == expected


def test_bits_and_bytes_are_cut_out() -> None:
    assert Measured("one", shift=8, mask=0x7F).number({"one": 0x8400}) == 4
    assert Measured("one", Fraction(1, 10), magnitude=True).number({"one": -5}) == Fraction(1, 2)


def test_every_place_is_known() -> None:
    condition = Condition(Measured("four"))
    directed = Directed(Measured("three"), (condition,), otherwise_positive=False)
    formula = Sum((First((ONE, Only((TWO,)))), directed))
    assert set(places(formula)) == {"one", "two", "three", "four"}
    assert set(places(State(ONE, {"1": Status.OFF}, condition))) == {"one", "four"}
