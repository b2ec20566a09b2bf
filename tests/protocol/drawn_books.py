"""Books for the clearing's tests: drawn at random, and judged by definition."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import strategies as st

from depin_protocol.clearing.book import Book, Order, Side

LOWEST, HIGHEST = -6, 6

type Orders = list[Order]
type Sides = tuple[Orders, Orders]

orders = st.lists(
    st.builds(
        Order,
        wh=st.integers(1, 9),
        price=st.integers(LOWEST, HIGHEST),
        member=st.integers(0, 4),
    ),
    max_size=9,
)
sides: st.SearchStrategy[Sides] = st.tuples(orders, orders)
shares = st.integers(1, 7).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))


def demand(bids: Orders, price: int) -> int:
    """Sum D(p), the Wh bid at a price or higher."""
    return sum(order.wh for order in bids if order.price >= price)


def supply(asks: Orders, price: int) -> int:
    """Sum S(p), the Wh asked at a price or lower."""
    return sum(order.wh for order in asks if order.price <= price)


def clearing_prices(bids: Orders, asks: Orders) -> list[int]:
    """List every price in reach that clears by definition, tried one by one."""
    return [
        price
        for price in range(LOWEST - 2, HIGHEST + 3)
        if supply(asks, price - 1) <= demand(bids, price)
        and demand(bids, price + 1) <= supply(asks, price)
    ]


def best_volume(bids: Orders, asks: Orders) -> int:
    """Find the most that any one price can trade."""
    return max(
        min(demand(bids, price), supply(asks, price)) for price in range(LOWEST - 2, HIGHEST + 3)
    )


def fills_by_member(side: Side, fills: Sequence[int]) -> Counter[tuple[int, int]]:
    """Add up the fills of each member at each price."""
    sums: Counter[tuple[int, int]] = Counter()
    for price, member, fill in zip(side.price.tolist(), side.member.tolist(), fills, strict=True):
        sums[price, member] += fill
    return sums


def numbered(pairs: Sequence[tuple[int, int]], first: int = 0) -> Orders:
    """Make orders of (wh, price), each its own member."""
    return [Order(wh, price, first + number) for number, (wh, price) in enumerate(pairs)]


def book(bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]]) -> Book:
    """Make a book of (wh, price), each order its own member."""
    return Book.of(numbered(bids), numbered(asks, len(bids)))
