"""What a statement of account is made of, brought near from the store."""

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from depin_protocol.encoding import from_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.settlement.interval import MemberLines
from settlement_node.log.entries import read_entry
from settlement_node.log.reading import entry_at
from settlement_node.market.billing.corrections import Correction, SettledInterval
from settlement_node.market.billing.json_file import read_json
from settlement_node.market.billing.statement import Movement, StatementOfAccount
from settlement_node.market.issuing.actions import IssueStatement
from settlement_node.market.issuing.movements import movements
from settlement_node.market.issuing.tables import STATEMENT_OF_ACCOUNT
from settlement_node.store.port import View
from settlement_node.store.tables import Key

_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class LateCorrection:
    """An interval that came out otherwise after it was final; nothing of it is booked yet."""

    index: int
    told: SettledInterval
    became: MemberLines
    reason: str


class SettledBooks(Protocol):
    """What settlement offers to who bills."""

    def final_before(self, market: str) -> int:
        """Say before which start a market's intervals are final; 0 if none was settled."""
        ...

    def lines(
        self, view: View, member: str, first: int, end: int, size: int
    ) -> AsyncIterator[SettledInterval]:
        """Give a member's intervals in order, as they were final after `size` entries."""
        ...

    def late(self, view: View, member: str, size: int) -> AsyncIterator[LateCorrection]:
        """Give what came after an interval of the member's was final."""
        ...


class Gathered(NamedTuple):
    """A member's month, and what lies between it and the statement before."""

    skipped: bool
    """Something happened after the statement before, or the joining, and before this month."""
    intervals: tuple[SettledInterval, ...]
    movements: tuple[Movement, ...]
    corrections: tuple[Correction, ...]
    previous: StatementOfAccount | None


class Gathering:
    """Reads what statements are made of."""

    def __init__(self, settled: SettledBooks) -> None:
        """Read settled intervals from here."""
        self._settled = settled

    async def gather(self, action: IssueStatement, joined: int, view: View, size: int) -> Gathered:
        """Read a member's month as it was after `size` entries; it joined by the entry `joined`."""
        month, name = action.month, from_text(action.member, ID_LENGTH)
        told = await _told(view, name, size)
        previous = told[-1].statement if told else None
        since = await _time_of(view, joined) if previous is None else previous.month.ends
        since = min(since, month.begins)
        intervals = [
            one async for one in self._settled.lines(view, action.member, since, month.ends, size)
        ]
        moved = [
            row.moved async for row in movements(view, name, since, month.ends) if row.index < size
        ]
        late = [one async for one in self._settled.late(view, action.member, size)]
        return Gathered(
            any(one.start < month.begins for one in intervals)
            or any(one.at < month.begins for one in moved),
            tuple(one for one in intervals if one.start >= month.begins),
            tuple(one for one in moved if one.at >= month.begins),
            tuple(_untold(late, told)),
            previous,
        )


class _Told(NamedTuple):
    """A statement, and the entry before which all was decided that it tells."""

    statement: StatementOfAccount
    said: int


async def _told(view: View, member: bytes, size: int) -> list[_Told]:
    """Read the statements of a member's that stand in the first `size` entries, in order."""
    found: list[_Told] = []
    after: Key | None = None
    while True:
        rows = await view.scan(STATEMENT_OF_ACCOUNT, (member,), after=after, limit=_AT_ONCE)
        for row in rows:
            match row:
                case (bytes(), int(), int(), int(index), int(said), bytes(data)) if index < size:
                    found.append(_Told(read_json(data), said))
        if len(rows) < _AT_ONCE:
            return found
        after = rows[-1][: len(STATEMENT_OF_ACCOUNT.key)]


def _untold(late: Iterable[LateCorrection], told: list[_Told]) -> Iterator[Correction]:
    """Give the corrections of intervals that a statement has told, and none has corrected so."""
    for one in late:
        for place, (statement, _) in enumerate(told):
            if statement.month.holds(one.told.start):
                # Told in its turn by the first statement after it, if that came later.
                if all(one.index >= said for _, said in told[place + 1 :]):
                    yield Correction(one.told, one.became, statement.number, one.reason)
                break


async def _time_of(view: View, index: int) -> int:
    entry = await entry_at(view, index)
    return 0 if entry is None else read_entry(entry).at
