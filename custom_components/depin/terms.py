"""What a co-op asks of who joins, in the words and numbers of people."""

from typing import Final

from .market_calendar import read_calendars
from .node import CoopDescription, Node, agreed
from .protocol.durations import MINUTE
from .protocol.settlement.charges import Fees

_KWH: Final = 1000
_UNITS: Final = 10**9
"""The smallest unit is such a part of a currency, until the node has said what it is."""


async def terms(node: Node, described: CoopDescription, now: int) -> dict[str, str] | None:
    """Ask for what holds in a co-op's first market; None where there is none."""
    answered = await node.ask(f"{node.path}/markets")
    calendars = agreed(lambda: read_calendars(answered))
    calendar = calendars.get(described.market)
    if calendar is None:
        return None
    rules = calendar.at(max(now, calendar.versions[0].start))
    references, vat = rules.references, rules.charges.vat
    return {
        "currency": described.currency,
        "minutes": f"{rules.interval / MINUTE:g}",
        "low": _price(rules.band.low),
        "high": _price(rules.band.high),
        "retail": _price(references.retail),
        "feed_in": _price(references.feed_in),
        "fees": _price(_sum(rules.charges.traded)),
        "pool_fees": _price(_sum(rules.charges.pooled)),
        "vat": f"{100 * vat.numerator / vat.denominator:g}",
        "credit": f"{rules.credit_limit / _UNITS:g}",
    }


def _sum(fees: Fees) -> int:
    return fees.grid_fee + fees.levies + fees.coop_fee


def _price(price: int) -> str:
    return f"{price * _KWH / _UNITS:g}"
