"""The zones of a market: only a tree is one."""

import pytest

from depin_protocol.bounds import MAX_ENERGY, MAX_PRICE
from depin_protocol.clearing.zone_tree import MAX_ZONES, Way, Zone, ZoneError, ZoneTree

TOP = Zone("town")


@pytest.mark.parametrize(
    ("zones", "problem"),
    [
        ((), "exactly one zone without a parent, not 0"),
        ((TOP, Zone("village")), "exactly one zone without a parent, not 2"),
        ((TOP, Zone("street", "town"), Zone("street", "town")), "a name of its own"),
        ((TOP, Zone("street", "city")), "'street': its parent 'city' is not a zone"),
        ((TOP, Zone("street", "street")), "'street': its parents lead in a circle"),
        ((TOP, Zone("b", "a"), Zone("a", "b")), "'a': its parents lead in a circle"),
    ],
)
def test_zones_that_are_no_tree_are_refused(zones: tuple[Zone, ...], problem: str) -> None:
    with pytest.raises(ZoneError, match=problem):
        ZoneTree(zones)


@pytest.mark.parametrize(
    ("fee", "capacity", "parent", "problem"),
    [
        (-1, 0, "town", "the fee must be from 0"),
        (MAX_PRICE + 1, 0, "town", "the fee must be from 0"),
        (0, -1, "town", "the capacity must be from 0"),
        (0, MAX_ENERGY + 1, "town", "the capacity must be from 0"),
        (1, 0, None, "has no parent, so it can have no fee"),
        (0, 1, None, "has no parent, so it can have no fee"),
    ],
)
def test_an_edge_out_of_bounds_is_refused(
    fee: int, capacity: int, parent: str | None, problem: str
) -> None:
    way = Way(fee, capacity)
    for ways in ((way, Way()), (Way(), way)):
        with pytest.raises(ZoneError, match=problem):
            Zone("street", parent, *ways)


def test_more_zones_than_a_market_may_have_are_refused() -> None:
    streets = [Zone(f"{number}", "town") for number in range(MAX_ZONES)]
    assert len(ZoneTree((TOP, *streets[1:])).zones) == MAX_ZONES
    with pytest.raises(ZoneError, match="at most 1024 zones, not 1025"):
        ZoneTree((TOP, *streets))


def test_zones_are_listed_from_the_top_and_by_the_bytes_of_their_names() -> None:
    names = {"é": "b", "b": "town", "z": "b", "a": "town"}
    tree = ZoneTree((*(Zone(name, parent) for name, parent in names.items()), TOP))
    assert [zone.name for zone in tree.from_the_top()] == ["town", "a", "b", "z", "é"]
