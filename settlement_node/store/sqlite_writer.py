"""The one thread that writes a SQLite file: what waits goes into one transaction, one fsync."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

import apsw

from settlement_node.store.errors import StoreClosedError, StoreError, StoreFullError
from settlement_node.store.selecting import quoted
from settlement_node.store.sqlite_file import in_our_words, spoils_only_itself
from settlement_node.store.tables import Change, Table, TableChanges, merged

_MOST_BATCHES: Final = 4_096

# Some 16 MB: rewriting a page that changes often once, rather than at each small checkpoint.
_CHECKPOINT_PAGES: Final = 4_000
# Some 1 GB: a reader has held on to an old state for so long that the WAL had to grow.
_RESTART_PAGES: Final = 250_000
# Many rows a statement: the thread lets go of Python's lock at each, and must get it back.
_ROWS_AT_ONCE: Final = (64, 16, 4, 1)


@dataclass(frozen=True, slots=True)
class _Waiting:
    changes: Sequence[Change]
    done: asyncio.Future[None]


class Writer:
    """Commits batches in the order they came, as many at once as are waiting."""

    def __init__(
        self, connection: apsw.Connection, path: Path, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._connection = connection
        self._path = path
        self._loop = loop
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._taken: list[_Waiting] = []
        self._stopped: StoreError | None = None
        self._pages = 0
        self._checkpoint_at = _CHECKPOINT_PAGES
        connection.set_wal_hook(self._note_pages)
        self._thread = Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def commit(self, changes: Sequence[Change]) -> None:
        """Return when the changes are on disk."""
        if self._stopped is not None:
            raise self._refusal()
        waiting = _Waiting(changes, self._loop.create_future())
        self._queue.put(waiting)
        await waiting.done

    def stop(self) -> None:
        """Take nothing more; call it where `commit` is called."""
        if self._stopped is None:
            self._stopped = StoreClosedError("it was closed")
            self._queue.put(None)

    def join(self) -> None:
        """Wait until all that was taken is committed, and let go of the file."""
        self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _refusal(self) -> StoreClosedError:
        return StoreClosedError(f"the store takes nothing more: {self._stopped}")

    def _run(self) -> None:
        try:
            while self._take():
                outcomes = self._committed([waiting.changes for waiting in self._taken])
                self._answer(outcomes)
                self._checkpoint()
        finally:
            # Reached early only by a mistake of ours: nobody may wait for ever because of it.
            self._stopped = self._stopped or StoreClosedError("its writer has ended")
            while not self._queue.empty():
                waiting = self._queue.get()
                self._taken += [waiting] if waiting else []
            self._answer([self._refusal()] * len(self._taken))

    def _take(self) -> bool:
        """Wait for a batch, and take all that wait behind it; tell whether there was any."""
        next_one = self._queue.get()
        while next_one is not None:
            self._taken.append(next_one)
            if len(self._taken) == _MOST_BATCHES:
                break
            try:
                next_one = self._queue.get_nowait()
            except Empty:
                break
        else:
            self._queue.put(None)
        return bool(self._taken)

    def _answer(self, outcomes: Sequence[StoreError | None]) -> None:
        answers = list(zip(self._taken, outcomes, strict=True))
        self._taken = []
        if answers and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_tell, answers)

    def _committed(self, batches: Sequence[Sequence[Change]]) -> list[StoreError | None]:
        """Commit all at once or, if one spoils it, each alone; return what went wrong for each."""
        error = self._transaction(batches)
        if error is None or not spoils_only_itself(error) or len(batches) == 1:
            return [error] * len(batches)
        return [self._transaction([batch]) for batch in batches]

    def _transaction(self, batches: Sequence[Sequence[Change]]) -> StoreError | None:
        if self._stopped is not None and not isinstance(self._stopped, StoreClosedError):
            return self._refusal()
        try:
            with in_our_words(self._connection, self._path):
                self._write(batches)
        except StoreError as error:
            if not spoils_only_itself(error) and not isinstance(error, StoreFullError):
                self._stopped = error
            return error
        return None

    def _write(self, batches: Sequence[Sequence[Change]]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for table, changes in merged(batches).items():
                _write_table(self._connection, table, changes)
            self._connection.execute("COMMIT")
        finally:
            # Some errors have rolled back already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _note_pages(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """Bring the WAL into the file when it has grown; no reader ever waits for this."""
        if self._pages < self._checkpoint_at:
            return
        restart = self._pages >= _RESTART_PAGES
        mode = apsw.SQLITE_CHECKPOINT_RESTART if restart else apsw.SQLITE_CHECKPOINT_PASSIVE
        self._checkpoint_at = self._pages + _CHECKPOINT_PAGES
        try:
            with in_our_words(self._connection, self._path):
                written, copied = self._connection.wal_checkpoint(mode=mode)
        except StoreFullError:
            return  # all is safe in the WAL; the next commit that finds no room says so
        except StoreError as error:
            self._stopped = error
            return
        if written == copied:
            self._checkpoint_at = _CHECKPOINT_PAGES


def _tell(answers: Sequence[tuple[_Waiting, StoreError | None]]) -> None:
    for waiting, error in answers:
        if waiting.done.done():  # who asked has been cancelled
            continue
        if error is None:
            waiting.done.set_result(None)
        else:
            waiting.done.set_exception(error)


def _write_table(connection: apsw.Connection, table: Table, changes: TableChanges) -> None:
    if changes.cleared:
        connection.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 - our own names
    if deletes := changes.deletes():
        where = " AND ".join(f'"{column.name}" = ?' for column in table.key)
        connection.executemany(f'DELETE FROM "{table.name}" WHERE {where}', deletes)  # noqa: S608
    puts = changes.puts()
    at = 0
    for rows in _ROWS_AT_ONCE:
        replace = _replace(table, rows)
        while at + rows <= len(puts):
            connection.execute(replace, tuple(chain.from_iterable(puts[at : at + rows])))
            at += rows


@lru_cache(maxsize=256)
def _replace(table: Table, rows: int) -> str:
    marks = f"({', '.join('?' * len(table.columns))})"
    values = ", ".join([marks] * rows)
    return f'REPLACE INTO "{table.name}" ({quoted(table.columns)}) VALUES {values}'  # noqa: S608
