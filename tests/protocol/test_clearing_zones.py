"""The zones of a market: only a tree is one, and one zone clears as its book does."""

import pytest

from depin_protocol.bounds import MAX_ENERGY, MAX_PRICE
from depin_protocol.clearing.book import Book
from depin_protocol.clearing.uniform import clear
from depin_protocol.clearing.zones import Zone, ZoneError, ZoneTree, clear_market
from tests.protocol.drawn_books import book

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
    with pytest.raises(ZoneError, match=problem):
        Zone("street", parent, fee, capacity)


def test_a_market_of_one_zone_clears_as_its_book() -> None:
    orders = book([(5, 9), (3, 7)], [(6, 2)])
    market = clear_market(ZoneTree.single("town"), {"town": orders}, (1, 3))
    alone = clear(orders, (1, 3))
    assert market.flows == {}
    assert list(market.zones) == ["town"]
    cleared = market.zones["town"]
    assert (cleared.price, cleared.band, cleared.volume) == (alone.price, alone.band, alone.volume)
    assert cleared.bid_fills.tolist() == alone.bid_fills.tolist()


def test_a_market_of_several_zones_is_refused() -> None:
    tree = ZoneTree((Zone("street", "town", fee=2, capacity=900), TOP))
    with pytest.raises(ZoneError, match="only a market of one zone can be cleared; this one has 2"):
        clear_market(tree, {"town": book([], []), "street": book([], [])})


@pytest.mark.parametrize("books", [{}, {"street": book([], [])}])
def test_a_zone_without_its_book_is_refused(books: dict[str, Book]) -> None:
    with pytest.raises(ZoneError, match="one book for each zone: town"):
        clear_market(ZoneTree.single("town"), books)
