"""Energy certificates: every watt-hour issued is held or retired, once."""

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_AMOUNT
from depin_protocol.settlement.attribution import (
    Attribution,
    PreferenceError,
    UnbalancedDeliveryError,
)
from depin_protocol.settlement.certificates import Holding, pass_certificates
from depin_protocol.settlement.limits import OutOfBoundsError


@st.composite
def neighbourhoods(draw: st.DrawFn) -> list[Holding]:
    """Draw homes that deliver to each other, some preferring others."""
    size = draw(st.integers(1, 7))
    home = st.integers(0, size - 1)
    given_wh, received = [0] * size, [0] * size
    for producer, consumer, wh in draw(
        st.lists(st.tuples(home, home, st.integers(1, 40)), max_size=10)
    ):
        given_wh[producer] += wh
        received[consumer] += wh
    energies = st.integers(0, 60)
    return [
        Holding(
            held=draw(energies),
            produced=draw(energies),
            own_use=draw(energies),
            given=given_wh[row],
            received=received[row],
            prefers=tuple(
                other for other in draw(st.lists(home, unique=True, max_size=size)) if other != row
            ),
        )
        for row in range(size)
    ]


@given(neighbourhoods())
def test_every_watt_hour_issued_is_held_or_retired(homes: list[Holding]) -> None:
    lines = pass_certificates(homes).lines
    before = sum(home.held + home.produced for home in homes)
    after = sum(line.held + line.retired_at_home + line.received for line in lines)
    assert before == after
    for home, line in zip(homes, lines, strict=True):
        assert line.issued == home.produced
        assert line.passed == min(home.given, home.held + home.produced)
        assert line.retired_at_home == min(home.own_use, home.held + home.produced - line.passed)
        assert line.held == home.held + home.produced - line.passed - line.retired_at_home


@given(neighbourhoods())
def test_what_is_not_certified_is_unattributed_on_both_sides(homes: list[Holding]) -> None:
    lines = pass_certificates(homes).lines
    passed = sum(line.passed for line in lines)
    delivered = sum(home.given for home in homes)
    assert sum(line.received for line in lines) == passed
    for home, line in zip(homes, lines, strict=True):
        assert line.passed + line.given_unattributed == home.given
        assert line.received + line.received_unattributed == home.received
        assert min(line.received, line.received_unattributed, line.given_unattributed) >= 0
        assert abs(line.received - Fraction(home.received * passed, delivered or 1)) < 1


@given(neighbourhoods())
def test_each_certificate_comes_from_a_stated_roof(homes: list[Holding]) -> None:
    certificates = pass_certificates(homes)
    stated = certificates.roofs.all()
    for row, line in enumerate(certificates.lines):
        assert sum(item.wh for item in stated if item.consumer == row) == line.received
        assert sum(item.wh for item in stated if item.producer == row) == line.passed


@given(neighbourhoods())
def test_a_preference_changes_whose_and_never_how_much(homes: list[Holding]) -> None:
    indifferent = [dataclasses.replace(home, prefers=()) for home in homes]
    assert pass_certificates(homes).lines == pass_certificates(indifferent).lines
    assert pass_certificates(indifferent).roofs.preferred == ()


def test_a_worked_example() -> None:
    """The school's 6 Wh go to its two friends; the battery's 4 old Wh are nobody's."""
    school = Holding(held=0, produced=6, own_use=0, given=6, received=0)
    battery = Holding(held=2, produced=0, own_use=5, given=6, received=0)
    friend = Holding(held=0, produced=9, own_use=4, given=0, received=6, prefers=(0,))
    other = Holding(held=0, produced=0, own_use=0, given=0, received=6, prefers=(0, 1))
    certificates = pass_certificates([school, battery, friend, other])
    assert [line.passed for line in certificates.lines] == [6, 2, 0, 0]
    assert [line.given_unattributed for line in certificates.lines] == [0, 4, 0, 0]
    assert [line.received for line in certificates.lines] == [0, 0, 4, 4]
    assert [line.received_unattributed for line in certificates.lines] == [0, 0, 2, 2]
    assert [line.retired_at_home for line in certificates.lines] == [0, 0, 4, 0]
    assert [line.held for line in certificates.lines] == [0, 0, 5, 0]
    assert certificates.roofs.preferred == (
        Attribution(2, 0, 3),
        Attribution(3, 0, 3),
        Attribution(3, 1, 1),
    )
    assert certificates.roofs.all() == [
        Attribution(2, 0, 3),
        Attribution(2, 1, 1),
        Attribution(3, 0, 3),
        Attribution(3, 1, 1),
    ]


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(UnbalancedDeliveryError):
        pass_certificates([Holding(0, 0, 0, given=1, received=0)])
    for prefers in [(0,), (1, 1), (2,), (-1,)]:
        with pytest.raises(PreferenceError):
            pass_certificates([Holding(0, 0, 0, 0, 0, prefers), Holding(0, 0, 0, 0, 0)])
    with pytest.raises(OutOfBoundsError, match="held"):
        Holding(MAX_AMOUNT, 0, 0, 0, 0)
    with pytest.raises(OutOfBoundsError, match="produced"):
        Holding(0, -1, 0, 0, 0)
