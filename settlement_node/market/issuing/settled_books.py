"""Settled intervals as statements of account take them: final, with their taxes and roofs."""

from collections.abc import AsyncIterator
from typing import Final

from settlement_node.market.billing.corrections import Roof, SettledInterval
from settlement_node.market.issuing.gathering import LateCorrection
from settlement_node.market.rules.room import RulesRoom
from settlement_node.market.settling.reading import Told, intervals, late_corrections, settled_at
from settlement_node.market.settling.room import SettlingRoom
from settlement_node.store.port import View

NEIGHBOURS: Final = "neighbours"
"""Under which the roofs of all homes stand that the member has not named."""

_REASON: Final = "a better value came after the interval was final"


class SettledMonths:
    """What settlement holds, for who bills."""

    def __init__(self, settling: SettlingRoom, rules: RulesRoom) -> None:
        """Read what this room has settled, under these rules."""
        self._settling = settling
        self._rules = rules

    def final_before(self, market: str) -> int:
        """Say before which start a market's intervals are final; 0 if none was settled."""
        return self._settling.final_before(market)

    async def lines(
        self, view: View, member: str, first: int, end: int, size: int
    ) -> AsyncIterator[SettledInterval]:
        """Give a member's intervals in order, as they were final after `size` entries."""
        late: dict[tuple[str, int], int] = {}
        async for corrected in late_corrections(view, member, 0, size):
            became = corrected.became
            late.setdefault((became.market, became.start), became.entry)
        found: list[SettledInterval] = []
        for market in sorted(self._rules.markets()):
            async for index, public in intervals(view, market, first, end):
                start = public["start"]
                if index < size and isinstance(start, int):
                    before = late.get((market, start), size)
                    told = await settled_at(view, market, start, member, before)
                    if told is not None:
                        found.append(self._billed(told))
        for one in sorted(found, key=lambda one: (one.start, one.market)):
            yield one

    async def late(self, view: View, member: str, size: int) -> AsyncIterator[LateCorrection]:
        """Give what came after an interval of the member's was final."""
        async for one in late_corrections(view, member, 0, size):
            told, became = self._billed(one.told), one.became
            yield LateCorrection(became.entry, told, became.settled.lines, _REASON)

    def _billed(self, told: Told) -> SettledInterval:
        settled = told.settled
        roofs = [Roof(home, wh) for home, wh in settled.preferred if wh]
        if settled.from_mix:
            roofs.append(Roof(NEIGHBOURS, settled.from_mix))
        rules = self._rules.at(told.market, told.start)
        return SettledInterval(
            told.start,
            settled.lines,
            rules.charges.vat,
            settled.terms.seller_rate,
            tuple(roofs),
            told.market,
        )
