"""What settling knows, in memory: meters, the grid operator's quarters, wishes, how far it is."""

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from depin_protocol.encoding import decode_json, encode_json, from_text, to_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.rules.member_terms import MemberTerms
from depin_protocol.settlement.metered import Bounds
from depin_protocol.statements.trading import Preference
from settlement_node.governance.community import Community
from settlement_node.ledger.room import LedgerRoom
from settlement_node.market.rules.market import Market
from settlement_node.market.settling.begun_imports import BegunImports
from settlement_node.market.settling.hearing import Hearing
from settlement_node.market.settling.history import History
from settlement_node.market.settling.meters import Meters
from settlement_node.market.settling.progress import Progress, Reached
from settlement_node.market.settling.tables import PREFERRED
from settlement_node.market.settling.told import WaitingQuarters
from settlement_node.market.trading.cleared import Cleared
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Put, Row, Table

_NOBODY: Final[tuple[str, ...]] = ()


class Rules(Protocol):
    """What holds when."""

    def markets(self) -> Iterable[str]:
        """Name every market."""
        ...

    def grid(self, market: str) -> Market:
        """Return a market's intervals."""
        ...

    def at(self, market: str, start: int) -> MarketRules:
        """Return what holds in an interval."""
        ...

    def terms(self, member: str, market: str, start: int) -> MemberTerms:
        """Return a member's terms in an interval."""
        ...


class Trading(Protocol):
    """What was traded."""

    def cleared(self, market: str, start: int) -> Cleared | None:
        """Return what an interval was cleared to, None where nobody traded."""
        ...


class SettlingState:
    """All that deciding on settlement takes."""

    def __init__(
        self, community: Community, ledger: LedgerRoom, rules: Rules, trading: Trading
    ) -> None:
        """Settle what this community trades by these rules."""
        self.community = community
        self.ledger = ledger
        self.rules = rules
        self.trading = trading
        self.meters = Meters()
        self.quarters = WaitingQuarters()
        self.begun = BegunImports()
        self.progress = Progress()
        self.hearing = Hearing()
        self.history = History()
        self._preferred: dict[tuple[str, str], tuple[str, ...]] = {}

    async def load(self, view: View) -> None:
        """Take all of it from its rows."""
        await self.meters.load(view)
        await self.quarters.load(view)
        await self.begun.load(view)
        await self.progress.load(view)
        await self.hearing.load(view)
        self._preferred = {}
        async for row in every_row(view, PREFERRED):
            match row:
                case (bytes(member), str(market), bytes(data)):
                    self._preferred[to_text(member), market] = tuple(decode_json(data)["members"])

    def rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row."""
        yield from self.meters.rows()
        yield from self.quarters.rows()
        yield from self.begun.rows()
        yield from self.progress.rows()
        yield from self.hearing.rows()
        for (member, market), members in self._preferred.items():
            yield PREFERRED, _preferred_row(member, market, members)

    def hear(self, at: int) -> tuple[Change, ...]:
        """Take note that something was logged, once there is anything to settle."""
        waits = [
            self.rules.grid(market).version(reached.settled).rules.reading_deadline
            for market in self.progress.markets()
            if (reached := self.progress.of(market)) is not None
        ]
        return self.hearing.hear(at, min(waits), self.progress.everywhere) if waits else ()

    def prefer(self, member: str, body: Preference) -> Change:
        """Take in whose energy a member wants first."""
        homes = tuple(home for home in body.members if home != member)
        self._preferred[member, body.market] = homes
        return Put(PREFERRED, [_preferred_row(member, body.market, homes)])

    def preferred(self, member: str, market: str) -> tuple[str, ...]:
        """Say whose energy a member wants first."""
        return self._preferred.get((member, market), _NOBODY)

    def bounds(self, market: str, start: int) -> Bounds:
        """Say how a market looks at meters in an interval."""
        rules = self.rules.grid(market).version(start).rules
        return Bounds(rules.netting, rules.most_wh)

    def begin(self, at: int) -> Iterator[Change]:
        """Let markets settle from their next interval on, which have not begun to."""
        for market in self.rules.markets():
            if self.progress.of(market) is None:
                grid = self.rules.grid(market)
                first = grid.versions[0].start
                start = first if at <= first else grid.start_of(at)
                if start < at:
                    start = grid.next(start)
                yield self.progress.set(market, Reached(start, start))


def _preferred_row(member: str, market: str, members: tuple[str, ...]) -> Row:
    return from_text(member, ID_LENGTH), market, encode_json({"members": members})
