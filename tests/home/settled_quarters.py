"""Quarters of an hour as a node settles and corrects them, of a home and its one neighbour."""

import json
from dataclasses import dataclass
from typing import Any, Final

from custom_components.depin.bookkeeping import pool_fees
from custom_components.depin.books import SettledInterval
from custom_components.depin.market_answers import read_settled
from custom_components.depin.market_calendar import MarketCalendar, Version
from custom_components.depin.protocol.durations import MINUTE
from custom_components.depin.protocol.metering import Quality
from custom_components.depin.protocol.rules.market_rules import MarketRules
from custom_components.depin.protocol.rules.member_terms import WHOLE, MemberTerms
from custom_components.depin.protocol.settlement.charges import Charges, Fees, Taxed, Vat
from custom_components.depin.protocol.settlement.correcting import corrected
from custom_components.depin.protocol.settlement.interval import Member, Terms, ZonePrices, settle
from custom_components.depin.protocol.settlement.metered import NOTHING_TOLD, Metered
from custom_components.depin.protocol.settlement.pool import Key, PoolRule
from custom_components.depin.protocol.settlement.settled_member import (
    Prices,
    SettledMember,
    Traded,
)
from custom_components.depin.protocol.settlement.trades import References

QUARTER: Final = 15 * MINUTE
MARKET: Final = "street"
REFERENCES: Final = References(retail=320_000, feed_in=70_000)
POOL: Final = PoolRule(110_000, Key.DYNAMIC)
CHARGES: Final = Charges(
    traded=Fees(41_000, 7_000, 500),
    pooled=Fees(30_000, 6_000, 300),
    vat=Vat(19, 100, Taxed.EVERYTHING),
)
PRICE: Final = 150_000
RETAIL, FEED_IN = 300_000, 80_000
CALENDAR: Final = MarketCalendar(
    MARKET, (Version(0, MarketRules(interval=QUARTER, pool=POOL, charges=CHARGES)),)
)


@dataclass(frozen=True)
class Quarter:
    """What was traded and metered in one, and what came to be known of it later."""

    imported: int = 0
    exported: int = 0
    bought: int = 0
    sold: int = 0
    neighbour_imported: int = 0
    neighbour_exported: int = 0
    is_missing: bool = False
    later: tuple[int, int] | None = None
    """Import and export as they were corrected to."""

    def settled(self, start: int, *, is_final: bool = False) -> SettledInterval:
        """Return the home's row as it stood at first."""
        return _read(self._first(), start, is_final=is_final)

    def corrected(self, start: int, *, is_final: bool = False) -> SettledInterval:
        """Return the row as it stands once better values have come."""
        first = self._first()
        if self.later is None:
            return _read(first, start, is_final=is_final)
        metered = Metered(*self.later, quality=Quality.MEASURED)
        return _read(corrected(first, (), NOTHING_TOLD, metered), start, is_final=is_final)

    def answer(self, start: int) -> dict[str, Any]:
        """Return the row as nodes write it."""
        return _answer(self._first(), start, is_final=False)

    @property
    def metered(self) -> tuple[int, int]:
        """What the registers counted, as it was settled at first."""
        return (0, 0) if self.is_missing else (self.imported, self.exported)

    def _first(self) -> SettledMember:
        imported, exported = self.metered
        done = settle(
            Terms(REFERENCES, CHARGES, POOL),
            [ZonePrices(PRICE, PRICE)],
            [
                Member(RETAIL, FEED_IN, imported, exported, self.bought, self.sold),
                Member(
                    *(RETAIL, FEED_IN, self.neighbour_imported, self.neighbour_exported),
                    *(self.sold, self.bought),
                ),
            ],
        )
        quality = Quality.MISSING if self.is_missing else Quality.MEASURED
        return SettledMember(
            member="A" * 22,
            terms=MemberTerms(RETAIL, FEED_IN, "all", 0, WHOLE, 0),
            traded=Traded(self.bought, self.sold),
            meters=(),
            told=NOTHING_TOLD,
            metered=Metered(imported, exported, quality=quality),
            certificates=0,
            prices=Prices(PRICE, REFERENCES.retail, REFERENCES.feed_in, POOL.price),
            lines=done.members[0],
        )


def _answer(first: SettledMember, start: int, *, is_final: bool) -> dict[str, Any]:
    """Write a row as nodes do."""
    figures = first.named()
    return {"start": start, "entry": 7, "final": is_final, "zone": "all", "figures": figures}


def _read(member: SettledMember, start: int, *, is_final: bool) -> SettledInterval:
    said = json.dumps(_answer(member, start, is_final=is_final))
    row = read_settled(json.loads(said), "row")
    return SettledInterval(row, start + QUARTER, pool_fees(CALENDAR, row))
