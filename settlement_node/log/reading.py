"""Entries and bodies as they lie in the store: everything that reads them does so through here."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from depin_protocol.log.merkle import leaf_hash
from settlement_node.log.tables import BODY, ENTRY
from settlement_node.store.port import View
from settlement_node.store.tables import Change, Delete, Table

_ERASED_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry, and its body unless that was erased."""

    index: int
    entry: bytes
    body: bytes | None


async def log_size(view: View) -> int:
    """Return how many entries the log has."""
    for index, _ in await view.scan(ENTRY, limit=1, reverse=True):
        if isinstance(index, int):
            return index + 1
    return 0


async def entry_at(view: View, index: int) -> bytes | None:
    """Return one entry."""
    return (await _rows(view, ENTRY, index, 1)).get(index)


async def body_at(view: View, index: int) -> bytes | None:
    """Return one body."""
    return (await _rows(view, BODY, index, 1)).get(index)


async def entries(view: View, start: int, count: int) -> list[bytes]:
    """Return the entries that there are of so many from `start` on."""
    return list((await _rows(view, ENTRY, start, count)).values())


async def leaves(view: View, start: int, count: int) -> bytes:
    """Return the leaf hashes of so many entries, one after the other."""
    return b"".join(map(leaf_hash, await entries(view, start, count)))


async def kept(view: View, start: int, count: int) -> list[Kept]:
    """Return what there is of so many entries from `start` on, with their bodies."""
    found = await _rows(view, ENTRY, start, count)
    bodies = await _rows(view, BODY, start, count)
    return [Kept(index, entry, bodies.get(index)) for index, entry in found.items()]


async def erasing(view: View, below: int) -> AsyncIterator[Change]:
    """Give what has to be committed, portion by portion, so that no body is left below an index."""
    while rows := await view.scan(BODY, until=(below - 1,), limit=_ERASED_AT_ONCE):
        yield Delete(BODY, [row[:1] for row in rows])


async def _rows(view: View, table: Table, start: int, count: int) -> dict[int, bytes]:
    rows = await view.scan(table, after=(start - 1,), until=(start + count - 1,), limit=count)
    return {
        index: data for index, data in rows if isinstance(index, int) and isinstance(data, bytes)
    }
