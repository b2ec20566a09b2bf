"""One SQLite file: opening it safely, bringing its schema up to date, saying what went wrong."""

import errno
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, Literal

import apsw

from settlement_node.store import migrations
from settlement_node.store.errors import (
    RefusedError,
    RowError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreInputOutputError,
    StoreOwnedError,
    StoreReadOnlyError,
    UnsafeSqliteError,
    WrongStoreError,
)
from settlement_node.store.migrations import Applied, Migration
from settlement_node.store.tables import Column, Kind, Table

type Synchronous = Literal["FULL", "NORMAL", "OFF"]

APPLICATION_ID: Final = int.from_bytes(b"DPIN")
BUSY_MILLISECONDS: Final = 5_000

# 3.52.0 was withdrawn; the releases after it and 3.51.3 do not have the bug.
_WAL_RESET_BUG: Final = (range(3_007_000, 3_051_003), range(3_052_000, 3_053_000))
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_WRITING: Final = {errno.EROFS, errno.EACCES, errno.EPERM}
_KINDS: Final = {"INTEGER": Kind.INT, "BLOB": Kind.BYTES, "TEXT": Kind.TEXT}

_OWN_TABLES: Final = """
CREATE TABLE store_identity (coop BLOB NOT NULL PRIMARY KEY) STRICT;
CREATE TABLE store_migration (
    number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL
) STRICT;
"""


def refuse_unsafe(version: int) -> None:
    """Raise UnsafeSqliteError if this SQLite can damage a file in WAL mode."""
    if any(version in affected for affected in _WAL_RESET_BUG):
        raise UnsafeSqliteError(
            f"SQLite {version // 1_000_000}.{version // 1000 % 1000}.{version % 1000} has the"
            " WAL-reset bug and can damage the store: install apsw 3.53.1 or newer from its wheel,"
            " which brings its own SQLite"
        )


class OwnersLock:
    """A lock that one process at a time holds on a store's file, freed when the process ends."""

    def __init__(self, path: Path) -> None:
        # Beside the file: closing a handle of the file itself would drop SQLite's own locks.
        self._path = path.with_name(f"{path.name}.lock")
        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise of_the_system(error, self._path) from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(self._handle, 20, 0).decode("ascii", "replace") or "unknown"
            os.close(self._handle)
            raise StoreOwnedError(
                f"{path} is open in another process (its number: {owner}): stop that one first"
            ) from None
        try:
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, str(os.getpid()).encode(), 0)
        except OSError as error:
            os.close(self._handle)
            raise of_the_system(error, self._path) from error

    def release(self) -> None:
        """Let another process have the file."""
        os.close(self._handle)


def of_the_system(error: OSError, path: Path) -> StoreError:
    """Say in our words what the operating system refused."""
    return _of_errno(error.errno or 0, path) or StoreInputOutputError(
        f"{path}: {error.strerror}: check the disk, then start the node again"
    )


def _of_errno(number: int, path: Path) -> StoreError | None:
    if number in _NO_ROOM:
        return StoreFullError(
            f"there is no room for {path}, and nothing of the commit was kept: make room (see df"
            " and quotas), then start the node again"
        )
    if number in _NO_WRITING:
        return StoreReadOnlyError(
            f"{path} cannot be written: give the node's user the right to write this file and its"
            " folder, and check that the disk is not mounted read-only"
        )
    return None


def of_sqlite(error: apsw.Error, connection: apsw.Connection | None, path: Path) -> StoreError:
    """Say in our words what SQLite refused."""
    found: StoreError | None = None
    match error:
        case apsw.FullError():
            found = _of_errno(errno.ENOSPC, path)
        case apsw.ReadOnlyError() | apsw.CantOpenError() | apsw.PermissionsError():
            found = _of_errno(errno.EACCES, path)
        case apsw.CorruptError() | apsw.NotADBError():
            found = damaged(path, str(error))
        case apsw.BusyError() | apsw.LockedError():
            found = StoreOwnedError(f"another program holds {path}: close that one first")
        case apsw.TooBigError():
            found = RowError(f"a row is larger than SQLite can keep: {error}")
        case apsw.IOError():
            found = _of_errno(connection.system_errno if connection else 0, path)
            found = found or StoreInputOutputError(
                f"the disk of {path} reports an error ({error}), and what it holds is known again"
                " only after a new start: check the disk, then start the node again"
            )
        case _:
            found = RefusedError(f"{path}: SQLite refused this: {error}")
    return found or RefusedError(str(error))


def spoils_only_itself(error: StoreError) -> bool:
    """Tell whether only what was asked is wrong, while the file is as sound as before."""
    return isinstance(error, RowError | RefusedError)


def damaged(path: Path, reason: str) -> StoreDamagedError:
    """Say that a file is not what was written."""
    return StoreDamagedError(
        f"{path} is damaged ({reason}): keep a copy of it, check the disk, then restore a backup"
    )


@contextmanager
def in_our_words(connection: apsw.Connection | None, path: Path) -> Iterator[None]:
    """Turn what SQLite raises into our errors."""
    try:
        yield
    except apsw.Error as error:
        raise of_sqlite(error, connection, path) from error


def connect(
    path: Path, synchronous: Synchronous, known: Sequence[Migration], coop: bytes
) -> apsw.Connection:
    """Open the file for writing, made and migrated as needed."""
    refuse_unsafe(apsw.SQLITE_VERSION_NUMBER)
    if not path.exists():
        _make_private(path)
    with in_our_words(None, path):
        connection = apsw.Connection(str(path))
    with ExitStack() as undo:
        undo.callback(connection.close)
        with in_our_words(connection, path):
            connection.set_busy_timeout(BUSY_MILLISECONDS)
            _refuse_others(connection, path, coop)
            _use_wal(connection, synchronous)
            _migrate(connection, known, coop)
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            _refuse_short(connection, path)
        undo.pop_all()
    sync_folder(path.parent)
    return connection


def _make_private(path: Path) -> None:
    """Make a file that only the node's user may read; SQLite makes its others like it."""
    try:
        private_file(path).close()
    except OSError as error:
        raise of_the_system(error, path) from error


def private_file(path: Path) -> BinaryIO:
    """Open a new file that only the node's user may read."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(handle, "wb")


def connect_reader(path: Path) -> apsw.Connection:
    """Open the file for reading alone."""
    with in_our_words(None, path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(BUSY_MILLISECONDS)
    return connection


def empty_wal(path: Path) -> None:
    """Bring the write-ahead log into the file and make it empty, unless somebody needs it."""
    with in_our_words(None, path):
        connection = apsw.Connection(str(path))
        try:
            with suppress(apsw.BusyError):
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        finally:
            connection.close()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def describe(connection: apsw.Connection) -> tuple[Table, ...]:
    """Return the tables that there are, less our own two."""
    names = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
        " AND name NOT IN ('store_identity', 'store_migration') ORDER BY name"
    )
    return tuple(_describe(connection, str(name)) for (name,) in names.fetchall())


def _describe(connection: apsw.Connection, name: str) -> Table:
    columns = connection.execute(
        "SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid", (name,)
    ).fetchall()
    key = sorted((pk, Column(str(column), _KINDS[str(kind)])) for column, kind, pk in columns if pk)
    value = (Column(str(column), _KINDS[str(kind)]) for column, kind, pk in columns if not pk)
    return Table(name, tuple(column for _, column in key), tuple(value))


def _refuse_others(connection: apsw.Connection, path: Path, coop: bytes) -> None:
    """Raise unless the file is new, or this co-op's store."""
    is_new = connection.pragma("schema_version") == 0
    if is_new:
        return
    if connection.pragma("application_id") != APPLICATION_ID:
        raise WrongStoreError(f"{path} is a file of another program: name another one")
    (owner,) = connection.execute("SELECT coop FROM store_identity").fetchall()
    if owner != (coop,):
        raise WrongStoreError(f"{path} is the store of another co-op: name this co-op's file")


def _use_wal(connection: apsw.Connection, synchronous: Synchronous) -> None:
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", synchronous)
    # macOS needs to be told that the disk's own cache counts as lost.
    connection.pragma("fullfsync", value=True)
    connection.pragma("checkpoint_fullfsync", value=True)
    connection.pragma("cache_size", -16_384)
    # What a statement changes is kept until it ends, in case it fails halfway: not in a file.
    connection.pragma("temp_store", "memory")
    # What is deleted is overwritten, so that an erasure leaves nothing in free pages.
    connection.pragma("secure_delete", value=True)


def _migrate(connection: apsw.Connection, known: Sequence[Migration], coop: bytes) -> None:
    if connection.pragma("schema_version") == 0:
        with connection:
            connection.pragma("application_id", APPLICATION_ID)
            connection.execute(_OWN_TABLES)
            connection.execute("INSERT INTO store_identity VALUES (?)", (coop,))
    rows = connection.execute("SELECT number, name, digest FROM store_migration ORDER BY number")
    applied = [Applied(int(str(n)), str(name), str(digest)) for n, name, digest in rows.fetchall()]
    for migration in migrations.missing(known, applied):
        with connection:
            connection.execute(migration.sql)
            connection.execute(
                "INSERT INTO store_migration VALUES (?, ?, ?)",
                (migration.number, migration.name, migration.digest),
            )


def _refuse_short(connection: apsw.Connection, path: Path) -> None:
    """Raise StoreDamagedError if the file has lost its end; SQLite would see only when it reads."""
    expected = int(connection.pragma("page_count")) * int(connection.pragma("page_size"))
    if path.stat().st_size < expected:
        raise damaged(path, f"it has {path.stat().st_size} bytes of {expected}")
