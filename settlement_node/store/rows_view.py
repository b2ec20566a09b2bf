"""Rows in memory, read as a store is."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from settlement_node.store.tables import Key, Row, Table


class RowsView:
    """A view over rows that somebody has at hand."""

    def __init__(self, rows: Iterable[tuple[Table, Row]]) -> None:
        """Hold these rows."""
        self._rows: dict[Table, list[Row]] = {}
        for table, row in rows:
            self._rows.setdefault(table, []).append(row)
        for held in self._rows.values():
            held.sort()

    async def get(self, table: Table, key: Key) -> Row | None:
        """Return the whole row of a key."""
        rows = await self.scan(table, key, limit=1)
        return rows[0] if rows else None

    async def several(self, table: Table, keys: Iterable[Key]) -> list[Row]:
        """Return the whole rows of those of these keys that there are, in the order of keys."""
        found = [await self.get(table, key) for key in sorted(set(keys))]
        return [row for row in found if row is not None]

    async def scan(  # noqa: PLR0913 - each narrows what is read
        self,
        table: Table,
        prefix: Key = (),
        *,
        after: Key | None = None,
        until: Key | None = None,
        limit: int,
        reverse: bool = False,
    ) -> list[Row]:
        """Return the first rows whose key begins with `prefix`, in the order of keys."""
        rows = self._rows.get(table, [])
        low, high = (until, after) if reverse else (after, until)
        start, end = _first(rows, prefix), _behind(rows, prefix)
        if low is not None:
            start = max(start, _first(rows, low) if reverse else _behind(rows, low))
        if high is not None:
            end = min(end, _first(rows, high) if reverse else _behind(rows, high))
        found = rows[start:end]
        return found[::-1][:limit] if reverse else found[:limit]

    async def tables(self) -> tuple[Table, ...]:
        """Return the tables that have rows, by name."""
        return tuple(sorted(self._rows, key=lambda table: table.name))


def _first(rows: list[Row], bound: Key) -> int:
    """Find the first row whose key begins with this, or comes later."""
    return bisect_left(rows, bound, key=lambda row: row[: len(bound)])


def _behind(rows: list[Row], bound: Key) -> int:
    """Find the first row that comes after all whose key begins with this."""
    return bisect_right(rows, bound, key=lambda row: row[: len(bound)])
