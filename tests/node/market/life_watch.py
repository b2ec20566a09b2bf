"""What must hold whatever a market lives through, checked on each decision and on the books."""

from collections import defaultdict
from itertools import chain

from depin_protocol.statements.trading import Side
from settlement_node.coop.coop import Coop
from settlement_node.ledger.audit import audit
from settlement_node.ledger.rows import HistoryRow, transfer_of
from settlement_node.ledger.tables import ACCOUNT_HISTORY, transfer_rows
from settlement_node.ledger.transfers import Phase
from settlement_node.log.entries import Decision
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Row
from tests.node.market.street import LENT, Metered, decisions_since
from tests.node.village import Village

FIGURES: tuple[tuple[Side, str, str], ...] = (("bid", "bids", "bought"), ("ask", "asks", "sold"))


class Watch:
    """Follows a street's log, and insists on what always holds."""

    def __init__(self, here: Village, homes: list[Metered]) -> None:
        self._here = here
        self._homes = homes
        self._seen = 0
        self._cleared: set[int] = set()
        self._settled: set[int] = set()
        self._final = 0
        self._corrected_when_final: set[int] = set()
        self._limits: dict[str, list[tuple[int, int]]] = defaultdict(lambda: [(0, LENT)])
        self.left: dict[str, int] = {}
        """What each flexible order has not been given yet."""

    def final(self) -> list[int]:
        """Name the intervals that are final."""
        return sorted(start for start in self._settled if start < self._final)

    async def look(self) -> list[Decision]:
        """Read what was decided, and check what always holds."""
        told = await decisions_since(self._here, self._seen)
        self._seen = self._here.coop.position.size
        for index, decision in told:
            self._check(index, decision)
        assert audit(self._here.coop.ledger) == ()
        return [decision for _, decision in told]

    def _check(self, index: int, decision: Decision) -> None:
        start = decision.result.get("start")
        match decision.kind, start:
            case "repriced", int():
                for line in decision.lines:
                    self._let_go(start, line)
            case (("cleared" | "voided"), int()):
                assert start not in self._cleared, "an interval is cleared once"
                self._cleared.add(start)
                for line in decision.lines:
                    self._check_fills(start, line)
            case "settled", int():
                assert start not in self._settled, "an interval is settled once"
                assert start >= self._final, "what is final is not settled"
                self._settled.add(start)
            case "corrected", _:
                starts = [
                    line["start"] for line in decision.lines if isinstance(line["start"], int)
                ]
                is_late = decision.result["final"] is True
                assert starts
                assert {at < self._final for at in starts} == {is_late}
                if is_late:
                    self._corrected_when_final.add(index)
            case "final", _:
                until = decision.result["until"]
                assert isinstance(until, int)
                assert until > self._final
                self._final = until
            case "limit_set", _:
                line = decision.lines[0]
                assert isinstance(line["limit"], int)
                self._limits[str(line["member"])].append((index, line["limit"]))

    def _let_go(self, start: int, line: dict[str, object]) -> None:
        one = self._home(line)
        sides = line.get("sides", [])
        assert isinstance(sides, list)
        for side in sides:
            one.wanted.pop((start, side), None)

    def _check_fills(self, start: int, line: dict[str, object]) -> None:
        if "member" not in line:
            return
        one = self._home(line)
        for side, orders, fill in FIGURES:
            steps, filled = line.get(orders, []), line.get(fill, 0)
            assert isinstance(steps, list)
            assert isinstance(filled, int)
            assert 0 <= filled <= sum(steps[1::2])
            if one.is_plain:
                wanted = one.wanted.get((start, side), ())
                assert steps == list(chain.from_iterable(wanted))
        flexible = line.get("flexible", [])
        assert isinstance(flexible, list)
        for name, _, filled in flexible:
            self.left[name] -= filled
            assert 0 <= filled <= filled + self.left[name], "a wish is filled once"

    def _home(self, line: dict[str, object]) -> Metered:
        return next(one for one in self._homes if one.home.member == line["member"])

    async def check_books(self) -> None:
        """Check all that was ever booked."""
        rows = await transfer_rows(self._here.store)
        assert audit(self._here.coop.ledger, rows) == ()
        transfers = {row.id: transfer_of(row)[1] for row in rows}
        booked = {row.entry for row in rows}
        assert not booked & self._corrected_when_final, "what is final is booked no more"
        numbers = {self._here.coop.ledger.number(one.money): one for one in self._homes}
        async for row in every_row(self._here.store, ACCOUNT_HISTORY):
            after = HistoryRow._make(row)
            transfer, one = transfers[after.transfer], numbers.get(after.account)
            if one is not None and transfer is not None and transfer.phase is Phase.RESERVE:
                self._check_limit(one, after)

    def _check_limit(self, one: Metered, after: HistoryRow) -> None:
        told = self._limits[one.home.member]
        limit = next(limit for index, limit in reversed(told) if index < after.entry)
        holds = after.credits_posted - after.debits_posted - after.debits_pending
        assert holds + limit >= 0, "no reservation passes its limit"


def held(coop: Coop) -> list[tuple[str, Row]]:
    """Return what a co-op has in memory, in one order."""
    return sorted(((table.name, row) for table, row in coop.state.rows()), key=repr)


async def stored(here: Village) -> dict[str, list[Row]]:
    """Read every table that follows from the log."""
    return {
        table.name: [row async for row in every_row(here.store, table)]
        for table in here.coop.state.tables
    }
