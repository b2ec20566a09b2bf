"""Whose energy each member consumed: every Wh once, in proportion, preferred homes first."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_ENERGY
from depin_protocol.settlement.attribution import (
    Attribution,
    PreferenceError,
    UnbalancedDeliveryError,
    attribute,
)

type Delivery = tuple[list[int], list[int], list[list[int]]]


@st.composite
def deliveries(draw: st.DrawFn, *, largest: int = 40) -> Delivery:
    """Draw what homes gave each other, and whom they prefer."""
    size = draw(st.integers(1, 9))
    home = st.integers(0, size - 1)
    gave, received = [0] * size, [0] * size
    for producer, consumer, wh in draw(
        st.lists(st.tuples(home, home, st.integers(1, largest)), max_size=12)
    ):
        gave[producer] += wh
        received[consumer] += wh
    prefers = [
        [other for other in draw(st.lists(home, unique=True, max_size=size)) if other != row]
        for row in range(size)
    ]
    return gave, received, prefers


@given(st.one_of(deliveries(), deliveries(largest=MAX_ENERGY)))
def test_what_each_gave_and_what_each_received_sum_up_exactly(delivery: Delivery) -> None:
    gave, received, prefers = delivery
    stated = attribute(gave, received, prefers).all()
    by_producer, by_consumer = Counter[int](), Counter[int]()
    for item in stated:
        assert item.wh > 0
        by_producer[item.producer] += item.wh
        by_consumer[item.consumer] += item.wh
    assert [by_producer[row] for row in range(len(gave))] == gave
    assert [by_consumer[row] for row in range(len(gave))] == received
    pairs = [(item.consumer, item.producer) for item in stated]
    assert pairs == sorted(set(pairs))


@given(deliveries())
def test_one_members_statement_is_its_part_of_everybodys(delivery: Delivery) -> None:
    roofs = attribute(*delivery)
    stated = roofs.all()
    for row in range(len(delivery[0])):
        assert roofs.of(row) == [item for item in stated if item.consumer == row]


@given(st.one_of(deliveries(), deliveries(largest=MAX_ENERGY)))
def test_the_mix_is_one_and_the_same_but_for_a_wh_a_halving(delivery: Delivery) -> None:
    gave, received, prefers = delivery
    roofs = attribute(gave, received, [()] * len(prefers))
    mixed = {(item.consumer, item.producer): item.wh for item in roofs.all()}
    halvings = (len(gave) - 1).bit_length()
    for consumer, taken in enumerate(received):
        for producer, given_wh in enumerate(gave):
            ideal = Fraction(taken * given_wh, sum(gave) or 1)
            off = abs(mixed.get((consumer, producer), 0) - ideal)
            assert off < halvings or off == 0


@given(deliveries())
def test_no_preference_is_passed_over_while_its_roof_has_any_left(delivery: Delivery) -> None:
    gave, received, prefers = delivery
    roofs = attribute(gave, received, prefers)
    for row, homes in enumerate(prefers):
        if roofs.from_pool[row]:
            assert not any(roofs.into_pool[other] for other in homes)
    for item in roofs.preferred:
        assert item.producer in prefers[item.consumer]


@given(deliveries(), st.data())
def test_a_preference_takes_nothing_from_who_comes_first(
    delivery: Delivery, data: st.DataObject
) -> None:
    """Later choices of one member change no earlier choice of anybody's."""
    gave, received, prefers = delivery
    row = data.draw(st.integers(0, len(gave) - 1))
    kept = data.draw(st.integers(0, len(prefers[row])))
    cut = [*prefers[:row], prefers[row][:kept], *prefers[row + 1 :]]

    def early(roofs: tuple[Attribution, ...]) -> set[Attribution]:
        return {item for item in roofs if prefers[item.consumer].index(item.producer) < kept}

    before, after = attribute(gave, received, cut), attribute(gave, received, prefers)
    assert early(before.preferred) == early(after.preferred)


def test_those_who_prefer_one_home_share_it_by_what_they_want() -> None:
    """9 Wh for two who want 12 and 6: 6 and 3, and the rest of each from the other roof."""
    roofs = attribute([9, 9, 0, 0], [0, 0, 12, 6], [(), (), (0,), (0,)])
    assert roofs.all() == [
        Attribution(2, 0, 6),
        Attribution(2, 1, 6),
        Attribution(3, 0, 3),
        Attribution(3, 1, 3),
    ]


def test_the_mix_is_halved_among_the_members() -> None:
    """5 and 4 Wh, of which the first two of four took 3 in all: 1 and 2, then 4 and 2 are left."""
    roofs = attribute([5, 4, 0, 0], [0, 3, 3, 3], [()] * 4)
    assert roofs.all() == [
        Attribution(1, 0, 1),
        Attribution(1, 1, 2),
        Attribution(2, 0, 2),
        Attribution(2, 1, 1),
        Attribution(3, 0, 2),
        Attribution(3, 1, 1),
    ]


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(UnbalancedDeliveryError, match="1 Wh given but 0 Wh received"):
        attribute([1], [0], [()])
    for received, prefers in (([0], [(), ()]), ([0, 0], [()])):
        with pytest.raises(UnbalancedDeliveryError, match="each member must have a figure"):
            attribute([0, 0], received, prefers)
    for homes in [(0,), (1, 1), (2,), (-1,)]:
        with pytest.raises(PreferenceError, match="member 0"):
            attribute([0, 0], [0, 0], [homes, ()])
