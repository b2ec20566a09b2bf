"""The uniform price against its definition, tried out price by price."""

from fractions import Fraction
from itertools import accumulate, pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_ENERGY, MAX_ORDERS, MAX_PRICE
from depin_protocol.clearing import rationing, uniform
from depin_protocol.clearing.book import Book, Order, Side
from depin_protocol.clearing.uniform import Clearing, SellerShareError, clear
from tests.protocol.drawn_books import (
    Sides,
    best_volume,
    book,
    clearing_prices,
    demand,
    fills_by_member,
    shares,
    sides,
    supply,
)

PRIME = 2**31 - 1


def outcome(clearing: Clearing) -> tuple[object, ...]:
    """Give everything a clearing says, in comparable form."""
    return (
        clearing.price,
        clearing.band,
        clearing.volume,
        clearing.bid_fills.tolist(),
        clearing.ask_fills.tolist(),
    )


@given(sides, shares)
def test_price_band_and_volume_are_those_of_the_definition(
    drawn: Sides, share: tuple[int, int]
) -> None:
    bids, asks = drawn
    clearing = clear(Book.of(bids, asks), share)
    assert clearing.volume == best_volume(bids, asks)
    if not clearing.volume:
        assert clearing.price is None
        assert clearing.band is None
        return
    prices = clearing_prices(bids, asks)
    assert prices == list(range(prices[0], prices[-1] + 1))
    assert clearing.band == (prices[0], prices[-1])
    part, whole = share
    assert clearing.price == prices[0] + int(Fraction(part, whole) * (prices[-1] - prices[0]))


@given(sides, shares)
def test_fills_balance_and_respect_every_limit(drawn: Sides, share: tuple[int, int]) -> None:
    bids, asks = drawn
    clearing = clear(Book.of(bids, asks), share)
    bid_fills, ask_fills = clearing.bid_fills.tolist(), clearing.ask_fills.tolist()
    assert sum(bid_fills) == sum(ask_fills) == clearing.volume
    if clearing.price is None:
        return
    for order, fill in zip(bids, bid_fills, strict=True):
        assert 0 <= fill <= order.wh
        assert not fill or order.price >= clearing.price
        assert fill == order.wh or order.price <= clearing.price
    for order, fill in zip(asks, ask_fills, strict=True):
        assert 0 <= fill <= order.wh
        assert not fill or order.price <= clearing.price
        assert fill == order.wh or order.price >= clearing.price


@given(sides, shares, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(
    drawn: Sides, share: tuple[int, int], random: Random
) -> None:
    bids, asks = drawn
    first = Book.of(bids, asks)
    second = Book.of(random.sample(bids, len(bids)), random.sample(asks, len(asks)))
    one, other = clear(first, share), clear(second, share)
    assert (one.price, one.band, one.volume) == (other.price, other.band, other.volume)
    for side in ("bids", "asks"):
        fills = f"{side[:-1]}_fills"
        assert fills_by_member(getattr(first, side), getattr(one, fills).tolist()) == (
            fills_by_member(getattr(second, side), getattr(other, fills).tolist())
        )


@given(sides, shares)
def test_the_margin_is_shared_within_one_wh_of_the_ideal(
    drawn: Sides, share: tuple[int, int]
) -> None:
    bids, asks = drawn
    market = Book.of(bids, asks)
    clearing = clear(market, share)
    price = clearing.price
    if price is None:
        return
    sides = (
        (market.bids, bids, clearing.bid_fills, demand(bids, price + 1)),
        (market.asks, asks, clearing.ask_fills, supply(asks, price - 1)),
    )
    for side, given_orders, fills, ahead in sides:
        level = [order for order in given_orders if order.price == price]
        whole = sum(order.wh for order in level)
        by_member = fills_by_member(side, fills.tolist())
        for member in {order.member for order in level}:
            offered = sum(order.wh for order in level if order.member == member)
            ideal = Fraction(offered * (clearing.volume - ahead), whole)
            assert abs(by_member[price, member] - ideal) < 1


@given(sides, shares, st.data())
def test_splitting_an_order_changes_its_members_fill_by_nothing(
    drawn: Sides, share: tuple[int, int], data: st.DataObject
) -> None:
    bids, asks = drawn
    assume(bids)
    split = data.draw(st.integers(0, len(bids) - 1))
    order = bids[split]
    cuts = data.draw(st.sets(st.integers(1, order.wh), max_size=3))
    parts = [after - before for before, after in pairwise(sorted({0, order.wh, *cuts}))]
    pieces = [Order(part, order.price, order.member) for part in parts]
    whole, apart = Book.of(bids, asks), Book.of(bids[:split] + bids[split + 1 :] + pieces, asks)
    one, other = clear(whole, share), clear(apart, share)
    assert fills_by_member(whole.bids, one.bid_fills.tolist()) == (
        fills_by_member(apart.bids, other.bid_fills.tolist())
    )
    assert fills_by_member(whole.asks, one.ask_fills.tolist()) == (
        fills_by_member(apart.asks, other.ask_fills.tolist())
    )


@given(sides, shares)
def test_narrowing_by_buckets_finds_what_sorting_finds(
    drawn: Sides, share: tuple[int, int]
) -> None:
    market = Book.of(*drawn)
    by_sorting = outcome(clear(market, share))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uniform, "_SORTED_AT_ONCE", 1)
        patch.setattr(uniform, "_BUCKET_BITS", 1)
        patch.setattr(uniform, "_PART", 2)
        patch.setattr(rationing, "_PART", 2)
        assert outcome(clear(market, share)) == by_sorting


@pytest.mark.parametrize("spread", [1, 700, 2**41])
def test_a_large_book_clears_as_sorting_says(spread: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(spread)
    market = Book(
        *(
            Side(
                price=random.integers(-spread // 2, spread - spread // 2, 40_000),
                wh=random.integers(1, MAX_ENERGY + 1, 40_000),
                member=random.integers(0, 900, 40_000),
            )
            for _ in range(2)
        )
    )
    narrowed = outcome(clear(market))
    monkeypatch.setattr(uniform, "_SORTED_AT_ONCE", MAX_ORDERS)
    assert outcome(clear(market)) == narrowed


@given(
    st.lists(st.integers(1, MAX_ENERGY), min_size=1, max_size=40),
    st.integers(1, MAX_ENERGY),
)
def test_shares_of_large_energies_are_exact(offers: list[int], wanted: int) -> None:
    volume = min(wanted, sum(offers))
    clearing = clear(book([(wanted, 5)], [(wh, 5) for wh in offers]))
    running = [0, *accumulate(offers)]
    upto = [total * volume // running[-1] for total in running]
    assert clearing.volume == volume
    assert clearing.ask_fills.tolist() == [after - before for before, after in pairwise(upto)]


@given(st.integers(1, PRIME - 1), st.sampled_from([1, -1]))
def test_shares_on_either_side_of_a_whole_number_are_exact(volume: int, rest: int) -> None:
    # The first share is a whole number and 1/PRIME, or short of one by that: floats cannot tell.
    first = rest * pow(volume, -1, PRIME) % PRIME
    clearing = clear(book([(volume, 5)], [(first, 5), (PRIME - first, 5)]))
    share = first * volume // PRIME
    assert clearing.ask_fills.tolist() == [share, volume - share]


def test_a_book_at_every_bound_at_once_does_not_overflow() -> None:
    half = MAX_ORDERS // 2
    largest = np.full(half, MAX_ENERGY, dtype=np.int64)
    one_less = largest - 1
    members = np.arange(half)
    for bid, ask in ((MAX_PRICE, -MAX_PRICE), (MAX_PRICE, MAX_PRICE), (-MAX_PRICE, -MAX_PRICE)):
        clearing = clear(
            Book(
                Side(np.full(half, bid), largest, members),
                Side(np.full(half, ask), one_less, members),
            ),
        )
        assert clearing.volume == half * (MAX_ENERGY - 1)
        assert clearing.price == bid
        assert int(clearing.ask_fills.sum()) == clearing.volume
        shares = clearing.bid_fills
        assert int(shares.sum()) == clearing.volume
        assert int(shares.min()) == int(shares.max()) == MAX_ENERGY - 1


@pytest.mark.parametrize(
    ("bids", "asks", "band", "volume"),
    [
        pytest.param([(1, 6), (1, 5)], [(1, 4), (1, 5)], (5, 5), 2, id="bid equals ask"),
        pytest.param(
            [(25, 100), (25, 97)], [(25, 98), (25, 95)], (97, 98), 25, id="next orders bound it"
        ),
        pytest.param([(5, 10), (5, 8)], [(5, 3)], (8, 10), 5, id="supply runs out"),
        pytest.param([(5, -3)], [(9, -8)], (-8, -8), 5, id="negative, part-filled ask"),
        pytest.param([(7, 4)], [(7, 4)], (4, 4), 7, id="one of each"),
    ],
)
def test_known_books(
    bids: list[tuple[int, int]],
    asks: list[tuple[int, int]],
    band: tuple[int, int],
    volume: int,
) -> None:
    clearing = clear(book(bids, asks))
    assert (clearing.band, clearing.volume) == (band, volume)
    assert clearing.price == band[0] + (band[1] - band[0]) // 2


@pytest.mark.parametrize("share", [(1, 0), (-1, 2), (3, 2), (1, -1), (1, 2**31 + 1)])
def test_a_share_outside_zero_to_one_is_refused(share: tuple[int, int]) -> None:
    with pytest.raises(SellerShareError, match="fraction from 0 to 1"):
        clear(book([(1, 1)], [(1, 1)]), share)
