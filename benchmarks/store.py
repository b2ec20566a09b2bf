"""Rows per second of our commits, beside the engine's own way of inserting the same rows.

benchmarks/store.py [postgresql://...]
"""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import apsw
import asyncpg

from settlement_node.store.port import Store
from settlement_node.store.postgres import PostgresStore
from settlement_node.store.sqlite import SqliteStore
from settlement_node.store.tables import Put, Row, Table, binary, integers

ROUNDS = 7
BATCHES = {1: 300, 10: 200, 100: 100, 1000: 20}
AT_ONCE = 32
COOP = b"a co-op's name.."
ENTRY = Table("entry", integers("index"), binary("entry"))
RAW = "CREATE TABLE raw (number INTEGER NOT NULL PRIMARY KEY, entry BLOB NOT NULL) STRICT"
RAW_LARGE = """
CREATE TABLE IF NOT EXISTS raw (
    coop_id bytea, number bigint, entry bytea NOT NULL, PRIMARY KEY (coop_id, number)
)
"""
CONTENT = os.urandom(300)

type Insert = Callable[[list[list[Row]]], Awaitable[None]]


def batches(first: int, size: int, count: int) -> list[list[Row]]:
    """Make rows of 300 bytes, so many a batch."""
    return [[(first + batch * size + n, CONTENT) for n in range(size)] for batch in range(count)]


def ours_one_by_one(store: Store) -> Insert:
    """Commit each batch when the one before it has returned."""

    async def insert(rows: list[list[Row]]) -> None:
        for batch in rows:
            await store.commit([Put(ENTRY, batch)])

    return insert


def ours_at_once(store: Store) -> Insert:
    """Commit with several callers, each waiting for its own: what group commit is for."""

    async def insert(rows: list[list[Row]]) -> None:
        left: Iterator[list[Row]] = iter(rows)

        async def work() -> None:
            for batch in left:
                await store.commit([Put(ENTRY, batch)])

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    return insert


def raw_sqlite(path: Path) -> Insert:
    """Insert with APSW alone, in this thread."""
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "FULL")
    connection.execute(RAW)

    async def insert(rows: list[list[Row]]) -> None:
        for batch in rows:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO raw VALUES (?, ?)", batch)
            connection.execute("COMMIT")

    return insert


async def raw_postgres(url: str) -> Insert:
    """Insert with asyncpg's COPY alone."""
    connection = await asyncpg.connect(url)
    await connection.execute(RAW_LARGE)
    await connection.execute("TRUNCATE raw")

    async def insert(rows: list[list[Row]]) -> None:
        for batch in rows:
            await connection.copy_records_to_table("raw", records=[(COOP, *row) for row in batch])

    return insert


async def measure(raw: Insert, one_by_one: Insert, at_once: Insert, name: str) -> None:
    """Print the rows a second of each batch size, medians of interleaved rounds."""
    first = 0
    for size, count in BATCHES.items():
        seconds: dict[Insert, list[float]] = {raw: [], one_by_one: [], at_once: []}
        for _ in range(ROUNDS):
            for insert, taken in seconds.items():
                rows = batches(first, size, count)
                first += size * count
                begin = perf_counter()
                await insert(rows)
                taken.append(perf_counter() - begin)
        rates = [size * count / median(taken) for taken in seconds.values()]
        ratios = [
            median(base / ours for base, ours in zip(seconds[raw], seconds[way], strict=True))
            for way in (one_by_one, at_once)
        ]
        print(
            f"{name:<10}{size:>6}{rates[0]:>12,.0f}{rates[1]:>12,.0f}{ratios[0]:>7.2f}"
            f"{rates[2]:>12,.0f}{ratios[1]:>7.2f}"
        )


async def tabled(databases: Sequence[str]) -> None:
    """Print one table; with a PostgreSQL URL, of both engines."""
    print(
        f"{'':<10}{'batch':>6}{'raw rows/s':>12}{'one by one':>12}{'ratio':>7}"
        f"{f'{AT_ONCE} at once':>12}{'ratio':>7}"
    )
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        lite = await SqliteStore.open(Path(folder) / "store", COOP)
        raw = raw_sqlite(Path(folder) / "raw")
        await measure(raw, ours_one_by_one(lite), ours_at_once(lite), "SQLite")
        await lite.close()
    for url in databases:
        large = await PostgresStore.open(url, COOP)
        large_raw = await raw_postgres(url)
        await measure(large_raw, ours_one_by_one(large), ours_at_once(large), "PostgreSQL")
        await large.close()


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "databases", nargs="*", metavar="URL", help="an empty PostgreSQL database, to measure too"
    )
    asyncio.run(tabled(parser.parse_args().databases))


if __name__ == "__main__":
    main()
