"""Which settled intervals go with an erasure: all that are older, and that nothing can correct."""

from collections.abc import AsyncIterator
from typing import Final

from settlement_node.market.settling.amending import LATEST
from settlement_node.market.settling.tables import LATE, SETTLED, SETTLED_INTERVAL
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Delete, Key

_AT_ONCE: Final = 1_000


async def erasing_settlements(view: View, below: int, at: int) -> AsyncIterator[Change]:
    """Give what has to be committed, portion by portion; `at` is the time of the root below."""
    for table in (SETTLED, SETTLED_INTERVAL, LATE):
        names = [column.name for column in table.key]
        entry, start = names.index("index"), names.index("start")
        keys: list[Key] = []
        async for row in every_row(view, table):
            match row[entry], row[start]:
                case (int(index), int(begun)) if index < below and begun < at - LATEST:
                    keys.append(row[: len(table.key)])
            if len(keys) == _AT_ONCE:
                yield Delete(table, keys)
                keys = []
        yield Delete(table, keys)
