"""Entries and bodies as they lie in the store: everything that reads them does so through here.

Rows are read before bundles and packs: what is packed meanwhile is missing among the rows, and by
then lies in its bundle.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from depin_protocol.log.merkle import leaf_hash
from settlement_node.log.bundles import unpack_entries
from settlement_node.log.packs import pack_bodies, unpack_bodies
from settlement_node.log.sealed import DamagedLogError, whole
from settlement_node.log.tables import BODY, BUNDLE, BUNDLE_WIDTH, ENTRY, PACK
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Delete, Put, Row, Table

_ERASED_AT_ONCE: Final = 256
ROWS_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Pack:
    """What a pack holds, and up to where."""

    first: int
    end: int
    bodies: dict[int, bytes]


class Kept(msgspec.Struct, frozen=True):
    """An entry, and its body unless that was erased."""

    index: int
    entry: bytes
    body: bytes | None


async def log_size(view: View) -> int:
    """Return how many entries the log has; the last one is never packed."""
    return max(await _outermost(view, ENTRY, last=True), default=-1) + 1


async def entry_at(view: View, index: int) -> bytes | None:
    """Return one entry."""
    return (await _entries(view, index, 1)).get(index)


async def body_at(view: View, index: int) -> bytes | None:
    """Return one body."""
    return (await bodies_at(view, [index])).get(index)


async def bodies_at(
    view: View, indexes: Iterable[int], packs: int | None = None
) -> dict[int, bytes]:
    """Return the bodies at these rising indexes that were not erased; open no pack twice.

    With a limit of packs, only those are returned that come before one pack more.
    """
    found: dict[int, bytes] = {}
    pack = _Pack(0, 0, {})
    opened = 0
    for index in indexes:
        rows = await _rows(view, BODY, index, index + 1)
        if not rows and index >= pack.end:
            if opened == packs:
                break
            there = await _pack_with(view, index)
            opened += there is not None
            pack = there or _Pack(index, index + 1, {})
        body = rows.get(index, pack.bodies.get(index))
        if body is not None:
            found[index] = body
    return found


async def entries(view: View, start: int, count: int) -> list[bytes]:
    """Return the entries that there are of so many from `start` on."""
    return list((await _entries(view, start, count)).values())


async def leaves(view: View, start: int, count: int) -> bytes:
    """Return the leaf hashes of so many entries, one after the other."""
    return b"".join(map(leaf_hash, await entries(view, start, count)))


async def kept(view: View, start: int, count: int) -> list[Kept]:
    """Return what there is of so many entries from `start` on, with their bodies."""
    bodies = await _rows(view, BODY, start, start + count)
    async for pack in _packs(view, start, min(bodies, default=start + count)):
        bodies = pack.bodies | bodies
    return await _beside(view, bodies, start, count)


async def portions(
    view: View, start: int, end: int | None = None
) -> AsyncIterator[tuple[range, list[Kept]]]:
    """Give all from `start` on, in portions: which entries there have to be, and which are."""
    end = await log_size(view) if end is None else end
    rows_from = min(await _outermost(view, ENTRY, last=False), default=0)
    while start < end:
        pack = await _pack_with(view, start)
        if pack is not None:
            stop, bodies = min(pack.end, end), pack.bodies
        elif start < rows_from:
            # All bodies here were erased; the next pack begins where a bundle does.
            stop, bodies = min((start // BUNDLE_WIDTH + 1) * BUNDLE_WIDTH, end), {}
        else:
            stop = min(start + ROWS_AT_ONCE, end)
            bodies = await _rows(view, BODY, start, stop)
        yield range(start, stop), await _beside(view, bodies, start, stop - start)
        start = stop


async def erasing(view: View, below: int) -> AsyncIterator[Change]:
    """Give what has to be committed, portion by portion, so that no body is left below an index.

    Oldest first: cut short, it is a beginning of the log that has no bodies.
    """
    async for change in _erasing_packs(view, below):
        yield change
    while rows := await view.scan(BODY, until=(below - 1,), limit=_ERASED_AT_ONCE):
        yield Delete(BODY, [row[:1] for row in rows])
    # Between two portions rows may have been packed.
    async for change in _erasing_packs(view, below):
        yield change


async def _erasing_packs(view: View, below: int) -> AsyncIterator[Change]:
    async for pack in _packs(view, 0, below):
        if pack.end <= below:
            yield Delete(PACK, [(pack.first,)])
        elif min(pack.bodies, default=below) < below:
            rest = [None] * (below - pack.first)
            left = [*rest, *(pack.bodies.get(index) for index in range(below, pack.end))]
            packed = await asyncio.to_thread(pack_bodies, left)
            yield Put(PACK, [(pack.first, len(left), packed)])


async def check_kept_once(view: View) -> None:
    """Raise DamagedLogError if something lies packed and as a row, or where nothing can."""
    start = min(await _outermost(view, ENTRY, last=False), default=0)
    for table, packed in ((BUNDLE, start // BUNDLE_WIDTH), (PACK, start)):
        for last in (False, True):
            for number in await _outermost(view, table, last=last):
                if not 0 <= number < packed:
                    raise DamagedLogError(
                        f"table {table.name} has a row {number}, though entries are rows from"
                        f" {start} on: nothing leads to it"
                    )
    for index in await _outermost(view, BODY, last=False):
        if index < start:
            raise DamagedLogError(
                f"the body of entry {index} is a row, though entries are rows from {start} on"
            )
    end = 0
    async for row in every_row(view, PACK, portion=1):
        first, count = int(row[0]), int(row[1])
        if first < end:
            raise DamagedLogError(f"the body of entry {first} lies in two packs")
        end = first + count


def bundle_name(number: int) -> str:
    """Say which entries a bundle holds."""
    first = number * BUNDLE_WIDTH
    return f"bundle {number} (entries {first} to {first + BUNDLE_WIDTH - 1})"


async def _entries(view: View, start: int, count: int) -> dict[int, bytes]:
    rows = await _rows(view, ENTRY, start, start + count)
    end = min(rows, default=start + count)
    found: dict[int, bytes] = {}
    for number in range(start // BUNDLE_WIDTH, -(-end // BUNDLE_WIDTH) if start < end else 0):
        row = await view.get(BUNDLE, (number,))
        if row is not None and isinstance(row[1], bytes):
            name = bundle_name(number)
            held = whole(unpack_entries(row[1], name), BUNDLE_WIDTH, name)
            found.update(enumerate(held, number * BUNDLE_WIDTH))
    return {index: found[index] for index in range(start, end) if index in found} | rows


async def _beside(view: View, bodies: dict[int, bytes], start: int, count: int) -> list[Kept]:
    found = await _entries(view, start, count)
    return [Kept(index, entry, bodies.get(index)) for index, entry in found.items()]


async def _outermost(view: View, table: Table, *, last: bool) -> list[int]:
    rows = await view.scan(table, limit=1, reverse=last)
    return [row[0] for row in rows if isinstance(row[0], int)]


async def _pack_with(view: View, index: int) -> _Pack | None:
    """Return the pack that an entry's body lies in."""
    rows = await view.scan(PACK, after=(index + 1,), limit=1, reverse=True)
    for pack in [await _unpacked(row) for row in rows if index < int(row[0]) + int(row[1])]:
        return pack
    return None


async def _packs(view: View, start: int, end: int) -> AsyncIterator[_Pack]:
    """Give the packs that the bodies of some entries lie in."""
    pack = await _pack_with(view, start) if start < end else None
    if pack is not None:
        yield pack
        start = pack.first
    while rows := await view.scan(PACK, after=(start,), until=(end - 1,), limit=1):
        yield await _unpacked(rows[0])
        start = int(rows[0][0])


async def _unpacked(row: Row) -> _Pack:
    match row:
        case int(first), int(count), bytes(packed):
            name = f"the pack of bodies {first} to {first + count - 1}"
            bodies = whole(await asyncio.to_thread(unpack_bodies, packed, name), count, name)
            held = {at: body for at, body in enumerate(bodies, first) if body is not None}
            return _Pack(first, first + count, held)
    raise TypeError(f"not the row of a pack: {row!r:.99}")


async def _rows(view: View, table: Table, start: int, end: int) -> dict[int, bytes]:
    rows = await view.scan(table, after=(start - 1,), until=(end - 1,), limit=end - start)
    return {
        index: data for index, data in rows if isinstance(index, int) and isinstance(data, bytes)
    }
