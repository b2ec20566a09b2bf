"""Whole tables, read in portions."""

from collections.abc import AsyncIterator
from typing import Final

from settlement_node.store.port import View
from settlement_node.store.tables import Row, Table

_PORTION: Final = 2_000


async def every_row(
    store: View, table: Table, *, after: Row | None = None, portion: int = _PORTION
) -> AsyncIterator[Row]:
    """Give every row of a table in key order, those after a key if one is given."""
    while True:
        rows = await store.scan(table, after=after, limit=portion)
        for row in rows:
            yield row
        if len(rows) < portion:
            return
        after = rows[-1][: len(table.key)]
