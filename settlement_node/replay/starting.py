"""Where a replay begins: at entry 0, or at a state root whose lines are kept."""

from collections.abc import Iterator
from dataclasses import dataclass

from depin_protocol.log.entries import DecisionEntry, EntryError, read_entry
from settlement_node.coop.following import DoesNotFollowError
from settlement_node.coop.state import CoopState
from settlement_node.keeping.roots import LINES
from settlement_node.keeping.state_root import STATE_ROOT, read_rows, stands_for
from settlement_node.log.reading import body_at, entry_at
from settlement_node.replay.comparing import DifferenceError
from settlement_node.store.port import View
from settlement_node.store.rows_view import RowsView
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Put, Row, Table


@dataclass(frozen=True, slots=True)
class Start:
    """A state from which the log can be followed."""

    index: int = 0
    """Of the first entry that is followed."""
    at: int = 0
    rows: tuple[tuple[Table, Row], ...] = ()

    async def lead(self, state: CoopState) -> None:
        """Lead a state, whose sequence has the entries before, to where it begins."""
        await state.take_up(state.sequence, self.at, RowsView(self.rows))

    def changes(self) -> Iterator[Put]:
        """Give the rows that the state has before its first entry."""
        for table, row in self.rows:
            yield Put(table, [row])


async def first_possible(view: View, state: CoopState) -> Start:
    """Return entry 0, or the state root under the last erasure."""
    if await entry_at(view, 0) is None or await body_at(view, 0) is not None:
        return Start()
    for index, lines in await view.scan(LINES, limit=1):
        if isinstance(index, int) and isinstance(lines, bytes):
            return await _start(view, index, lines, state)
    raise DoesNotFollowError(0, "its body is missing, and no state root is kept to begin with")


async def newest_below(view: View, size: int, state: CoopState) -> Start | None:
    """Return the newest state root that is kept among so many entries."""
    kept = await view.scan(LINES, after=(size,), limit=1, reverse=True)
    for index, lines in kept:
        if isinstance(index, int) and isinstance(lines, bytes):
            return await _start(view, index, lines, state)
    return None


async def check_kept_lines(view: View, state: CoopState, start: Start) -> None:
    """Check the states that are kept of roots before the start."""
    async for index, lines in every_row(view, LINES):
        if not isinstance(index, int) or not isinstance(lines, bytes) or index >= start.index:
            return
        if index not in state.keeping.roots.all:
            raise DifferenceError(LINES, (index,), "nothing in the log leads to this row", index)
        await _start(view, index, lines, state)


async def _start(view: View, index: int, lines: bytes, state: CoopState) -> Start:
    """Read a state, and insist that it is the one under its entry's root."""
    try:
        written = await entry_at(view, index)
        entry = None if written is None else read_entry(written)
        if (
            not isinstance(entry, DecisionEntry)
            or entry.kind != STATE_ROOT
            or not stands_for(entry, lines)
        ):
            raise DoesNotFollowError(index, "the state that is kept is not the one under its root")
        at, rows = read_rows(lines, {table.name: table for table in state.tables})
    except EntryError as error:
        raise DoesNotFollowError(index, f"the state that is kept: {error}") from None
    return Start(index, at, tuple(rows))
