"""When energy is likely to be cheapest, or to be sold best."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import NamedTuple

from .forecast import likely_prices
from .market import OpenInterval
from .protocol.settlement.charges import Charges, Taken
from .protocol.statements.trading import Side

_KWH = 1000


class Expected(NamedTuple):
    """What a kWh is likely to cost or bring in an interval, and what it does at the grid."""

    start: int
    end: int
    price: int
    grid: int


class Window(NamedTuple):
    """A span of time with its mean prices a kWh."""

    start: int
    end: int
    price: int
    grid: int


def expected_prices(
    intervals: Iterable[OpenInterval],
    side: Side,
    cleared: Mapping[int, int],
    zone: tzinfo,
) -> list[Expected]:
    """Tell what a buyer pays with fees and VAT, or a seller gets; the grid's price is the worst."""
    told = []
    for one in intervals:
        likely = likely_prices(cleared, one.start, zone)
        grid = _KWH * (one.grid.retail if side == "bid" else one.grid.feed_in)
        price = grid
        if likely.values and side == "bid":
            cost = _KWH * likely.at(1, 2)
            charged = Charges(traded=one.fees, vat=one.vat).on(Taken(_KWH, cost))
            price = min(grid, cost + charged.pays)
        elif likely.values:
            price = max(grid, _KWH * likely.at(1, 2))
        told.append(Expected(one.start, one.end, price, grid))
    return told


def best_window(expected: Sequence[Expected], length: int, side: Side) -> Window | None:
    """Return the best span of whole intervals that is at least so long; the earliest of equals."""
    found: list[Window] = []
    for first in range(len(expected)):
        last = first
        while last < len(expected) and expected[last].end - expected[first].start < length:
            last += 1
        if last == len(expected):
            break
        some = expected[first : last + 1]
        found.append(
            Window(
                some[0].start,
                some[-1].end,
                _mean([(one.price, one.end - one.start) for one in some]),
                _mean([(one.grid, one.end - one.start) for one in some]),
            )
        )
    if not found:
        return None
    return min(found, key=lambda one: one.price if side == "bid" else -one.price)


def _mean(prices: Sequence[tuple[int, int]]) -> int:
    """Return the mean of prices, each for as long as it holds."""
    return sum(price * length for price, length in prices) // sum(length for _, length in prices)
