"""What PostgreSQL says when it cannot, in our words."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg
from asyncpg import exceptions as pg

from settlement_node.store.errors import (
    RefusedError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreInputOutputError,
    StoreReadOnlyError,
    StoreUnreachableError,
)

# What asyncpg raises where there is no database to talk to, or none any more.
GONE: Final = (
    pg.PostgresConnectionError,
    pg.AdminShutdownError,
    pg.CrashShutdownError,
    pg.CannotConnectNowError,
    pg.IdleSessionTimeoutError,
    asyncpg.InterfaceError,
    # The server ended the session just before the question.
    asyncpg.InternalClientError,
    asyncio.TimeoutError,
    OSError,
)


@contextmanager
def in_our_words() -> Iterator[None]:
    """Turn what asyncpg raises into our errors."""
    try:
        yield
    except pg.ClientConfigurationError as error:
        raise RefusedError(
            f"this is no address of a PostgreSQL database ({error}): give one like"
            " postgresql://user@database.example/database"
        ) from error
    except GONE as error:
        raise StoreUnreachableError(
            f"the database does not answer ({str(error) or type(error).__name__}): see that"
            " PostgreSQL runs and can be reached, then start the node again"
        ) from error
    except asyncpg.PostgresError as error:
        raise _of_postgres(error) from error


def _of_postgres(error: asyncpg.PostgresError) -> StoreError:
    match error:
        case pg.DiskFullError() | pg.OutOfMemoryError():
            return StoreFullError(
                f"the database has no room ({error}), and nothing of the commit was kept: make"
                " room on its disk, then start the node again"
            )
        case pg.ReadOnlySQLTransactionError() | pg.InsufficientPrivilegeError():
            return StoreReadOnlyError(
                f"the database cannot be written ({error}): name the primary and not a standby,"
                " and give the node's role the right to write"
            )
        case pg.DataCorruptedError() | pg.IndexCorruptedError():
            return StoreDamagedError(
                f"the database is damaged ({error}): check its disk, then restore a backup"
            )
        case pg.PostgresIOError() | pg.PostgresSystemError():
            return StoreInputOutputError(
                f"the database's disk reports an error ({error}): check it, then start the node"
                " again"
            )
        case _:
            return RefusedError(f"PostgreSQL refused this: {error}")
