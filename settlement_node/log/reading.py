"""Entries and bodies as they lie in the store: everything that reads them does so through here.

Rows are read before bundles and packs: what is packed meanwhile is missing among the rows, and by
then lies in its bundle.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Final

from depin_protocol.log.merkle import leaf_hash
from settlement_node.log.bundles import unpack_entries
from settlement_node.log.packs import pack_bodies, unpack_bodies
from settlement_node.log.tables import BODY, BUNDLE, BUNDLE_WIDTH, ENTRY, PACK, PACK_WIDTH
from settlement_node.store.port import View
from settlement_node.store.tables import Change, Delete, Put, Table

_ERASED_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry, and its body unless that was erased."""

    index: int
    entry: bytes
    body: bytes | None


async def log_size(view: View) -> int:
    """Return how many entries the log has; the last one is never packed."""
    for index, _ in await view.scan(ENTRY, limit=1, reverse=True):
        if isinstance(index, int):
            return index + 1
    return 0


async def entry_at(view: View, index: int) -> bytes | None:
    """Return one entry."""
    return (await _entries(view, index, 1)).get(index)


async def body_at(view: View, index: int) -> bytes | None:
    """Return one body."""
    return (await bodies_at(view, [index])).get(index)


async def bodies_at(view: View, indexes: Iterable[int]) -> dict[int, bytes]:
    """Return the bodies at these rising indexes that were not erased; open no pack twice."""
    found: dict[int, bytes] = {}
    packs: dict[int, list[int]] = {}
    for index in indexes:
        rows = await _rows(view, BODY, index, index + 1)
        found |= rows
        if not rows:
            packs.setdefault(index // PACK_WIDTH, []).append(index)
    for number, lacking in packs.items():
        bodies = await _pack(view, number)
        found |= {index: bodies[index] for index in lacking if index in bodies}
    return dict(sorted(found.items()))


async def entries(view: View, start: int, count: int) -> list[bytes]:
    """Return the entries that there are of so many from `start` on."""
    return list((await _entries(view, start, count)).values())


async def leaves(view: View, start: int, count: int) -> bytes:
    """Return the leaf hashes of so many entries, one after the other."""
    return b"".join(map(leaf_hash, await entries(view, start, count)))


async def kept(view: View, start: int, count: int) -> list[Kept]:
    """Return what there is of so many entries from `start` on, with their bodies.

    What lies in one pack is best asked for at once, since a pack is unpacked whole.
    """
    found = await _entries(view, start, count)
    bodies = await _bodies(view, start, count)
    return [Kept(index, entry, bodies.get(index)) for index, entry in found.items()]


async def erasing(view: View, below: int) -> AsyncIterator[Change]:
    """Give what has to be committed, portion by portion, so that no body is left below an index."""
    for number in range(-(-below // PACK_WIDTH)):
        first, end = number * PACK_WIDTH, (number + 1) * PACK_WIDTH
        if end <= below:
            yield Delete(PACK, [(number,)])
        elif bodies := await _pack(view, number):
            left = [bodies.get(index) if index >= below else None for index in range(first, end)]
            yield Put(PACK, [(number, await asyncio.to_thread(pack_bodies, left))])
    while rows := await view.scan(BODY, until=(below - 1,), limit=_ERASED_AT_ONCE):
        yield Delete(BODY, [row[:1] for row in rows])


def bundle_name(number: int) -> str:
    """Say which entries a bundle holds."""
    first = number * BUNDLE_WIDTH
    return f"bundle {number} (entries {first} to {first + BUNDLE_WIDTH - 1})"


def pack_name(number: int) -> str:
    """Say whose bodies a pack holds."""
    first = number * PACK_WIDTH
    return f"pack {number} (the bodies of entries {first} to {first + PACK_WIDTH - 1})"


async def _entries(view: View, start: int, count: int) -> dict[int, bytes]:
    rows = await _rows(view, ENTRY, start, start + count)
    end = min(rows, default=start + count)
    found: dict[int, bytes] = {}
    for number in _numbers(start, end, BUNDLE_WIDTH):
        row = await view.get(BUNDLE, (number,))
        if row is not None and isinstance(row[1], bytes):
            held = unpack_entries(row[1], bundle_name(number))
            found.update(enumerate(held, number * BUNDLE_WIDTH))
    return {index: found[index] for index in range(start, end) if index in found} | rows


async def _bodies(view: View, start: int, count: int) -> dict[int, bytes]:
    rows = await _rows(view, BODY, start, start + count)
    end = min(rows, default=start + count)
    found: dict[int, bytes] = {}
    for number in _numbers(start, end, PACK_WIDTH):
        found |= await _pack(view, number)
    return {index: found[index] for index in range(start, end) if index in found} | rows


async def _pack(view: View, number: int) -> dict[int, bytes]:
    row = await view.get(PACK, (number,))
    if row is None or not isinstance(row[1], bytes):
        return {}
    bodies = await asyncio.to_thread(unpack_bodies, row[1], pack_name(number))
    held = enumerate(bodies, number * PACK_WIDTH)
    return {index: body for index, body in held if body is not None}


async def _rows(view: View, table: Table, start: int, end: int) -> dict[int, bytes]:
    rows = await view.scan(table, after=(start - 1,), until=(end - 1,), limit=end - start)
    return {
        index: data for index, data in rows if isinstance(index, int) and isinstance(data, bytes)
    }


def _numbers(start: int, end: int, width: int) -> range:
    """Give the numbers of the packs that entries would lie in."""
    return range(start // width, -(-end // width)) if start < end else range(0)
