"""What the grid operator told of intervals that are not settled yet, in quarters of an hour."""

import enum
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from depin_protocol.encoding import from_text, to_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.metering import Energy, Quality
from depin_protocol.settlement.metered import NOTHING_TOLD, Told
from settlement_node.market.quarter_hours.days import QUARTER
from settlement_node.market.settling.tables import TOLD
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Delete, Key, Put, Row, Table


class Way(enum.IntEnum):
    """Which way energy flowed."""

    IMPORT = 0
    EXPORT = 1


class Quarter(NamedTuple):
    """A quarter of an hour's energy, and how sure it is."""

    wh: int
    quality: Quality


type Quarters = dict[int, Quarter]
"""By their starts."""

_NOTHING: Final[Quarters] = {}
_NO_MORE: Final[Mapping[Way, Quarters]] = {}


class WaitingQuarters:
    """The quarter hours of members and ways that wait for their intervals."""

    def __init__(self) -> None:
        """Begin without any."""
        self._told: dict[tuple[str, Way], Quarters] = {}

    async def load(self, view: View) -> None:
        """Take them from their rows."""
        self._told = {}
        async for row in every_row(view, TOLD):
            match row:
                case (bytes(member), int(way), int(start), int(wh), int(quality)):
                    held = self._told.setdefault((to_text(member), Way(way)), {})
                    held[start] = Quarter(wh, Quality(quality))

    def rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row."""
        for (member, way), quarters in self._told.items():
            for start, quarter in quarters.items():
                yield TOLD, _row(member, way, start, quarter)

    def add(self, member: str, way: Way, quarters: Quarters) -> Iterator[Change]:
        """Let quarters wait for their intervals."""
        if quarters:
            self._told.setdefault((member, way), {}).update(quarters)
            yield Put(TOLD, [_row(member, way, *quarter) for quarter in quarters.items()])

    def told(
        self, member: str, start: int, end: int, more: Mapping[Way, Quarters] = _NO_MORE
    ) -> Told:
        """Say what was told of a whole interval, here and in what came just now."""
        if end - start < QUARTER or not (self._told or more):
            return NOTHING_TOLD
        starts = range(start, end, QUARTER)
        imported, exported = (
            _energy(self._told.get((member, way), _NOTHING), more.get(way, _NOTHING), starts)
            for way in Way
        )
        return Told(imported, exported) if imported or exported else NOTHING_TOLD

    def forget(self, before: int) -> Iterator[Change]:
        """Let go of quarters of intervals that are settled in every market."""
        gone: list[Key] = []
        for (member, way), quarters in list(self._told.items()):
            old = [start for start in quarters if start < before]
            for start in old:
                gone.append((from_text(member, ID_LENGTH), int(way), start))
                del quarters[start]
            if not quarters:
                del self._told[member, way]
        if gone:
            yield Delete(TOLD, gone)


def _energy(held: Quarters, more: Quarters, starts: Iterable[int]) -> Energy | None:
    found = [more.get(start) or held.get(start) for start in starts]
    quarters = [one for one in found if one is not None]
    if len(quarters) < len(found):
        return None
    return Energy(sum(one.wh for one in quarters), min(one.quality for one in quarters))


def _row(member: str, way: Way, start: int, quarter: Quarter) -> Row:
    return from_text(member, ID_LENGTH), int(way), start, quarter.wh, int(quarter.quality)
