"""Old rows become bundles and packs, whole ones at a time, each in one commit."""

import asyncio
from typing import Final

from settlement_node.log.bundles import pack_entries
from settlement_node.log.entries import read_entry
from settlement_node.log.packs import pack_bodies
from settlement_node.log.sealed import DamagedLogError
from settlement_node.log.tables import (
    BODY,
    BUNDLE,
    BUNDLE_WIDTH,
    CHECKPOINT,
    ENTRY,
    PACK,
    PACK_WIDTH,
)
from settlement_node.store.port import Store, View
from settlement_node.store.tables import Change, Delete, Put, Row

_BUNDLES: Final = PACK_WIDTH // BUNDLE_WIDTH


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
    entries = await store.scan(ENTRY, limit=PACK_WIDTH)
    indexes = range(start, start + PACK_WIDTH)
    if start % PACK_WIDTH or [row[0] for row in entries] != list(indexes):
        raise DamagedLogError(
            f"entries {start} to {indexes[-1]} are not all there: run `settlement-node verify`"
        )
    bodies = await store.scan(BODY, until=(indexes[-1],), limit=PACK_WIDTH)
    changes = await asyncio.to_thread(_packed, start, entries, bodies)
    changes += await _thinned(store, start)
    await store.commit(changes)
    return True


def _packed(start: int, entries: list[Row], bodies: list[Row]) -> list[Change]:
    """Pack rows, and remove them."""
    written = [row[1] for row in entries if isinstance(row[1], bytes)]
    first = start // BUNDLE_WIDTH
    bundles = [
        (first + number, pack_entries(written[number * BUNDLE_WIDTH :][:BUNDLE_WIDTH]))
        for number in range(_BUNDLES)
    ]
    held = {row[0]: row[1] for row in bodies if isinstance(row[1], bytes)}
    changes: list[Change] = [
        Put(BUNDLE, bundles),
        Delete(ENTRY, [row[:1] for row in entries]),
        Delete(BODY, [row[:1] for row in bodies]),
    ]
    if held:
        packed = pack_bodies([held.get(index) for index in range(start, start + PACK_WIDTH)])
        changes.append(Put(PACK, [(start // PACK_WIDTH, packed)]))
    return changes


async def _thinned(view: View, start: int) -> list[Change]:
    """Keep one checkpoint of a pack's entries: all earlier ones follow from it."""
    signed = await view.scan(
        CHECKPOINT, after=(start,), until=(start + PACK_WIDTH,), limit=PACK_WIDTH
    )
    return [Delete(CHECKPOINT, [row[:1] for row in signed[:-1]])]
