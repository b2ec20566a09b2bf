"""What there is to know of a market at a moment: its prices, its gate, and one's own sums."""

from dataclasses import dataclass
from typing import NamedTuple

from .books import Books, OwnInterval, Price, Totals
from .market_calendar import MarketCalendar
from .protocol.rules.market_rules import MarketRules
from .protocol.settlement.charges import Taken

_KWH = 1000
_EVER = 2**62


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
    """The next interval, from when its book is cleared."""
    last: Price | None
    since: Since
    today: Totals
    month: Totals
    total: Totals
    trades: tuple[OwnInterval, ...]
    """This home's, in the interval that is now and those after it."""


def sell_price(price: Price | None) -> int | None:
    """Return what a kilowatt-hour sold in an interval brings; above zero it pays."""
    return None if price is None or price.sellers is None else price.sellers * _KWH


def buy_price(rules: MarketRules, price: Price | None) -> int | None:
    """Return what a kilowatt-hour bought in an interval costs, with all fees and VAT."""
    if price is None or price.buyers is None:
        return None
    cost = price.buyers * _KWH
    return cost + rules.charges.on(Taken(traded=_KWH, traded_cost=cost)).pays


def community_price(price: Price | None) -> int | None:
    """Return what a kilowatt-hour given to the pool brings."""
    return None if price is None or price.pool_price is None else price.pool_price * _KWH


async def look(books: Books, calendar: MarketCalendar, now: int, since: Since) -> MarketNow:
    """Look a market up in the books, as it stands at a moment."""
    market = calendar.name
    at = max(now, calendar.versions[0].start)
    start = calendar.start_of(at)
    end = calendar.end_of(start)
    prices = await books.prices(market, start, calendar.end_of(end))
    found = {price.start: price for price in prices}
    coming = found.get(end)
    return MarketNow(
        rules=calendar.at(start),
        start=start,
        end=end,
        gate=calendar.gate_of(calendar.next_open(now)),
        is_open=now < calendar.gate_of(end),
        current=found.get(start),
        upcoming=coming if coming is not None and coming.voided is not None else None,
        last=await books.last_cleared(market),
        since=since,
        today=await books.totals(market, since.day, _EVER),
        month=await books.totals(market, since.month, _EVER),
        total=await books.totals(market, 0, _EVER),
        trades=tuple(
            row for row in await books.own(market, start, _EVER) if row.bought or row.sold
        ),
    )
