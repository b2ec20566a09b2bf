"""Where a store is, on either engine: opening it, and restoring a backup into a new one."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory

from settlement_node.store import migrations
from settlement_node.store.backup import backup, is_restoring, read_head, restore
from settlement_node.store.backup_file import Header
from settlement_node.store.errors import BackupRefusedError, StoreDamagedError
from settlement_node.store.migrations import SCHEMA, Migration
from settlement_node.store.port import Store
from settlement_node.store.postgres import PostgresStore
from settlement_node.store.sqlite import SqliteStore

type Place = Path | str
"""A SQLite file's path, or a PostgreSQL URL."""


@asynccontextmanager
async def _closing(store: Store) -> AsyncIterator[Store]:
    try:
        yield store
    finally:
        await store.close()


async def open_store(place: Place, coop: bytes, *, take_over: bool = False) -> Store:
    """Open a co-op's store, made if there is none and migrated if it is older.

    `take_over` shuts out an owner that cannot be reached, which only PostgreSQL can.
    """
    store: Store
    if isinstance(place, Path):
        store = await SqliteStore.open(place, coop)
    else:
        store = await PostgresStore.open(place, coop, take_over=take_over)
    async with AsyncExitStack() as undo:
        undo.push_async_callback(store.close)
        await _refuse_unfinished(store)
        undo.pop_all()
    return store


async def _refuse_unfinished(store: Store) -> None:
    if await is_restoring(store):
        raise StoreDamagedError(
            "a restore into this store was cut short, so rows are missing: restore again"
        )


async def restore_into(place: Place, path: Path, *, schema: Traversable = SCHEMA) -> bytes:
    """Restore a backup, of this schema or an older one, where its co-op has nothing; return whose.

    The rows are marked: see `backup.RESTORED_FROM`.
    """
    header, _ = await read_head(path)
    known = migrations.load(schema / "sqlite")
    if header.schema > len(known):
        raise BackupRefusedError(
            f"the backup is of schema {header.schema} and this program knows {len(known)}: restore"
            " it with the release that wrote it, or a newer one"
        )
    if isinstance(place, Path):
        await _restore_into_sqlite(place, path, header, known)
    elif header.schema == len(known):
        await _restore_into_postgres(place, path, header, schema)
    else:
        # A database is at one schema for all its co-ops, so the rows are migrated elsewhere.
        with TemporaryDirectory() as folder:
            file, newer = Path(folder) / "older", Path(folder) / "newer"
            await _restore_into_sqlite(file, path, header, known)
            async with _closing(await SqliteStore.open(file, header.coop, known=known)) as store:
                await backup(store, newer)
            header, _ = await read_head(newer)
            await _restore_into_postgres(place, newer, header, schema)
    return header.coop


async def _restore_into_sqlite(
    place: Path, path: Path, header: Header, known: Sequence[Migration]
) -> None:
    """Restore into a file at the backup's own schema: the next opening migrates it."""
    of_then = known[: header.schema]
    async with _closing(await SqliteStore.open(place, header.coop, known=of_then)) as store:
        await restore(path, store)


async def _restore_into_postgres(
    place: str, path: Path, header: Header, schema: Traversable
) -> None:
    known = migrations.load(schema / "postgres")
    async with _closing(await PostgresStore.open(place, header.coop, known=known)) as store:
        await restore(path, store)
