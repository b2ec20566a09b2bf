"""Sharing at the clearing price, against the rule written out in Python's own integers."""

from itertools import accumulate, pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_ENERGY, MAX_ORDERS
from depin_protocol.clearing import rationing
from depin_protocol.clearing.rationing import ration

type Offer = tuple[int, int]
"""A member and its energy."""

offers = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 9) | st.integers(1, MAX_ENERGY)),
    min_size=1,
    max_size=12,
)


def shared(offers: list[int], volume: int) -> list[int]:
    """Share a volume by cumulative rounding."""
    running = [0, *accumulate(offers)]
    upto = [total * volume // running[-1] for total in running]
    return [after - before for before, after in pairwise(upto)]


def by_definition(offers: list[Offer], volume: int) -> list[int]:
    """Share over members in tie order, then over each member's orders in their order."""
    rows: dict[int, list[int]] = {member: [] for member in sorted({who for who, _ in offers})}
    for row, (member, _) in enumerate(offers):
        rows[member].append(row)
    energies = [[offers[row][1] for row in own] for own in rows.values()]
    due = shared([sum(own) for own in energies], volume)
    fills = [0] * len(offers)
    for own, energy, part in zip(rows.values(), energies, due, strict=True):
        for row, fill in zip(own, shared(energy, part), strict=True):
            fills[row] = fill
    return fills


def rationed(offers: list[Offer], volume: int) -> list[int]:
    member, wh = np.array(offers, dtype=np.int64).T
    fills = np.zeros_like(wh)
    ration(member, wh, volume, fills)
    return [int(fill) for fill in fills]


@given(offers, st.data())
def test_every_order_gets_what_the_rule_gives_it(offers: list[Offer], data: st.DataObject) -> None:
    volume = data.draw(st.integers(0, sum(wh for _, wh in offers)))
    expected = by_definition(offers, volume)
    for arrived in (offers, sorted(offers, key=lambda offer: offer[0])):
        assert rationed(arrived, volume) == by_definition(arrived, volume)
    for part in (1, 2, 3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rationing, "_PART", part)
            assert rationed(offers, volume) == expected


@pytest.mark.parametrize("members", [1, 7, 900, MAX_ORDERS])
@pytest.mark.parametrize("most_wh", [1, 5_000, MAX_ENERGY])
def test_a_large_level_is_shared_as_the_rule_says(members: int, most_wh: int) -> None:
    random = Random(members)  # noqa: S311 - a book is no secret
    offers = [(random.randrange(members), random.randint(1, most_wh)) for _ in range(40_000)]
    whole = sum(wh for _, wh in offers)
    for volume in (1, whole // 3, whole - 1):
        assert rationed(offers, volume) == by_definition(offers, volume)
