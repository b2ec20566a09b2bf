"""The changes of one commit, each row once."""

from collections.abc import Iterable

from settlement_node.store.tables import Change, Delete, Put, Row, Table


class Batch:
    """Collects changes; what is written to a row last is what is committed."""

    def __init__(self) -> None:
        """Begin with nothing to write."""
        self._rows: dict[Table, dict[Row, Row | None]] = {}

    def add(self, changes: Iterable[Change]) -> None:
        """Take more changes."""
        for change in changes:
            rows = self._rows.setdefault(change.table, {})
            match change:
                case Put(table=table, rows=written):
                    width = len(table.key)
                    rows.update((row[:width], row) for row in written)
                case Delete(keys=keys):
                    rows.update((key, None) for key in keys)

    def changes(self) -> list[Change]:
        """Return what there is to commit."""
        changes: list[Change] = []
        for table, rows in self._rows.items():
            written = tuple(row for row in rows.values() if row is not None)
            removed = tuple(key for key, row in rows.items() if row is None)
            if removed:
                changes.append(Delete(table, removed))
            if written:
                changes.append(Put(table, written))
        return changes
