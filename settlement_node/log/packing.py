"""Old rows become bundles and packs, whole ones at a time, each in one commit."""

import asyncio

from depin_protocol.log.entries import read_entry
from settlement_node.log.bundles import pack_entries
from settlement_node.log.packs import pack_bodies
from settlement_node.log.sealed import DamagedLogError
from settlement_node.log.tables import (
    BODY,
    BUNDLE,
    BUNDLE_WIDTH,
    CHECKPOINT,
    ENTRY,
    PACK,
    PACK_BYTES,
    PACK_WIDTH,
)
from settlement_node.store.port import Store, View
from settlement_node.store.tables import Change, Delete, Put, Row


async def pack_next(store: Store, published: int, before: int) -> bool:
    """Pack the oldest rows, if a whole pack is published and was logged before an instant.

    The last entry stays a row: by it the log's size is known.
    """
    oldest = await store.scan(ENTRY, limit=1)
    start = int(oldest[0][0]) if oldest else 0
    if start + PACK_WIDTH >= published:
        return False
    last = await store.get(ENTRY, (start + PACK_WIDTH - 1,))
    if last is not None and isinstance(last[1], bytes) and read_entry(last[1]).at >= before:
        return False
    bodies: list[Row] = []
    end = start
    while end < start + PACK_WIDTH and _bytes_of(bodies) < PACK_BYTES:
        end += BUNDLE_WIDTH
        after = (end - BUNDLE_WIDTH - 1,)
        bodies += await store.scan(BODY, after=after, until=(end - 1,), limit=BUNDLE_WIDTH)
    entries = await store.scan(ENTRY, limit=end - start)
    if start % BUNDLE_WIDTH or [row[0] for row in entries] != list(range(start, end)):
        raise DamagedLogError(
            f"entries {start} to {end - 1} are not all there: run `settlement-node verify`"
        )
    changes = await asyncio.to_thread(_packed, start, entries, bodies)
    changes += await _thinned(store, start, end)
    await store.commit(changes)
    return True


def _bytes_of(rows: list[Row]) -> int:
    return sum(len(row[1]) for row in rows if isinstance(row[1], bytes))


def _packed(start: int, entries: list[Row], bodies: list[Row]) -> list[Change]:
    """Pack rows, and remove them."""
    written = [row[1] for row in entries if isinstance(row[1], bytes)]
    bundles = [
        ((start + at) // BUNDLE_WIDTH, pack_entries(written[at : at + BUNDLE_WIDTH]))
        for at in range(0, len(written), BUNDLE_WIDTH)
    ]
    changes: list[Change] = [
        Put(BUNDLE, bundles),
        Delete(ENTRY, [row[:1] for row in entries]),
        Delete(BODY, [row[:1] for row in bodies]),
    ]
    held = {row[0]: row[1] for row in bodies if isinstance(row[1], bytes)}
    if held:
        packed = pack_bodies([held.get(index) for index in range(start, start + len(entries))])
        changes.append(Put(PACK, [(start, len(entries), packed)]))
    return changes


async def _thinned(view: View, start: int, end: int) -> list[Change]:
    """Keep one checkpoint of a pack's entries: all earlier ones follow from it."""
    signed = await view.scan(CHECKPOINT, after=(start,), until=(end,), limit=end - start)
    return [Delete(CHECKPOINT, [row[:1] for row in signed[:-1]])]
