"""A co-op's store in PostgreSQL: the same tables, with the co-op leading each key."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, Self

import asyncpg

from settlement_node.store import migrations
from settlement_node.store.errors import (
    CommitUnknownError,
    RefusedError,
    RowError,
    StoreClosedError,
    StoreDamagedError,
    StoreError,
    StoreFencedError,
    StoreFullError,
    StoreUnreachableError,
)
from settlement_node.store.migrations import SCHEMA, Migration
from settlement_node.store.port import View
from settlement_node.store.postgres_errors import GONE, in_our_words
from settlement_node.store.postgres_owner import (
    SECONDS_TO_ANSWER,
    Connection,
    Owner,
    connect,
    migrate,
    refuse_unsafe,
)
from settlement_node.store.selecting import SelectingView
from settlement_node.store.tables import Change, Column, Kind, Row, Table, Value, check

_READERS: Final = 4
_MOST_BATCHES: Final = 4_096
_SECONDS_TO_PART: Final = 3.0
_SECONDS_BETWEEN_LOOKS: Final = 5.0
"""An idle store asks the database so often whether it is there still."""

_SECONDS_TO_SCRUB: Final = 86_400.0
"""A large table takes its time, and nobody waits for it."""

_KINDS: Final = {"bigint": Kind.INT, "bytea": Kind.BYTES, "text": Kind.TEXT}

type Pool = asyncpg.Pool[asyncpg.Record]

# Every table that has a co-op's rows, with each column's place in the key, 0 for none.
_DESCRIBE: Final = """
SELECT held.relname, att.attname, format_type(att.atttypid, NULL),
    coalesce(array_position(con.conkey, att.attnum), 0)
FROM pg_class AS held
JOIN pg_attribute AS att ON att.attrelid = held.oid AND att.attnum > 0 AND NOT att.attisdropped
JOIN pg_constraint AS con ON con.conrelid = held.oid AND con.contype = 'p'
WHERE held.relnamespace = current_schema()::regnamespace AND held.relkind = 'r'
    AND held.relname NOT IN ('store_migration', 'store_coop') AND att.attname <> 'coop_id'
ORDER BY held.relname COLLATE "C", att.attnum
"""


class _PostgresView(SelectingView):
    """Reading, over whichever connection is free."""

    def __init__(self, coop: bytes) -> None:
        super().__init__(mark="$", leads=(coop,))

    async def tables(self) -> tuple[Table, ...]:
        """Return the tables that there really are, by name."""
        found: dict[str, list[tuple[int, Column]]] = {}
        for name, column, kind, place in await self._rows(_DESCRIBE, ()):
            described = int(place), Column(str(column), _KINDS[str(kind)])
            found.setdefault(str(name), []).append(described)
        return tuple(
            Table(
                name,
                tuple(column for place, column in sorted(columns, key=_place) if place),
                tuple(column for place, column in columns if not place),
            )
            for name, columns in found.items()
        )


@dataclass(frozen=True, slots=True)
class _Waiting:
    changes: Sequence[Change]
    done: asyncio.Future[None]

    def tell(self, error: StoreError | None) -> None:
        """Answer who waits, unless that has been cancelled."""
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


def _looking() -> _Waiting:
    """Make a batch of nothing, for which nobody waits: it asks who owns the rows."""
    looking = _Waiting((), asyncio.get_running_loop().create_future())
    looking.done.add_done_callback(asyncio.Future.exception)
    return looking


class PostgresStore(_PostgresView):
    """One co-op's rows, which this process alone may write."""

    def __init__(self, url: str, owner: Owner, schema: int, readers: Pool) -> None:
        super().__init__(owner.coop)
        self._url = url
        self._owner = owner
        self._schema = schema
        self._readers = readers
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._stopped: StoreError | None = None
        self._writer = asyncio.create_task(self._write())
        owner.connection.add_termination_listener(self._look)

    @classmethod
    async def open(
        cls,
        url: str,
        coop: bytes,
        *,
        known: Sequence[Migration] | None = None,
        take_over: bool = False,
        may_lose: bool = False,
    ) -> Self:
        """Become the owner of a co-op's rows, migrating the database if it is older.

        `take_over` shuts out an owner that cannot be reached. `may_lose` accepts a server that
        loses commits in a power cut: it is there for the tests that show this.
        """
        if known is None:
            known = migrations.load(SCHEMA / "postgres")
        with in_our_words(), ExitStack() as undo:
            connection = await connect(url)
            undo.callback(connection.terminate)
            if not may_lose:
                await refuse_unsafe(connection)
            await migrate(connection, known)
            owner = await Owner.begin(connection, coop, take_over=take_over)
            readers = await asyncpg.create_pool(
                url, min_size=0, max_size=_READERS, command_timeout=SECONDS_TO_ANSWER
            )
            undo.pop_all()
        return cls(url, owner, len(known), readers)

    @property
    def coop(self) -> bytes:
        """Whose store it is."""
        return self._owner.coop

    @property
    def schema(self) -> int:
        """The number of the last migration."""
        return self._schema

    @property
    def failure(self) -> StoreError | None:
        """Why it takes nothing more though nobody has closed it."""
        return None if isinstance(self._stopped, StoreClosedError) else self._stopped

    async def commit(self, changes: Sequence[Change]) -> None:
        """Do all changes or, when it raises, none; they are on disk when it returns."""
        check(changes)
        if self._stopped is not None:
            raise self._refusal()
        waiting = _Waiting(changes, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        await waiting.done

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[View]:
        """Give a view that stands still while commits go on."""
        with in_our_words():
            connection = await connect(self._url)
        try:
            with in_our_words():
                await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                await connection.execute("SELECT 1")
            yield _Snapshot(self.coop, connection)
        finally:
            connection.terminate()

    async def check(self) -> None:
        """Raise StoreDamagedError unless every row can be read; reads all of the co-op's."""
        for table in await self.tables():
            # Sorting by whole rows reads each, long ones from where they are kept apart too.
            await self._rows(
                f'SELECT max(md5("{table.name}"::text)) FROM "{table.name}" WHERE coop_id = $1',  # noqa: S608
                (self.coop,),
            )

    async def scrub(self) -> None:
        """Let the space of deleted rows be written over; only VACUUM FULL does so at once."""
        with in_our_words():
            for table in await self.tables():
                await self._readers.execute(f'VACUUM "{table.name}"', timeout=_SECONDS_TO_SCRUB)

    async def close(self) -> None:
        """Let what is waiting be committed, then close."""
        if self._writer.done():
            return
        self._stopped = self._stopped or StoreClosedError("it was closed")
        self._queue.put_nowait(None)
        await self._writer
        with suppress(*GONE):
            async with asyncio.timeout(_SECONDS_TO_PART):
                await self._readers.close()
        with suppress(*GONE):
            await self._owner.connection.close(timeout=_SECONDS_TO_PART)

    async def _rows(self, sql: str, values: Sequence[Value]) -> list[Row]:
        with in_our_words():
            async with self._readers.acquire() as connection:
                return [tuple(row) for row in await connection.fetch(sql, *values)]

    def _look(self, _connection: object) -> None:
        """Learn at once, and not at the next commit, whether the owner is another one now."""
        if self._stopped is None:
            self._queue.put_nowait(_looking())

    def _refusal(self) -> StoreClosedError:
        return StoreClosedError(f"the store takes nothing more: {self._stopped}")

    async def _write(self) -> None:
        """Commit batches in the order they came, as many at once as are waiting."""
        taken: list[_Waiting] = []
        try:
            while taken := await self._take():
                outcomes = await self._committed([waiting.changes for waiting in taken])
                for waiting, error in zip(taken, outcomes, strict=True):
                    waiting.tell(error)
        finally:
            # Reached early only by a mistake of ours: nobody may wait for ever because of it.
            self._stopped = self._stopped or StoreClosedError("its writer has ended")
            while not self._queue.empty():
                left = self._queue.get_nowait()
                taken += [left] if left else []
            for waiting in taken:
                waiting.tell(self._refusal())

    async def _take(self) -> list[_Waiting]:
        """Wait for a batch, and take all that wait behind it; none when it is time to end."""
        next_one = await self._next()
        taken = []
        while next_one is not None:
            taken.append(next_one)
            if self._queue.empty() or len(taken) == _MOST_BATCHES:
                return taken
            next_one = self._queue.get_nowait()
        self._queue.put_nowait(None)
        return taken

    async def _next(self) -> _Waiting | None:
        """Wait for a batch; where none comes for a while, take a look instead."""
        try:
            async with asyncio.timeout(_SECONDS_BETWEEN_LOOKS):
                return await self._queue.get()
        except TimeoutError:
            return _looking()

    async def _committed(self, batches: Sequence[Sequence[Change]]) -> list[StoreError | None]:
        """Commit all at once or, if one spoils it, each alone; return what went wrong for each."""
        error = await self._transaction(batches)
        if not _spoils_only_itself(error) or len(batches) == 1:
            return [error] * len(batches)
        return [await self._transaction([batch]) for batch in batches]

    async def _transaction(self, batches: Sequence[Sequence[Change]]) -> StoreError | None:
        if self._stopped is not None and not isinstance(self._stopped, StoreClosedError):
            return self._refusal()
        try:
            kept = await self._attempt(batches) or await self._attempt(batches)
            if not kept:
                raise StoreUnreachableError(
                    "the database's connection broke twice in one commit, and nothing of it was"
                    " kept: see why PostgreSQL ends connections, then start the node again"
                )
        except StoreError as error:
            if not _spoils_only_itself(error) and not isinstance(error, StoreFullError):
                self._stopped = error
            return error
        return None

    async def _attempt(self, batches: Sequence[Sequence[Change]]) -> bool:
        """Commit once; tell whether it was kept, having asked again if the connection broke."""
        if not any(batches):
            await self._see_that_it_answers()
            return True
        committing = False
        try:
            with in_our_words():
                await self._owner.write(batches)
                committing = True
                await self._owner.commit()
        except StoreUnreachableError as lost:
            return await self._resume(lost, committing=committing)
        except StoreError:
            await self._roll_back()
            raise
        return True

    async def _see_that_it_answers(self) -> None:
        try:
            with in_our_words():
                await self._owner.connection.execute("SELECT 1")
        except StoreUnreachableError as lost:
            await self._resume(lost, committing=False)

    async def _roll_back(self) -> None:
        # A connection that breaks here has rolled back too; the next commit finds it broken.
        with suppress(*GONE):
            await self._owner.connection.execute("ROLLBACK")

    async def _resume(self, lost: StoreUnreachableError, *, committing: bool) -> bool:
        """Connect again, for as long as a restart of the server may take."""
        self._owner.connection.terminate()
        loop = asyncio.get_running_loop()
        until = loop.time() + SECONDS_TO_ANSWER
        while loop.time() < until:
            try:
                return await self._reconnected()
            except (StoreFencedError, StoreDamagedError):
                raise
            except StoreError:
                await asyncio.sleep(0.1)
        if not committing:
            raise lost
        raise CommitUnknownError(
            f"the database went away during a commit ({lost}); whether it was kept shows when the"
            " node is started again"
        ) from lost

    async def _reconnected(self) -> bool:
        """Be the owner over a new connection; tell whether the commit under way was kept."""
        with in_our_words(), ExitStack() as undo:
            connection = await connect(self._url)
            undo.callback(connection.terminate)
            kept = await self._owner.resume(connection)
            undo.pop_all()
        connection.add_termination_listener(self._look)
        return kept


class _Snapshot(_PostgresView):
    """One connection in one read transaction."""

    def __init__(self, coop: bytes, connection: Connection) -> None:
        super().__init__(coop)
        self._connection = connection
        self._one_at_a_time = asyncio.Lock()

    async def _rows(self, sql: str, values: Sequence[Value]) -> list[Row]:
        with in_our_words():
            async with self._one_at_a_time:
                return [tuple(row) for row in await self._connection.fetch(sql, *values)]


def _place(described: tuple[int, Column]) -> int:
    return described[0]


def _spoils_only_itself(error: StoreError | None) -> bool:
    return isinstance(error, RowError | RefusedError)
