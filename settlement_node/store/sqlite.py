"""A co-op's store in one SQLite file: one writer thread with group commit, readers beside it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, Self, cast

import apsw

from settlement_node.store import migrations
from settlement_node.store.errors import StoreError
from settlement_node.store.migrations import SCHEMA, Migration
from settlement_node.store.port import View
from settlement_node.store.selecting import SelectingView
from settlement_node.store.sqlite_file import (
    OwnersLock,
    Synchronous,
    connect,
    connect_reader,
    damaged,
    describe,
    empty_wal,
    in_our_words,
)
from settlement_node.store.sqlite_writer import Writer
from settlement_node.store.tables import Change, Row, Table, Value, check

_READERS: Final = 3


class _SqliteView(SelectingView):
    """Reading through connections that work in threads."""

    def __init__(self, threads: ThreadPoolExecutor, path: Path) -> None:
        super().__init__(mark="?")
        self._threads = threads
        self._path = path
        self._idle: list[apsw.Connection] = []

    async def tables(self) -> tuple[Table, ...]:
        """Return the tables that there really are, by name."""
        return await self._read(describe)

    async def _rows(self, sql: str, values: Sequence[Value]) -> list[Row]:
        def select(connection: apsw.Connection) -> list[Row]:
            # Our columns are of three types and never null; SQLite's own types allow for more.
            return cast("list[Row]", connection.execute(sql, values).fetchall())

        return await self._read(select)

    async def _read[T](self, work: Callable[[apsw.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._do, work)

    def _do[T](self, work: Callable[[apsw.Connection], T]) -> T:
        with self._connection() as connection, in_our_words(connection, self._path):
            return work(connection)

    @contextmanager
    def _connection(self) -> Iterator[apsw.Connection]:
        connection = self._idle.pop() if self._idle else connect_reader(self._path)
        try:
            yield connection
        finally:
            self._idle.append(connection)

    def _close_readers(self) -> None:
        self._threads.shutdown()
        while self._idle:
            self._idle.pop().close()


class SqliteStore(_SqliteView):
    """One co-op's tables in one file, which this process alone has open."""

    def __init__(
        self, path: Path, coop: bytes, schema: int, lock: OwnersLock, writer: Writer
    ) -> None:
        super().__init__(ThreadPoolExecutor(_READERS, "store-reader"), path)
        self._coop = coop
        self._schema = schema
        self._lock = lock
        self._writer = writer
        self._closed = False

    @classmethod
    async def open(
        cls,
        path: Path,
        coop: bytes,
        *,
        known: Sequence[Migration] | None = None,
        synchronous: Synchronous = "FULL",
    ) -> Self:
        """Open a co-op's file, made if it is not there and migrated if it is older.

        Less than FULL loses acknowledged rows in a power cut: it is there for the tests that
        show this.
        """
        if known is None:
            known = migrations.load(SCHEMA / "sqlite")

        lock = OwnersLock(path)
        with ExitStack() as undo:
            undo.callback(lock.release)
            connection = await asyncio.to_thread(connect, path, synchronous, known, coop)
            undo.pop_all()
        writer = Writer(connection, path, asyncio.get_running_loop())
        return cls(path, coop, len(known), lock, writer)

    @property
    def coop(self) -> bytes:
        """Whose store it is."""
        return self._coop

    @property
    def schema(self) -> int:
        """The number of the last migration."""
        return self._schema

    @property
    def failure(self) -> StoreError | None:
        """Why it takes nothing more though nobody has closed it."""
        return self._writer.failure

    async def commit(self, changes: Sequence[Change]) -> None:
        """Do all changes or, when it raises, none; they are on disk when it returns."""
        check(changes)
        await self._writer.commit(changes)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[View]:
        """Give a view that stands still while commits go on."""
        view = _Snapshot(self._path)
        try:
            await view.begin()
            yield view
        finally:
            await asyncio.to_thread(view.end)

    async def check(self) -> None:
        """Raise StoreDamagedError unless every page is in order; reads the whole file."""
        findings = await self._rows("PRAGMA integrity_check", ())
        if findings != [("ok",)]:
            raise damaged(self._path, "; ".join(str(finding) for (finding,) in findings[:5]))

    async def scrub(self) -> None:
        """Empty the write-ahead log; in the file itself, deleting overwrites.

        Where somebody is reading, the next start does it.
        """
        await asyncio.to_thread(empty_wal, self._path)

    async def close(self) -> None:
        """Let what is waiting be committed, then close."""
        if self._closed:
            return
        self._closed = True
        self._writer.stop()
        await asyncio.to_thread(self._let_go)

    def _let_go(self) -> None:
        self._close_readers()
        self._writer.join()
        self._lock.release()


class _Snapshot(_SqliteView):
    """One connection, in one thread, in one read transaction."""

    def __init__(self, path: Path) -> None:
        super().__init__(ThreadPoolExecutor(1, "store-snapshot"), path)

    async def begin(self) -> None:
        """Fix what is seen: SQLite does so at the first read."""
        await self._read(lambda connection: connection.execute("BEGIN"))
        await self._rows("SELECT count(*) FROM sqlite_schema", ())

    def end(self) -> None:
        """Let the past go."""
        self._close_readers()
