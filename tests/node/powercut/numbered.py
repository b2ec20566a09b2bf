"""Commits that are numbered, so that what is left of them tells what was lost or torn."""

import asyncio
import os
import sys
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Final, get_args

from settlement_node.store.port import Store
from settlement_node.store.postgres import PostgresStore
from settlement_node.store.sqlite import SqliteStore
from settlement_node.store.sqlite_file import Synchronous
from settlement_node.store.tables import Put, Row, Table, binary, integers, text

COOP: Final = b"a co-op's name.."
ENTRY: Final = Table("entry", integers("index"), binary("entry"))
META: Final = Table("meta", text("name"), binary("value"))
LAST: Final = "last"

ROWS: Final = 3
AT_ONCE: Final = 8


def rows_of(number: int) -> list[Row]:
    """Return the rows of a commit, of lengths that fall on either side of a page."""
    digests = ((n, sha256(b"%d" % n).digest()) for n in range(number * ROWS, (number + 1) * ROWS))
    return [(n, digest * (1 + digest[0] + digest[1])) for n, digest in digests]


async def last_of(store: Store) -> int:
    """Return the number of the last commit, -1 if there was none."""
    row = await store.get(META, (LAST,))
    return -1 if row is None else int(bytes(row[1]) if isinstance(row[1], bytes) else b"")


async def check(store: Store) -> int:
    """Return the last commit's number; fail unless there are all rows up to it, and no more."""
    await store.check()
    last = await last_of(store)
    after: Row | None = None
    for number in range(last + 1):
        found = await store.scan(ENTRY, after=after, limit=ROWS)
        assert found == rows_of(number), f"commit {number} of {last} is torn"
        after = found[-1][:1]
    assert not await store.scan(ENTRY, after=after, limit=1), f"rows of a commit after {last}"
    return last


async def write(store: Store, at_once: int = AT_ONCE) -> None:
    """Commit for ever, several at once, and print each number when its commit has returned."""
    numbers = count(await last_of(store) + 1)

    async def commit() -> None:
        for number in numbers:
            rows = rows_of(number)
            await store.commit([Put(ENTRY, rows), Put(META, [(LAST, b"%d" % number)])])
            os.write(1, b"%d\n" % number)

    await asyncio.gather(*(commit() for _ in range(at_once)))


async def main() -> None:
    """Write into the store that the command line names."""
    engine, place, mode, *at_once = sys.argv[1:]
    store: Store
    if engine == "postgres":
        store = await PostgresStore.open(place, COOP, may_lose=mode == "off")
    else:
        (synchronous,) = (word for word in get_args(Synchronous.__value__) if word == mode)
        store = await SqliteStore.open(Path(place), COOP, synchronous=synchronous)
    await write(store, *map(int, at_once))


if __name__ == "__main__":
    asyncio.run(main())
