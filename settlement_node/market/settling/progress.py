"""How far each market is settled, and how far that is final."""

from collections.abc import Iterator
from typing import NamedTuple

from settlement_node.market.settling.tables import PROGRESS
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Put, Row, Table


class Reached(NamedTuple):
    """The start of the next interval to settle, and of the first that is not final."""

    settled: int
    final: int


class Progress:
    """Each market that settles, which it does from when its co-op's first meter was declared."""

    def __init__(self) -> None:
        """Begin with none."""
        self._reached: dict[str, Reached] = {}

    async def load(self, view: View) -> None:
        """Take it from its rows."""
        self._reached = {}
        async for row in every_row(view, PROGRESS):
            match row:
                case (str(market), int(settled), int(final)):
                    self._reached[market] = Reached(settled, final)

    def rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row."""
        for market, reached in self._reached.items():
            yield PROGRESS, (market, *reached)

    def markets(self) -> list[str]:
        """Name the markets that settle."""
        return sorted(self._reached)

    def of(self, market: str) -> Reached | None:
        """Return how far a market is, None if it has not begun to settle."""
        return self._reached.get(market)

    def set(self, market: str, reached: Reached) -> Change:
        """Let a market have reached this."""
        self._reached[market] = reached
        return Put(PROGRESS, [(market, *reached)])

    @property
    def everywhere(self) -> int:
        """Until when all markets are settled."""
        return min((one.settled for one in self._reached.values()), default=0)
