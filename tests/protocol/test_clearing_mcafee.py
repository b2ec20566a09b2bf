"""McAfee's rule: its result by another route, and that telling the truth is best."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_ENERGY, MAX_ORDERS, MAX_PRICE
from depin_protocol.clearing.book import Book, BookError, Order
from depin_protocol.clearing.mcafee import TradeReduction, clear_by_reduction
from tests.protocol.drawn_books import book

LOT = 5
prices = st.lists(st.integers(-6, 6), max_size=6)


def clear_lots(bids: list[int], asks: list[int]) -> TradeReduction:
    """Clear one lot for each price."""
    return clear_by_reduction(book([(LOT, bid) for bid in bids], [(LOT, ask) for ask in asks]), LOT)


def by_hand(bids: list[int], asks: list[int]) -> tuple[int | None, int | None, int]:
    """Give the buyers' price, the sellers' price and the number of lots, straight from the paper.

    Only the rounding down of the price between two orders is ours.
    """
    falling, rising = sorted(bids, reverse=True), sorted(asks)
    lots = 0
    while lots < min(len(bids), len(asks)) and falling[lots] >= rising[lots]:
        lots += 1
    if lots and lots < min(len(bids), len(asks)):
        middle = Fraction(falling[lots] + rising[lots], 2)
        price = middle.numerator // middle.denominator
        if rising[lots - 1] <= price <= falling[lots - 1]:
            return price, price, lots
    if lots < 2:
        return None, None, 0
    return falling[lots - 1], rising[lots - 1], lots - 1


def gain(*, clearing: TradeReduction, position: int, value: int, buys: bool) -> int:
    """Judge by its true value what a household wins for each Wh of its lot."""
    if buys and clearing.bid_fills[position] and clearing.buyer_price is not None:
        return value - clearing.buyer_price
    if not buys and clearing.ask_fills[position] and clearing.seller_price is not None:
        return clearing.seller_price - value
    return 0


@given(prices, prices)
def test_prices_lots_and_surplus_are_those_of_the_paper(bids: list[int], asks: list[int]) -> None:
    clearing = clear_lots(bids, asks)
    buyer, seller, lots = by_hand(bids, asks)
    assert (clearing.buyer_price, clearing.seller_price) == (buyer, seller)
    assert clearing.volume == lots * LOT
    assert clearing.bid_fills.tolist().count(LOT) == clearing.ask_fills.tolist().count(LOT) == lots
    assert int(clearing.bid_fills.sum()) == int(clearing.ask_fills.sum()) == clearing.volume
    paid = clearing.volume * (buyer or 0)
    assert clearing.surplus == paid - clearing.volume * (seller or 0) >= 0


@given(prices, prices)
def test_nobody_trades_beyond_the_limit(bids: list[int], asks: list[int]) -> None:
    clearing = clear_lots(bids, asks)
    for position, value in enumerate(bids):
        assert gain(clearing=clearing, position=position, value=value, buys=True) >= 0
    for position, value in enumerate(asks):
        assert gain(clearing=clearing, position=position, value=value, buys=False) >= 0


@given(prices, prices, st.data())
def test_no_other_limit_wins_more_than_the_truth(
    bids: list[int], asks: list[int], data: st.DataObject
) -> None:
    buys = data.draw(st.booleans() if bids and asks else st.just(bool(bids)))
    side = bids if buys else asks
    if not side:
        return
    position = data.draw(st.integers(0, len(side) - 1))
    value = side[position]
    honest = gain(clearing=clear_lots(bids, asks), position=position, value=value, buys=buys)
    for lie in range(-8, 9):
        told = [*side[:position], lie, *side[position + 1 :]]
        clearing = clear_lots(told, asks) if buys else clear_lots(bids, told)
        assert gain(clearing=clearing, position=position, value=value, buys=buys) <= honest


@given(prices, prices)
def test_equal_prices_go_by_tie_order(bids: list[int], asks: list[int]) -> None:
    clearing = clear_lots(bids, asks)
    for limits, fills in ((bids, clearing.bid_fills), (asks, clearing.ask_fills)):
        for price in set(limits):
            level = [int(fills[at]) for at, limit in enumerate(limits) if limit == price]
            assert level == sorted(level, reverse=True)


def test_the_textbook_case() -> None:
    clearing = clear_lots([100, 90, 80, 70, 60], [80, 85, 95, 100, 110])
    assert (clearing.buyer_price, clearing.seller_price, clearing.volume) == (87, 87, 2 * LOT)
    assert clearing.surplus == 0


def test_without_a_next_order_the_last_pair_is_given_up() -> None:
    clearing = clear_lots([9, 8], [2, 4])
    assert (clearing.buyer_price, clearing.seller_price, clearing.volume) == (8, 4, LOT)
    assert clearing.surplus == 4 * LOT
    assert clear_lots([9], [2]).buyer_price is None


@pytest.mark.long
def test_the_surplus_is_exact_at_every_bound() -> None:
    half = MAX_ORDERS // 2
    clearing = clear_by_reduction(
        book([(MAX_ENERGY, MAX_PRICE)] * half, [(MAX_ENERGY, -MAX_PRICE)] * half), MAX_ENERGY
    )
    assert clearing.volume == (half - 1) * MAX_ENERGY
    assert clearing.surplus == (half - 1) * MAX_ENERGY * 2 * MAX_PRICE


def test_an_order_that_is_no_single_lot_is_refused() -> None:
    with pytest.raises(BookError, match=r"asks\[1\]\.wh: must be one lot of 5 Wh"):
        clear_by_reduction(book([(5, 1)], [(5, 1), (6, 1)]), LOT)


@pytest.mark.parametrize(
    ("bids", "asks", "where"),
    [
        ([Order(LOT, 3, 0), Order(LOT, 4, 1), Order(LOT, 5, 0)], [], r"bids\[2\]"),
        ([Order(LOT, 3, 0)], [Order(LOT, 3, 1), Order(LOT, 3, 0)], r"asks\[1\]"),
    ],
)
def test_a_second_order_of_a_member_is_refused(
    bids: list[Order], asks: list[Order], where: str
) -> None:
    with pytest.raises(BookError, match=rf"{where}\.member: has another order"):
        clear_by_reduction(Book.of(bids, asks), LOT)


@pytest.mark.parametrize("lot", [0, -1, MAX_ENERGY + 1])
def test_a_lot_out_of_bounds_is_refused(lot: int) -> None:
    with pytest.raises(ValueError, match="a lot must be from 1"):
        clear_by_reduction(book([], []), lot)
