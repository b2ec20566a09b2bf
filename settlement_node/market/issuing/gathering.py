"""What a statement of account is made of, brought near from the store."""

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from depin_protocol.encoding import from_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.joining import JoinRequest
from depin_protocol.log.entries import DecisionEntry, read_entry
from depin_protocol.settlement.interval import MemberLines
from settlement_node.governance.arriving import JOINED, wire_in
from settlement_node.governance.facts import GENESIS
from settlement_node.log.entries import read_decision
from settlement_node.log.reading import body_at, entry_at
from settlement_node.market.billing.corrections import Correction, SettledInterval
from settlement_node.market.billing.statement import Movement, StatementOfAccount
from settlement_node.market.issuing.actions import IssueStatement
from settlement_node.market.issuing.movements import movements
from settlement_node.market.issuing.reading import KeptStatement, kept_statements
from settlement_node.store.port import View


@dataclass(frozen=True, slots=True)
class LateCorrection:
    """An interval that came out otherwise after it was final; nothing of it is booked yet."""

    entry: int
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
    since: int
    """Up to when all that the member had stands on statements."""
    begun: int
    """When this log began."""
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
        told = [one for one in await kept_statements(view, name) if one.entry < size]
        previous = told[-1].statement if told else None
        upto = (
            await _joined_at(view, joined, action.member)
            if previous is None
            else previous.month.ends
        )
        since = min(upto, month.begins)
        intervals = [
            one async for one in self._settled.lines(view, action.member, since, month.ends, size)
        ]
        moved = [
            row.moved async for row in movements(view, name, since, month.ends) if row.entry < size
        ]
        late = [one async for one in self._settled.late(view, action.member, size)]
        return Gathered(
            any(one.start < month.begins for one in intervals)
            or any(one.at < month.begins for one in moved),
            upto,
            await _time_of(view, 0),
            tuple(one for one in intervals if one.start >= month.begins),
            tuple(one for one in moved if one.at >= month.begins),
            tuple(_untold(late, told)),
            previous,
        )


def _untold(late: Iterable[LateCorrection], told: list[KeptStatement]) -> Iterator[Correction]:
    """Give the corrections of intervals that a statement has told, and none has corrected so."""
    for one in late:
        for place, (statement, _, _) in enumerate(told):
            if statement.month.holds(one.told.start):
                # Told in its turn by the first statement after it, if that came later.
                # Where only the source of a value is another, there is nothing to tell.
                is_told = any(one.entry < later.said for later in told[place + 1 :])
                if not is_told and one.told.lines != one.became:
                    yield Correction(one.told, one.became, statement.number, one.reason)
                break


async def _time_of(view: View, index: int) -> int:
    entry = await entry_at(view, index)
    return 0 if entry is None else read_entry(entry).at


async def _joined_at(view: View, index: int, member: str) -> int:
    """Return when a member joined by an entry; 0 if this log does not tell."""
    written, body = await entry_at(view, index), await body_at(view, index)
    entry = None if written is None else read_entry(written)
    if not isinstance(entry, DecisionEntry) or body is None:
        return 0
    if entry.kind == GENESIS:
        return entry.at
    if entry.kind != JOINED:
        return 0
    # After a succession an index of the earlier log may be another's entry here.
    request = JoinRequest.read(wire_in(read_decision(entry, body), "request"))
    return entry.at if request.member == member else 0
