"""Tables as a replay says they must be, against the tables that there are."""

from collections import deque
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from itertools import groupby
from typing import Final

from depin_protocol.encoding import EncodingError, decode_json, to_text
from depin_protocol.log.entries import DecisionEntry, EntryError, read_entry
from depin_protocol.log.merkle import HASH_LENGTH
from depin_protocol.log.tiles import HEIGHT, WIDTH
from depin_protocol.problems import RefusedError
from depin_protocol.statements.envelope import read_envelope
from depin_protocol.statements.fields import BodyError
from settlement_node.intake.streams import CHAIN, ENDED, STATEMENT, chain_key, read_chain_row
from settlement_node.keeping.succession import SUCCESSOR
from settlement_node.ledger.effects import BOOKED, EXPIRED
from settlement_node.ledger.rows import Standing
from settlement_node.ledger.tables import ABOUT, ACCOUNT_HISTORY, TRANSFER
from settlement_node.log.entries import decode_lines
from settlement_node.log.reading import body_at, entry_at
from settlement_node.log.tables import TILE
from settlement_node.market.issuing.tables import MOVEMENT
from settlement_node.market.settling.tables import LATE, SETTLED, SETTLED_INTERVAL
from settlement_node.market.trading.closing import INTERVAL_CLEARED, VOIDED
from settlement_node.market.trading.room import INTERVAL
from settlement_node.replay.differing import difference
from settlement_node.replay.settlements import OF_SETTLEMENTS, line_of, stands_on
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Clear, Delete, Key, Put, Row, Table, Value


class DifferenceError(Exception):
    """A table is not what the log says; the message names the first row that differs."""

    def __init__(self, table: Table, key: Key, what: str, index: int) -> None:
        """Name the row, and how far the log was followed."""
        super().__init__(
            f"table {table.name} differs from the log at key {_shown(key)}: {what}"
            f" (found after {index} entries)"
        )
        self.table = table.name
        self.key = key


class Recomputed:
    """The rows that follow from the log, held only until they can't change any more.

    Where the log is followed from a later entry on, rows that stand on entries before it are left
    alone, but for those of statements: there has to be one for each.
    """

    def __init__(self, tables: Iterable[Table], view: View, start: int = 0) -> None:
        """Compare these tables, as the entries from `start` on lead to them."""
        self._rows: dict[Table, dict[Key, Row]] = {table: {} for table in tables}
        self._settled = dict.fromkeys(self._rows, 0)
        self._view = view
        self._start = start
        self._older_statements = 0

    def pass_statement(self, index: int) -> None:
        """Take note of a statement's entry before the start."""
        self._older_statements += _tally(index)

    def take(self, changes: Iterable[Change]) -> None:
        """Change rows as a commit would."""
        for change in changes:
            rows = self._rows.get(change.table)
            if rows is None:
                continue
            match change:
                case Put(table=table, rows=put):
                    width = len(table.key)
                    rows.update((row[:width], row) for row in put)
                case Delete(keys=keys):
                    for key in keys:
                        rows.pop(key, None)
                case Clear():
                    rows.clear()

    async def settle(self, index: int) -> None:
        """Compare, and let go of, the rows that no later entry can change."""
        for table, (_, is_final) in _SETTLING.items():
            rows = self._rows[table]
            final = {key: row for key, row in rows.items() if is_final(row)}
            there = await self._there(table, sorted(final))
            for key, row in final.items():
                _compare(table, key, row, there.get(key), index)
                del rows[key]
            # What the state at the start had already is not counted among the rows since.
            self._settled[table] += sum(not self._is_older(table, row) for row in final.values())

    async def _there(self, table: Table, keys: list[Key]) -> dict[Key, Row]:
        """Read these rows, which mostly lie together, in a few scans."""
        leading, _ = _SETTLING[table]
        there: dict[Key, Row] = {}
        for prefix, group in groupby(keys, lambda key: key[:leading]):
            together = list(group)
            low, high = together[0], together[-1]
            there.update(
                (row[: len(table.key)], row)
                for row in await self._view.scan(
                    table,
                    prefix,
                    after=(*low[:-1], _before(low[-1])),
                    until=high,
                    limit=2 * len(together),
                )
            )
            reached = max(there, default=())
            beyond = await self._view.several(table, [key for key in together if key > reached])
            there.update((row[: len(table.key)], row) for row in beyond)
        return there

    async def finish(self, index: int) -> None:
        """Compare all that is left."""
        for table, rows in self._rows.items():
            waiting = deque(sorted(rows))
            there = 0
            async for row in every_row(self._view, table):
                key = row[: len(table.key)]
                while waiting and waiting[0] <= key:
                    at = waiting.popleft()
                    _compare(table, at, rows[at], row if at == key else None, index)
                if self._is_older(table, row):
                    self._pass_row(table, row)
                else:
                    there += 1
            for at in waiting:
                _compare(table, at, rows[at], None, index)
            if there != len(rows) + self._settled[table]:
                await self._name_surplus(table, index)
        if self._older_statements:
            what = "its rows for statements before the start are not one for each"
            raise DifferenceError(STATEMENT, (), what, self._start)

    def _is_older(self, table: Table, row: Row) -> bool:
        at = place_of(table)
        index = None if at is None else row[at]
        return (
            isinstance(index, int)
            and index < self._start
            and row[: len(table.key)] not in self._rows[table]
        )

    def _pass_row(self, table: Table, row: Row) -> None:
        match row:
            case (_, _, int(index)) if table is STATEMENT:
                self._older_statements -= _tally(index)

    async def _name_surplus(self, table: Table, index: int) -> None:
        """Find the row that nothing led to; the other rows were all found to be right."""
        rows = self._rows[table]
        async for row in every_row(self._view, table):
            key = row[: len(table.key)]
            if key in rows or self._is_older(table, row):
                continue
            if not await self._was_settled(table, row, index):
                _compare(table, key, None, row, index)
        surplus = "it has more rows than the log leads to, and each of them looks right"
        raise DifferenceError(table, (), surplus, index)

    async def _was_settled(self, table: Table, row: Row, index: int) -> bool:
        found = False
        match row:
            case (int(level), int(number), bytes()) if table is TILE:
                return (number + 1) << HEIGHT * (level + 1) <= index
            case (int(), int(), int(at)) if table is STATEMENT:
                body = await body_at(self._view, at)
                return body is not None and await self._row_of(body, at) == row
            case (bytes(), int(), bytes(), int(), bytes()) if table is ENDED:
                return await self._has_opening(row[: len(ENDED.key)])
            case (bytes(name), int(at), int(position), bytes()) if table is TRANSFER:
                found = await self._books(at, position, name)
            case (_, int(at), int(position), bytes(name), *_) if table in _OF_TRANSFERS:
                found = await self._books(at, position, name)
            case (_, int(), int(at), int(position), *told) if table is MOVEMENT:
                found = await self._moves(at, position, tuple(told))
            case (str(market), int(start), int(at)) if table is INTERVAL:
                found = await self._closes(market, start, at)
            case _ if table in OF_SETTLEMENTS:
                found = await stands_on(self._view, table, row)
        return found

    async def _books(self, index: int, position: int, transfer: bytes) -> bool:
        """Tell whether an entry may have booked a transfer at this position.

        A booking names its transfers; those of orders, gates and settlements follow from the state.
        """
        body = await body_at(self._view, index)
        written = await entry_at(self._view, index)
        if body is None or written is None:
            return False
        entry = read_entry(written)
        if not isinstance(entry, DecisionEntry) or entry.kind not in _NAMING:
            return True
        try:
            lines = decode_lines(body)
        except EntryError:
            return False
        if index:
            lines = lines[position : position + 1]
        # A successor's entry 0 has them as rows, in the order of their names.
        told = to_text(transfer).encode("ascii")
        return any(told in line for line in lines)

    async def _moves(self, index: int, position: int, told: Row) -> bool:
        """Tell whether an entry's line books such a movement, one way or the other."""
        written = await entry_at(self._view, index)
        entry = None if written is None else read_entry(written)
        if not isinstance(entry, DecisionEntry) or entry.kind != BOOKED:
            return False
        line = await line_of(self._view, index, position)
        read = {} if line is None else decode_json(line)
        code, amount = read.get("code"), read.get("amount")
        return isinstance(amount, int) and told in {(code, amount), (code, -amount)}

    async def _closes(self, market: str, start: int, index: int) -> bool:
        """Tell whether an entry says what an interval was cleared to."""
        found = await entry_at(self._view, index)
        entry = None if found is None else read_entry(found)
        if not isinstance(entry, DecisionEntry) or entry.kind not in (INTERVAL_CLEARED, VOIDED):
            return False
        return (entry.result.get("market"), entry.result.get("start")) == (market, start)

    async def _row_of(self, body: bytes, at: int) -> Row | None:
        """Return the row that leads to a statement."""
        try:
            header = read_envelope(body).header
        except RefusedError:
            return None
        key = chain_key(header.member, header.stream, header.chain)
        opened_at = await self._opened_at(key)
        return None if opened_at is None else (opened_at, header.seq, at)

    async def _opened_at(self, chain: Key) -> int | None:
        row = self._rows[CHAIN].get(chain) or await self._view.get(ENDED, chain)
        try:
            return None if row is None else read_chain_row(row)[3].opened_at
        except (BodyError, EncodingError):
            return None

    async def _has_opening(self, chain: Key) -> bool:
        """Tell whether a chain was opened in this log, and goes on no more."""
        opened_at = await self._opened_at(chain)
        body = None if opened_at is None else await body_at(self._view, opened_at)
        if body is None or chain in self._rows[CHAIN]:
            return False
        try:
            header = read_envelope(body).header
        except RefusedError:
            return False
        return chain_key(header.member, header.stream, header.chain) == chain


@cache
def place_of(table: Table) -> int | None:
    """Return which column, if any, names the entry that a row stands on."""
    names = [column.name for column in table.columns]
    return names.index("index") if "index" in names else None


def _tally(index: int) -> int:
    """Return a number whose sums are equal only for the same indexes."""
    return int.from_bytes(sha256(index.to_bytes(8)).digest())


_NAMING: Final = frozenset((BOOKED, EXPIRED, SUCCESSOR))
_OF_TRANSFERS: Final = frozenset((ABOUT, ACCOUNT_HISTORY))


def _is_full(row: Row) -> bool:
    return isinstance(row[2], bytes) and len(row[2]) == WIDTH * HASH_LENGTH


def _has_ended(row: Row) -> bool:
    return isinstance(row[3], bytes) and row[3][0] != Standing.RESERVED


def _always(_row: Row) -> bool:
    return True


_SETTLING: Final[dict[Table, tuple[int, Callable[[Row], bool]]]] = {
    STATEMENT: (1, _always),
    ENDED: (2, _always),
    TILE: (1, _is_full),
    TRANSFER: (0, _has_ended),
    ACCOUNT_HISTORY: (1, _always),
    ABOUT: (1, _always),
    MOVEMENT: (1, _always),
    INTERVAL: (1, _always),
    SETTLED_INTERVAL: (1, _always),
    SETTLED: (2, _always),
    LATE: (1, _always),
}
"""Which rows stay as they are, and by how many columns of the key they lie together."""


def _before(value: Value) -> Value:
    """Return what comes just before the last part of a key."""
    match value:
        case int():
            return value - 1
        case bytes() if any(value):
            return (int.from_bytes(value) - 1).to_bytes(len(value))
    return b""


def _compare(table: Table, key: Key, expected: Row | None, there: Row | None, index: int) -> None:
    if expected == there:
        return
    if there is None:
        raise DifferenceError(table, key, "the row is missing", index)
    if expected is None:
        raise DifferenceError(table, key, "nothing in the log leads to this row", index)
    what = difference(table, expected, there)
    if what is not None:
        raise DifferenceError(table, key, what, index)


def _shown(key: Key) -> str:
    parts = (part.hex() if isinstance(part, bytes) else str(part) for part in key)
    return f"({', '.join(parts)})"
