"""Tables as a replay says they must be, against the tables that there are."""

from collections.abc import Iterable

from depin_protocol.log.merkle import HASH_LENGTH
from depin_protocol.log.tiles import HEIGHT, WIDTH
from depin_protocol.problems import RefusedError
from depin_protocol.statements.envelope import read_envelope, statement_hash
from settlement_node.intake.streams import STATEMENT, statement_row
from settlement_node.log.reading import body_at
from settlement_node.log.tables import TILE
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Clear, Delete, Key, Put, Row, Table


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
    """The rows that follow from the log, held only until they can't change any more."""

    def __init__(self, tables: Iterable[Table], view: View) -> None:
        """Compare these tables."""
        self._rows: dict[Table, dict[Key, Row]] = {table: {} for table in tables}
        self._settled = dict.fromkeys(self._rows, 0)
        self._view = view

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
        for table in (STATEMENT, TILE):
            rows = self._rows[table]
            final = [row for row in rows.values() if table is STATEMENT or _is_full(row)]
            there = await self._there(table, final)
            for row in final:
                key = row[: len(table.key)]
                _compare(table, key, row, there.get(key), index)
                del rows[key]
            self._settled[table] += len(final)

    async def _there(self, table: Table, rows: list[Row]) -> dict[Key, Row]:
        """Read these rows, whose keys end in numbers that follow each other, in a few scans."""
        numbers: dict[Key, list[int]] = {}
        width = len(table.key)
        for row in rows:
            last = row[width - 1]
            if isinstance(last, int):
                numbers.setdefault(row[: width - 1], []).append(last)
        there: dict[Key, Row] = {}
        for prefix, held in numbers.items():
            low, high = min(held), max(held)
            found = await self._view.scan(
                table,
                prefix,
                after=(*prefix, low - 1),
                until=(*prefix, high),
                limit=high - low + 1,
            )
            there.update((row[:width], row) for row in found)
        return there

    async def finish(self, index: int) -> None:
        """Compare all that is left."""
        for table, rows in self._rows.items():
            for key in sorted(rows):
                _compare(table, key, rows[key], await self._view.get(table, key), index)
            there = 0
            async for _ in every_row(self._view, table):
                there += 1
            if there != len(rows) + self._settled[table]:
                await self._name_surplus(table, index)

    async def _name_surplus(self, table: Table, index: int) -> None:
        """Find the row that nothing led to; the other rows were all found to be right."""
        rows = self._rows[table]
        async for row in every_row(self._view, table):
            key = row[: len(table.key)]
            if key not in rows and not await self._was_settled(table, row, index):
                _compare(table, key, None, row, index)

    async def _was_settled(self, table: Table, row: Row, index: int) -> bool:
        match row:
            case (int(level), int(number), bytes()) if table is TILE:
                return (number + 1) << HEIGHT * (level + 1) <= index
            case (bytes(), int(), bytes(), int(), bytes(), int(at)) if table is STATEMENT:
                body = await body_at(self._view, at)
                if body is None:
                    return False
                try:
                    header = read_envelope(body).header
                    return statement_row(header, statement_hash(body), at) == row
                except RefusedError:
                    return False
        return False


def _is_full(row: Row) -> bool:
    return isinstance(row[2], bytes) and len(row[2]) == WIDTH * HASH_LENGTH


def _compare(table: Table, key: Key, expected: Row | None, there: Row | None, index: int) -> None:
    if expected == there:
        return
    if there is None:
        raise DifferenceError(table, key, "the row is missing", index)
    if expected is None:
        raise DifferenceError(table, key, "nothing in the log leads to this row", index)
    columns = (*table.key, *table.value)
    for column, wanted, found in zip(columns, expected, there, strict=True):
        if wanted != found:
            what = f"{column.name} is {found!r:.200}, where the log leads to {wanted!r:.200}"
            raise DifferenceError(table, key, what, index)


def _shown(key: Key) -> str:
    parts = (part.hex() if isinstance(part, bytes) else str(part) for part in key)
    return f"({', '.join(parts)})"
