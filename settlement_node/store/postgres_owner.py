"""Being the one owner of a co-op's rows: an advisory lock, and an epoch that each commit checks."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import batched
from typing import Final, Self

import asyncpg

from settlement_node.store import migrations
from settlement_node.store.errors import (
    RefusedError,
    StoreDamagedError,
    StoreFencedError,
    StoreOwnedError,
    UnsafeDatabaseError,
)
from settlement_node.store.migrations import Applied, Migration
from settlement_node.store.selecting import COOP, quoted
from settlement_node.store.tables import Change, Column, Kind, Row, Table, TableChanges, merged

type Connection = asyncpg.Connection[asyncpg.Record]

SECONDS_TO_ANSWER: Final = 30.0

SECONDS_TO_LET_GO: Final = 5.0
"""How long the server may take to see that an owner was killed, which is then started again."""

_MIGRATING: Final = int.from_bytes(sha256(b"depin store migration").digest()[:8], signed=True)
_ROWS_AT_ONCE: Final = 10_000
_ARRAYS: Final = {Kind.INT: "bigint[]", Kind.BYTES: "bytea[]", Kind.TEXT: "text[]"}

_OWN_TABLES: Final = """
CREATE TABLE IF NOT EXISTS store_migration (
    number bigint PRIMARY KEY, name text NOT NULL, digest text NOT NULL
);
CREATE TABLE IF NOT EXISTS store_coop (
    coop_id bytea PRIMARY KEY, epoch bigint NOT NULL, commits bigint NOT NULL
);
"""
_HOLDERS: Final = """
SELECT pid FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid::bigint = $1 AND objid::bigint = $2
"""


async def connect(url: str) -> Connection:
    """Open a connection on which a commit that returned is on disk."""
    connection = await asyncpg.connect(
        url, timeout=SECONDS_TO_ANSWER, command_timeout=SECONDS_TO_ANSWER
    )
    # A stricter setting, such as remote_apply, stays as the server has it.
    await connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
    )
    return connection


async def refuse_unsafe(connection: Connection) -> None:
    """Raise UnsafeDatabaseError if the server may lose what it has acknowledged."""
    for name in ("fsync", "full_page_writes"):
        if await connection.fetchval("SELECT current_setting($1)", name) == "off":
            raise UnsafeDatabaseError(
                f"PostgreSQL runs with {name} = off and loses commits in a power cut: set it to on"
                " and restart PostgreSQL"
            )


async def migrate(connection: Connection, known: Sequence[Migration]) -> None:
    """Bring the database's tables up to date, one process at a time."""
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
        if await connection.fetchval("SELECT to_regclass('store_coop')") is None:
            await connection.execute(_OWN_TABLES)
        rows = await connection.fetch("SELECT number, name, digest FROM store_migration ORDER BY 1")
        for migration in migrations.missing(known, [Applied(*row) for row in rows]):
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO store_migration VALUES ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.digest,
            )


@dataclass(slots=True)
class Owner:
    """The connection that holds a co-op's lock, and alone writes its rows."""

    connection: Connection
    coop: bytes
    epoch: int
    commits: int

    @classmethod
    async def begin(cls, connection: Connection, coop: bytes, *, take_over: bool) -> Self:
        """Become the owner, under a new epoch."""
        if take_over:
            await _shut_out(connection, coop)
        seconds = SECONDS_TO_ANSWER if take_over else SECONDS_TO_LET_GO
        if not await _lock(connection, coop, seconds=seconds):
            raise StoreOwnedError(
                "another process has this co-op's store open: stop that one first, or, if it"
                " cannot be reached, shut it out with `settlement-node serve --take-over`"
            )
        row = await connection.fetchrow(
            "INSERT INTO store_coop VALUES ($1, 1, 0) ON CONFLICT (coop_id)"
            " DO UPDATE SET epoch = store_coop.epoch + 1 RETURNING epoch, commits",
            coop,
        )
        if row is None:
            raise RefusedError("PostgreSQL did not give the store an epoch: try again")
        return cls(connection, coop, row["epoch"], row["commits"])

    async def resume(self, connection: Connection) -> bool:
        """Go on over a new connection; tell whether the commit under way was kept.

        The lock is free only when the old connection's transaction has ended one way or the
        other, so what is read after it is final.
        """
        # Another owner's lock would be waited for in vain.
        await self._counted(connection)
        if not await _lock(connection, self.coop, seconds=SECONDS_TO_ANSWER):
            raise _fenced()
        counted = await self._counted(connection)
        kept = counted - self.commits
        if kept not in {0, 1}:
            raise StoreDamagedError(
                f"the database counts {counted} commits where there were {self.commits}: it was"
                " replaced by another state; start the node again"
            )
        self.connection = connection
        self.commits += kept
        return bool(kept)

    async def _counted(self, connection: Connection) -> int:
        """Return how many commits the database has, if this is its owner's epoch still."""
        row = await connection.fetchrow(
            "SELECT epoch, commits FROM store_coop WHERE coop_id = $1", self.coop
        )
        if row is None or row["epoch"] != self.epoch:
            raise _fenced()
        return int(row["commits"])

    async def write(self, batches: Sequence[Sequence[Change]]) -> None:
        """Put changes into a transaction, less its COMMIT, if we are the owner still."""
        # One round trip: asyncpg sends statements without parameters together.
        counted = await self.connection.execute(
            "BEGIN; UPDATE store_coop SET commits = commits + 1"  # noqa: S608 - hex and an integer
            f" WHERE coop_id = '\\x{self.coop.hex()}' AND epoch = {self.epoch:d}"
        )
        if counted != "UPDATE 1":
            raise _fenced()
        for table, changes in merged(batches).items():
            await self._write_table(table, changes)

    async def commit(self) -> None:
        """Make the transaction durable."""
        await self.connection.execute("COMMIT")
        self.commits += 1

    async def _write_table(self, table: Table, changes: TableChanges) -> None:
        if changes.cleared:
            sql = f'DELETE FROM "{table.name}" WHERE {COOP} = $1'  # noqa: S608 - our own names
            await self.connection.execute(sql, self.coop)
        for keys in batched(changes.deletes(), _ROWS_AT_ONCE):
            await self._execute(_delete(table), table.key, keys)
        for rows in batched(changes.puts(), _ROWS_AT_ONCE):
            await self._execute(_upsert(table), table.columns, rows)

    async def _execute(self, sql: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        arrays = zip(*rows, strict=True) if columns else ()
        await self.connection.execute(sql, self.coop, *arrays)


def _unnested(columns: Sequence[Column]) -> str:
    arrays = (f"${number}::{_ARRAYS[column.kind]}" for number, column in enumerate(columns, 2))
    return f"unnest({', '.join(arrays)})"


def _upsert(table: Table) -> str:
    values = ", ".join(f'"{column.name}" = excluded."{column.name}"' for column in table.value)
    return (
        f'INSERT INTO "{table.name}" ({COOP}, {quoted(table.columns)})'  # noqa: S608 - our names
        f" SELECT $1, * FROM {_unnested(table.columns)}"
        f" ON CONFLICT ({COOP}, {quoted(table.key)})"
        f" DO {f'UPDATE SET {values}' if values else 'NOTHING'}"
    )


def _delete(table: Table) -> str:
    same = " AND ".join(f'held."{column.name}" = gone."{column.name}"' for column in table.key)
    return (
        f'DELETE FROM "{table.name}" AS held USING {_unnested(table.key)}'  # noqa: S608 - our names
        f" AS gone ({quoted(table.key)}) WHERE held.{COOP} = $1 AND {same}"
    )


def _lock_number(coop: bytes) -> int:
    return int.from_bytes(sha256(b"depin store " + coop).digest()[:8], signed=True)


async def _lock(connection: Connection, coop: bytes, *, seconds: float) -> bool:
    """Take the co-op's lock, waiting so long for who holds it."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _lock_number(coop)):
        if loop.time() >= until:
            return False
        await asyncio.sleep(0.05)
    return True


async def _shut_out(connection: Connection, coop: bytes) -> None:
    """End the owner's session and its epoch: it would else be back before we have the lock."""
    # First the session, since a transaction of it may hold the row of the epoch.
    await _end_holders(connection, coop)
    await connection.execute("UPDATE store_coop SET epoch = epoch + 1 WHERE coop_id = $1", coop)
    await _end_holders(connection, coop)


async def _end_holders(connection: Connection, coop: bytes) -> None:
    """End the sessions that hold the lock, and with them the transactions they are in."""
    high, low = divmod(_lock_number(coop) % 2**64, 2**32)
    for (session,) in await connection.fetch(_HOLDERS, high, low):
        await connection.execute("SELECT pg_terminate_backend($1)", session)


def _fenced() -> StoreFencedError:
    return StoreFencedError(
        "another process has taken this co-op's store over: this one must not go on; stop it"
    )
