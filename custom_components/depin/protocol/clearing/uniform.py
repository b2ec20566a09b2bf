"""The uniform-price rule: one price for all of a zone, inside the band of prices that clear."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from ..bounds import MAX_PARTS
from .book import Book, Integers, Side
from .rationing import ration

EVEN_SHARE: Final = (1, 2)
"""The sellers' part of the band, as a fraction, unless the market is governed otherwise."""

type Limits = tuple[int | None, int | None]
"""The lowest and the highest price that clear one book; None where no order of it bounds them."""

type _Part = tuple[Integers, Integers]

# Found by timing: up to so many orders one sort beats counting in buckets, and buckets and
# parts of these sizes stay in a processor's cache. No result depends on them.
_SORTED_AT_ONCE: Final = 8192
_BUCKET_BITS: Final = 14
_PART: Final = 2**15


class SellerShareError(ValueError):
    """The sellers' share is no fraction from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the market binds one zone to: the Wh that its book sends out, and a band of prices.

    `passes` tells that energy of other zones crosses its edges.
    """

    sent: int
    limits: Limits
    band: tuple[int, int]
    passes: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Clearing:
    """What a zone's book clears to; no price and no band where nothing trades or passes.

    The band holds the zone's prices that clear the whole market; the limits are those that
    clear this book alone, with what it sends out. One zone that trades has both the same.
    """

    price: int | None
    band: tuple[int, int] | None
    limits: Limits
    bought: int
    sold: int
    bid_fills: Integers
    ask_fills: Integers

    @property
    def volume(self) -> int:
        """The Wh that the zone's members trade, with each other or with other zones."""
        return max(self.bought, self.sold)


@dataclass(frozen=True, slots=True, eq=False)
class _Offered:
    """What one side offers at a price: in full from the better orders, and from those at it."""

    side: Side
    better: Integers
    ahead: int
    level: Integers | slice
    wh: int

    @classmethod
    def at(cls, price: int, side: Side, is_better: NDArray[np.bool_]) -> Self:
        """Cut a side at the price."""
        better = side.wh * is_better
        is_level = side.price == price
        level = slice(None) if bool(is_level.all()) else np.flatnonzero(is_level)
        ahead = int(better.sum())
        return cls(side, better, ahead, level, ahead + int(side.wh[level].sum()))

    def fills(self, volume: int) -> Integers:
        """Fill every order of the side, of which `volume` trades."""
        # The orders at the price are still 0 in `better`, which nobody reads after this.
        fills = self.better
        if volume == self.wh:
            fills[self.level] = self.side.wh[self.level]
        elif volume > self.ahead:
            level, side = self.level, self.side
            shares = fills[level]
            ration(side.member[level], side.wh[level], volume - self.ahead, shares)
            fills[level] = shares
        return fills


def clear(book: Book, seller_share: tuple[int, int] = EVEN_SHARE) -> Clearing:
    """Clear a book at one price, and fill every order at it."""
    check_share(seller_share)
    limits = limits_of(book, 0)
    low, high = limits
    if low is None or high is None:
        return _nothing(book, limits)
    return fill(book, Bounds(0, limits, (low, high)), seller_share)


def fill(book: Book, bounds: Bounds, seller_share: tuple[int, int]) -> Clearing:
    """Fill a zone's book at the price that its band gives."""
    price = price_within(bounds.band, seller_share)
    demand = _Offered.at(price, book.bids, book.bids.price > price)
    supply = _Offered.at(price, book.asks, book.asks.price < price)
    # As much as the price allows, so that an ask meets a bid at equal prices.
    sold = min(supply.wh, demand.wh + bounds.sent)
    bought = sold - bounds.sent
    if not (bought or sold or bounds.passes):
        return _nothing(book, bounds.limits)
    fills = demand.fills(bought), supply.fills(sold)
    return Clearing(price, bounds.band, bounds.limits, bought, sold, *fills)


def check_share(seller_share: tuple[int, int]) -> None:
    """Refuse a sellers' share outside [0, 1]."""
    part, whole = seller_share
    if not 0 <= part <= whole or not 1 <= whole <= MAX_PARTS:
        msg = f"must be a fraction from 0 to 1 with a denominator from 1 to {MAX_PARTS}"
        raise SellerShareError(msg)


def price_within(band: tuple[int, int], seller_share: tuple[int, int]) -> int:
    """Pick the price in a band that gives the sellers their share of it."""
    low, high = band
    part, whole = seller_share
    return low + (high - low) * part // whole


def limits_of(book: Book, net: int) -> Limits:
    """Find the lowest and the highest price at which a book sends out `net` Wh, which it can.

    With B the energy of all bids, D(p+) + net <= S(p) says that bids and asks together,
    counted at p or lower, come to B + net or more; S(p-) <= D(p) + net that those below p
    come to B + net or less. So the limits are the points where one count over both sides
    reaches B + net, and where it passes B + net.
    """
    bids, asks = book.bids, book.asks
    bid, asked = int(bids.wh.sum()), int(asks.wh.sum())
    target, whole = bid + net, bid + asked
    if 0 < target < whole:
        return _reached_and_passed_prices(bids, asks, target)
    prices = np.concatenate([bids.price, asks.price])
    return (
        int(prices.max()) if target else None,
        int(prices.min()) if target < whole else None,
    )


def _nothing(book: Book, limits: Limits) -> Clearing:
    nobody = np.zeros_like(book.bids.wh), np.zeros_like(book.asks.wh)
    return Clearing(None, None, limits, 0, 0, *nobody)


def _reached_and_passed_prices(bids: Side, asks: Side, target: int) -> tuple[int, int]:
    """Find the price at which a count of both sides comes to the target, and the one past it."""
    parts = [*_parts(bids), *_parts(asks)]
    while sum(price.size for price, _ in parts) > _SORTED_AT_ONCE:
        ends = [(int(price.min()), int(price.max())) for price, _ in parts]
        low, high = min(first for first, _ in ends), max(last for _, last in ends)
        shift = max(0, (high - low).bit_length() - _BUCKET_BITS)
        energy = np.zeros(((high - low) >> shift) + 1)
        for (price, wh), (first, last) in zip(parts, ends, strict=True):
            # Floats are exact here: no sum passes 2^20 orders x 2^31 Wh = 2^51, below 2^53.
            bucket = (first - low) >> shift
            if bucket == (last - low) >> shift:
                # Counting in one bucket over and over waits for each addition.
                energy[bucket] += wh.sum()
            else:
                energy += np.bincount((price - low) >> shift, weights=wh, minlength=energy.size)
        running = np.cumsum(energy.astype(np.int64))
        reached, passed = _reached_and_passed(running, target)
        if not shift:
            return low + reached, low + passed
        inside = _between(parts, low + (reached << shift), 1 << shift)
        if reached != passed:
            beyond = _between(parts, low + (passed << shift), 1 << shift)
            return (
                max(int(price.max()) for price, _ in inside),
                min(int(price.min()) for price, _ in beyond),
            )
        target -= int(running[reached - 1]) if reached else 0
        parts = inside
    prices = np.concatenate([price for price, _ in parts])
    order = np.argsort(prices)
    running = np.cumsum(np.concatenate([wh for _, wh in parts])[order])
    reached, passed = _reached_and_passed(running, target)
    return int(prices[order[reached]]), int(prices[order[passed]])


def _parts(side: Side) -> list[_Part]:
    """Cut a side into parts that stay in a processor's cache from one step to the next."""
    return [
        (side.price[start : start + _PART], side.wh[start : start + _PART])
        for start in range(0, side.wh.size, _PART)
    ]


def _between(parts: list[_Part], low: int, width: int) -> list[_Part]:
    """Keep the orders whose price is at least `low` and below `low + width`."""
    kept = []
    for price, wh in parts:
        inside = np.flatnonzero((price >= low) & (price < low + width))
        if inside.size == price.size:
            kept.append((price, wh))
        elif inside.size:
            kept.append((price[inside], wh[inside]))
    return kept


def _reached_and_passed(running: Integers, target: int) -> tuple[int, int]:
    """Find where a running sum first comes to the target, and where it first exceeds it."""
    return (
        int(running.searchsorted(target)),
        int(running.searchsorted(target, side="right")),
    )
