"""Backups: made while commits go on, restored where there is nothing, on whichever engine."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from settlement_node.store.backup_file import (
    BackupWriter,
    Header,
    check_backup,
    read_blocks,
    read_header,
)
from settlement_node.store.errors import BackupRefusedError, NotEmptyError
from settlement_node.store.port import Store, View
from settlement_node.store.sqlite_file import of_the_system, private_file, sync_folder
from settlement_node.store.tables import Clear, Delete, Put, Table, binary, text

META: Final = Table("meta", text("name"), binary("value"))

RESTORED_FROM: Final = "restored_from"
"""The row of `meta` that a restored store has: the backup's checksum."""

RESTORING: Final = "restoring"
"""The row of `meta` that is there until a restore has ended."""

_ROWS_AT_ONCE: Final = 500


async def backup(store: Store, path: Path) -> None:
    """Write all rows, as they are at one moment, into a file that appears only when it is whole."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        with private_file(partial) as file:
            async with store.snapshot() as view:
                await _write(store, view, file)
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
        partial.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise of_the_system(error, path) from error
    finally:
        partial.unlink(missing_ok=True)


async def _write(store: Store, view: View, file: BinaryIO) -> None:
    header = Header(store.coop, store.schema, await view.tables())
    writer = BackupWriter(file, header)
    for table in header.tables:
        rows = await view.scan(table, limit=_ROWS_AT_ONCE)
        while rows:
            writer.rows(table, rows)
            last = rows[-1][: len(table.key)]
            rows = await view.scan(table, after=last, limit=_ROWS_AT_ONCE)
    writer.end()


async def restore(path: Path, store: Store) -> None:
    """Bring a backup's rows into an empty store of the same schema, and mark it as restored.

    A store in which a restore was cut short is filled anew.
    """
    header, checksum = await read_head(path)
    tables = await store.tables()
    _refuse_foreign(header, store, tables)
    if await is_restoring(store):
        await store.commit([Clear(table) for table in tables if table.name != META.name])
    else:
        await _refuse_filled(store, tables)
        await store.commit([Put(META, [(RESTORING, checksum)])])
    with path.open("rb") as file:
        for table, rows in read_blocks(file, read_header(file)):
            await store.commit([Put(table, rows)])
    await store.commit(
        [Put(META, [(RESTORED_FROM, checksum)]), Delete(META, [(RESTORING,)])],
    )


async def read_head(path: Path) -> tuple[Header, bytes]:
    """Return what a backup says about itself, and its checksum, which holds."""
    checksum = await asyncio.to_thread(_read, path, check_backup)
    return await asyncio.to_thread(_read, path, read_header), checksum


async def is_restoring(view: View) -> bool:
    """Tell whether a restore was cut short, so that rows are missing."""
    return await view.get(META, (RESTORING,)) is not None


def _read[T](path: Path, read: Callable[[BinaryIO], T]) -> T:
    try:
        with path.open("rb") as file:
            return read(file)
    except OSError as error:
        raise of_the_system(error, path) from error


def _refuse_foreign(header: Header, store: Store, tables: Sequence[Table]) -> None:
    if header.coop != store.coop:
        raise BackupRefusedError(
            f"the backup is of co-op {header.coop.hex()} and the store of {store.coop.hex()}:"
            " restore it into a store of its own"
        )
    if [table.shape() for table in header.tables] != [table.shape() for table in tables]:
        raise BackupRefusedError(
            f"the backup has the tables of schema {header.schema} and the store those of"
            f" {store.schema}: restore it with the release that wrote it, then update"
        )


async def _refuse_filled(store: Store, tables: Sequence[Table]) -> None:
    for table in tables:
        if await store.scan(table, limit=1):
            raise NotEmptyError(
                f"the store holds rows already (in {table.name}): restore into a new one"
            )
