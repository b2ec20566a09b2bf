"""Rows that were decided and may not be stored yet, read together with those that are."""

from settlement_node.store.port import View
from settlement_node.store.tables import Change, Key, Put, Row, Table

_PORTION = 500


class FreshRows:
    """Holds rows until they are stored; no row of these tables is ever altered."""

    def __init__(self) -> None:
        """Begin with none."""
        self._rows: dict[Table, dict[Key, Row]] = {}

    def note(self, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        """Keep rows at hand that are about to be stored."""
        for change in changes:
            if isinstance(change, Put):
                width = len(change.table.key)
                held = self._rows.setdefault(change.table, {})
                held.update({row[:width]: row for row in change.rows})
        return changes

    def forget(self) -> None:
        """Let go of them: all is stored."""
        self._rows.clear()

    async def get(self, view: View, table: Table, key: Key) -> Row | None:
        """Return a row, stored or not."""
        return self._rows.get(table, {}).get(key) or await view.get(table, key)

    async def since(self, view: View, table: Table, owner: Key, first: Key) -> list[Row]:
        """Return the rows of an owner whose key, after it, is `first` or later, in order."""
        found = {
            key: row for key, row in self._rows.get(table, {}).items() if key[: len(owner)] == owner
        }
        after: Key | None = None
        while True:
            rows = await view.scan(table, owner, after=after, limit=_PORTION, reverse=True)
            found.update({row[: len(table.key)]: row for row in rows})
            if len(rows) < _PORTION or rows[-1][len(owner) :] < first:
                break
            after = rows[-1][: len(table.key)]
        return [found[key] for key in sorted(found) if key[len(owner) :] >= first]
