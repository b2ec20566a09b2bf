"""What there is to know of a market at a moment: its prices, its gate, and one's own sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import NamedTuple

from .books import Books, OwnInterval, Price, Totals
from .forecast import DAYS, Distribution, likely_prices
from .market_calendar import MarketCalendar
from .protocol.durations import DAY
from .protocol.rules.market_rules import MarketRules
from .protocol.settlement.charges import Taken

_KWH = 1000
_EVER = 2**62
_TENTHS = (1, 5, 9)


class Quantiles(NamedTuple):
    """What a price lies below one time of ten, one of two, nine of ten."""

    low: int
    median: int
    high: int


class Since(NamedTuple):
    """When the day and the month began in which a home lives."""

    day: int
    month: int


@dataclass(frozen=True, slots=True)
class MarketNow:
    """A market as it stands in the interval of a moment; prices a kilowatt-hour."""

    rules: MarketRules
    start: int
    end: int
    gate: int
    """When the book closes that closes next."""
    is_open: bool
    """Whether the interval after this one still takes orders."""
    current: Price | None
    upcoming: Price | None
    """The next interval; its price is there from when its book is cleared."""
    last: Price | None
    since: Since
    today: Totals
    month: Totals
    total: Totals
    outlook: Distribution
    """At what the next interval may clear, before it is."""
    trades: tuple[OwnInterval, ...]
    """This home's, in the interval that is now and those after it."""

    @property
    def sold_now(self) -> int:
        """What this home has sold of the interval that is now, in Wh."""
        return sum(row.sold for row in self.trades if row.start == self.start)

    @property
    def bought_now(self) -> int:
        """What this home has bought of the interval that is now, in Wh."""
        return sum(row.bought for row in self.trades if row.start == self.start)


def sell_price(price: Price | None) -> int | None:
    """Return what a kilowatt-hour sold in an interval brings; above zero it pays."""
    return None if price is None or price.sellers is None else price.sellers * _KWH


def buy_price(rules: MarketRules, price: Price | None) -> int | None:
    """Return what a kilowatt-hour bought in an interval costs, with all fees and VAT."""
    if price is None or price.buyers is None:
        return None
    return _with_charges(rules, price.buyers)


def community_price(price: Price | None) -> int | None:
    """Return what a kilowatt-hour given to the pool brings."""
    return None if price is None or price.pool_price is None else price.pool_price * _KWH


def is_sun_on_offer(market: MarketNow) -> bool | None:
    """Tell whether neighbours sell in the interval that is now, for less than the grid takes."""
    if market.current is None:
        return None
    price, grid = buy_price(market.rules, market.current), market.current.retail
    return price is not None and (grid is None or price < grid * _KWH)


def sell_outlook(likely: Distribution) -> Quantiles | None:
    """Return what a kilowatt-hour sold may bring; None before there is a history."""
    if not likely.values:
        return None
    return Quantiles(*(likely.at(tenths, 10) * _KWH for tenths in _TENTHS))


def buy_outlook(rules: MarketRules, likely: Distribution) -> Quantiles | None:
    """Return what a kilowatt-hour bought may cost, with all fees and VAT."""
    if not likely.values:
        return None
    return Quantiles(*(_with_charges(rules, likely.at(tenths, 10)) for tenths in _TENTHS))


def _with_charges(rules: MarketRules, price: int) -> int:
    cost = price * _KWH
    return cost + rules.charges.on(Taken(traded=_KWH, traded_cost=cost)).pays


async def likely_of(
    books: Books, market: str, starts: Sequence[int], zone: tzinfo
) -> dict[int, Distribution]:
    """Tell at what prices intervals may clear, from those of the last weeks."""
    if not starts:
        return {}
    past = dict(await books.clearing_prices(market, min(starts) - DAYS * DAY))
    return {start: likely_prices(past, start, zone) for start in starts}


async def look(
    books: Books, calendar: MarketCalendar, now: int, since: Since, zone: tzinfo
) -> MarketNow:
    """Look a market up in the books, as it stands at a moment."""
    market = calendar.name
    at = max(now, calendar.versions[0].start)
    start = calendar.start_of(at)
    end = calendar.end_of(start)
    prices = await books.prices(market, start, calendar.end_of(end))
    found = {price.start: price for price in prices}
    return MarketNow(
        rules=calendar.at(start),
        start=start,
        end=end,
        gate=calendar.gate_of(calendar.next_open(now)),
        is_open=now < calendar.gate_of(end),
        current=found.get(start),
        upcoming=found.get(end),
        last=await books.last_cleared(market),
        since=since,
        today=await books.totals(market, since.day, _EVER),
        month=await books.totals(market, since.month, _EVER),
        total=await books.totals(market, 0, _EVER),
        outlook=(await likely_of(books, market, [end], zone))[end],
        trades=tuple(
            row for row in await books.own(market, start, _EVER) if row.bought or row.sold
        ),
    )
