"""A process that appends numbered entries and packs them, until it is killed; and what it wrote."""

import asyncio
import os
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

from depin_protocol.encoding import from_text, to_text
from depin_protocol.log.entries import StatementEntry
from settlement_node.log.packing import pack_next
from settlement_node.log.reading import log_size
from settlement_node.log.tables import BODY, ENTRY
from settlement_node.store.opening import open_store
from settlement_node.store.port import Store
from settlement_node.store.tables import Put
from tests.protocol.spoken import COOP, NOON

COOP_ID: Final = from_text(COOP, 16)
AT_ONCE: Final = 512
LATER: Final = NOON + 10**9


def entry_of(index: int) -> bytes:
    """Return the entry of a number."""
    hash_ = to_text(sha256(b"%d" % index).digest())
    return StatementEntry(NOON + index, "readings", hash_).encode()


def body_of(index: int) -> bytes:
    """Return the body of a number."""
    return sha256(b"body %d" % index).digest() * (1 + index % 20)


async def append(store: Store, count: int) -> int:
    """Append so many entries; return how many there are."""
    size = await log_size(store)
    indexes = range(size, size + count)
    entries = Put(ENTRY, [(index, entry_of(index)) for index in indexes])
    await store.commit([entries, Put(BODY, [(index, body_of(index)) for index in indexes])])
    return size + count


async def main() -> None:
    """Append and pack for ever, and print how many entries are durable."""
    store = await open_store(Path(sys.argv[1]), COOP_ID)

    async def grow() -> None:
        while True:
            os.write(1, b"%d\n" % await append(store, AT_ONCE))

    async def pack() -> None:
        while True:
            if not await pack_next(store, await log_size(store), LATER):
                await asyncio.sleep(0.01)

    await asyncio.gather(grow(), pack())


if __name__ == "__main__":
    asyncio.run(main())
