"""What a co-op asks of who joins, in the words and numbers of people."""

from typing import Final, NamedTuple

from .market_calendar import read_calendars
from .node import CoopDescription, Node, agreed
from .protocol.durations import MINUTE
from .protocol.settlement.charges import Fees

_KWH: Final = 1000
_UNITS: Final = 10**9
"""The smallest unit is such a part of a currency, until the node has said what it is."""


class Terms(NamedTuple):
    """What holds in a co-op now; prices are a kilowatt-hour's, in its currency."""

    currency: str
    minutes: str
    low: str
    high: str
    retail: str
    feed_in: str
    fees: str
    pool_fees: str
    vat: str
    credit: str


async def ask_terms(node: Node, described: CoopDescription, now: int) -> Terms | None:
    """Ask for what holds in a co-op's first market; None where there is none."""
    answered = await node.ask(f"{node.path}/markets")
    calendar = agreed(lambda: read_calendars(answered)).get(described.market)
    if calendar is None:
        return None
    rules = calendar.at(max(now, calendar.versions[0].start))
    vat = rules.charges.vat
    return Terms(
        currency=described.currency,
        minutes=f"{rules.interval / MINUTE:g}",
        low=_price(rules.band.low),
        high=_price(rules.band.high),
        retail=_price(rules.references.retail),
        feed_in=_price(rules.references.feed_in),
        fees=_price(_sum(rules.charges.traded)),
        pool_fees=_price(_sum(rules.charges.pooled)),
        vat=f"{100 * vat.numerator / vat.denominator:g}",
        credit=f"{rules.credit_limit / _UNITS:g}",
    )


def _sum(fees: Fees) -> int:
    return fees.grid_fee + fees.levies + fees.coop_fee


def _price(price: int) -> str:
    return f"{price * _KWH / _UNITS:g}"
