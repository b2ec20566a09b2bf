"""This home's own books: each interval's prices, trades and money, on disk and off the loop."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from .hourly_sums import (
    HourlySums,
    begin_telling,
    end_telling,
    hourly_sums,
    noting_changes,
    tell_all,
)
from .market_answers import Published, SettledRow, Traded

_SCHEMA: Final = """
create table if not exists price (
    market text not null, start integer not null,
    retail integer, feed_in integer, pool_price integer,
    voided integer, buyers integer, sellers integer, volume integer,
    primary key (market, start)) without rowid;
create table if not exists own (
    market text not null, start integer not null, "end" integer not null, state text not null,
    zone text not null, bought integer not null, sold integer not null,
    buyers integer, sellers integer,
    delivered_in integer, delivered_out integer, pooled_in integer, pooled_out integer,
    grid_in integer, grid_out integer, pays integer, receives integer, fees integer,
    errors integer, quality integer, entry integer,
    trade_cost integer, trade_revenue integer, pool_cost integer, pool_revenue integer,
    pool_fees integer, grid_cost integer, grid_revenue integer,
    primary key (market, start)) without rowid;
create table if not exists note (name text primary key, value text not null) without rowid;
"""
_VERSION: Final = 2
_SOUND: Final = "ok"
_HALF: Final = 2**31
"""Sums are added up in two halves: SQLite's own would overflow on amounts near the bound."""


class BooksError(Exception):
    """The file of the books can't be used now; what is missing is asked for later."""


class RowState(StrEnum):
    """How far an interval of one's own has come."""

    TRADED = "traded"
    """Its book is cleared; what was delivered is not known yet."""
    PROVISIONAL = "provisional"
    FINAL = "final"


class Price(NamedTuple):
    """What a market announced of an interval, and what it was cleared to in this home's zone."""

    start: int
    retail: int | None
    feed_in: int | None
    pool_price: int | None
    voided: bool | None
    """None before its book is cleared, and where nobody wanted anything."""
    buyers: int | None
    sellers: int | None
    volume: int | None


@dataclass(frozen=True, slots=True)
class OwnInterval:
    """One interval as this home took part in it: watt-hours, and the smallest unit of money.

    What settlement says is None until it has spoken; then each row is as it stands now.
    """

    start: int
    end: int
    state: RowState
    zone: str
    bought: int
    sold: int
    buyers: int | None
    sellers: int | None
    delivered_in: int | None = None
    delivered_out: int | None = None
    pooled_in: int | None = None
    pooled_out: int | None = None
    grid_in: int | None = None
    grid_out: int | None = None
    pays: int | None = None
    receives: int | None = None
    fees: int | None = None
    errors: int | None = None
    quality: int | None = None
    entry: int | None = None
    trade_cost: int | None = None
    trade_revenue: int | None = None
    pool_cost: int | None = None
    pool_revenue: int | None = None
    pool_fees: int | None = None
    """What of the fees fell on what came from the pool."""
    grid_cost: int | None = None
    grid_revenue: int | None = None

    @property
    def earned(self) -> int | None:
        """What the interval brought after fees and VAT; below zero it cost."""
        return None if self.receives is None or self.pays is None else self.receives - self.pays

    @property
    def gross(self) -> int | None:
        """What it brought before fees and VAT."""
        return None if self.earned is None or self.fees is None else self.earned + self.fees


class SettledInterval(NamedTuple):
    """A settled interval, when it ended, and what of its fees fell on what came from the pool."""

    row: SettledRow
    end: int
    pool_fees: int = 0


class ZoneCleared(NamedTuple):
    """What an interval was cleared to in one zone; what is not known is None."""

    start: int
    voided: bool
    buyers: int | None = None
    sellers: int | None = None
    volume: int | None = None


class Totals(NamedTuple):
    """What settled intervals add up to."""

    sold: int = 0
    bought: int = 0
    receives: int = 0
    pays: int = 0
    fees: int = 0
    errors: int = 0
    """What it cost that less was delivered than sold, and less used than bought."""

    @property
    def earned(self) -> int:
        """What is left after fees and VAT."""
        return self.receives - self.pays

    @property
    def gross(self) -> int:
        """What was there before them."""
        return self.earned + self.fees


_OWN: Final = tuple(field.name for field in fields(OwnInterval))
_OWN_COLUMNS: Final = ", ".join(f'"{name}"' for name in _OWN)


class Books:
    """The rows of all markets of one membership, on a thread of their own.

    All that is here can be asked of the node again, so books that cannot be read begin anew.
    """

    def __init__(self, file: Path) -> None:
        """Keep books in a file; nothing is read before `open`."""
        self.is_new = False
        """Whether there was nothing to go on with."""
        self._file = file
        self._writer = ThreadPoolExecutor(1, "depin books")
        self._database: sqlite3.Connection

    @classmethod
    async def open(cls, file: Path) -> Books:
        """Go on with what is there."""
        books = cls(file)
        with ExitStack() as undone:
            undone.callback(books._writer.shutdown)
            await books._run(books._begin)
            undone.pop_all()
        return books

    async def close(self) -> None:
        """Use the file no more."""
        await self._run(self._database.close)
        self._writer.shutdown()

    async def note(self, name: str) -> str | None:
        """Return what was noted under a name."""
        rows = await self._select("select value from note where name = ?", name)
        return str(rows[0][0]) if rows else None

    async def set_note(self, name: str, value: str) -> None:
        """Note something under a name."""
        await self._write("insert or replace into note values (?, ?)", [(name, value)])

    async def keep_published(self, market: str, rows: Iterable[Published]) -> None:
        """Keep what a market announced; the newest word counts."""
        await self._write(
            """insert into price (market, start, retail, feed_in, pool_price)
            values (?, ?, ?, ?, ?) on conflict do update
            set retail = excluded.retail, feed_in = excluded.feed_in,
            pool_price = excluded.pool_price""",
            [(market, *row) for row in rows],
        )

    async def keep_cleared(self, market: str, rows: Iterable[ZoneCleared]) -> None:
        """Keep what intervals were cleared to; a price that is known is not forgotten."""
        await self._write(
            """insert into price (market, start, voided, buyers, sellers, volume)
            values (?, ?, ?, ?, ?, ?) on conflict do update
            set voided = excluded.voided,
            buyers = coalesce(excluded.buyers, buyers),
            sellers = coalesce(excluded.sellers, sellers),
            volume = coalesce(excluded.volume, volume)""",
            [(market, *row) for row in rows],
        )

    async def keep_traded(self, traded: Traded, end: int) -> None:
        """Keep what a gate gave this home, unless settlement has spoken already."""
        row = (
            *(traded.market, traded.start, end, RowState.TRADED, traded.zone),
            *(traded.bought, traded.sold, traded.buyers, traded.sellers),
        )
        await self._write(
            """insert into own (market, start, "end", state, zone, bought, sold, buyers, sellers)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing""",
            [row],
        )

    async def keep_settled(self, market: str, rows: Iterable[SettledInterval]) -> None:
        """Keep settled intervals, each in the place of what stood there."""
        kept = [_own(settled) for settled in rows]
        if kept:
            await self._run(partial(self._settle, market, kept))

    async def hourly_sums(self, start: int) -> HourlySums:
        """Add up what is settled in all markets, hour by hour from an instant on."""
        return await self._run(lambda: hourly_sums(self._database, start))

    async def begin_telling(self) -> int | None:
        """Return the first hour whose sums differ from what was told; None if there is none."""
        return await self._run(lambda: begin_telling(self._database))

    async def end_telling(self) -> None:
        """Note that what was begun is told."""
        await self._run(lambda: end_telling(self._database))

    async def tell_all(self) -> None:
        """Have every hour told again."""
        await self._run(lambda: tell_all(self._database))

    async def prices(self, market: str, begin: int, end: int) -> list[Price]:
        """Return the prices of the intervals that begin in a span of time."""
        rows = await self._select(
            f"select {', '.join(Price._fields)} from price "  # noqa: S608 - names of ours
            "where market = ? and start >= ? and start < ? order by start",
            *(market, begin, end),
        )
        return [_read_price(row) for row in rows]

    async def last_cleared(self, market: str) -> Price | None:
        """Return the newest interval that has a price."""
        rows = await self._select(
            f"select {', '.join(Price._fields)} from price "  # noqa: S608 - names of ours
            "where market = ? and sellers is not null order by start desc limit 1",
            market,
        )
        return _read_price(rows[0]) if rows else None

    async def clearing_prices(self, market: str, since: int) -> list[tuple[int, int]]:
        """Return what sellers got in each interval since an instant that has a price."""
        return await self._select(
            """select start, sellers from price
            where market = ? and start >= ? and sellers is not null order by start""",
            *(market, since),
        )

    async def own(self, market: str, begin: int, end: int) -> list[OwnInterval]:
        """Return this home's intervals that begin in a span of time."""
        rows = await self._select(
            f"select {_OWN_COLUMNS} from own "  # noqa: S608 - names of ours
            "where market = ? and start >= ? and start < ? order by start",
            *(market, begin, end),
        )
        return [_read_own(row) for row in rows]

    async def totals(self, market: str, begin: int, end: int) -> Totals:
        """Add up the settled intervals that begin in a span of time."""
        summed = ("delivered_out + pooled_out", "delivered_in + pooled_in")
        columns = [
            f"sum(({column}) / {_HALF}), sum(({column}) % {_HALF})"
            for column in (*summed, "receives", "pays", "fees", "errors")
        ]
        (row,) = await self._select(
            f"select {', '.join(columns)} from own "  # noqa: S608 - names of ours
            f"where market = ? and start >= ? and start < ? and state <> '{RowState.TRADED}'",
            *(market, begin, end),
        )
        halves = [part or 0 for part in row]
        return Totals(
            *(high * _HALF + low for high, low in zip(halves[::2], halves[1::2], strict=True))
        )

    async def first_provisional(self, market: str) -> int | None:
        """Return the oldest interval that may still be corrected."""
        rows = await self._select(
            "select min(start) from own where market = ? and state = ?",
            *(market, RowState.PROVISIONAL),
        )
        first: int | None = rows[0][0]
        return first

    async def _select(self, question: str, *values: object) -> list[Any]:
        return await self._run(lambda: self._database.execute(question, values).fetchall())

    async def _write(self, change: str, rows: Sequence[tuple[object, ...]]) -> None:
        if rows:
            await self._run(partial(self._change, change, rows))

    async def _run[T](self, job: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._writer, job)
        except sqlite3.Error as error:
            raise BooksError(f"the books cannot be read or written: {error}") from error

    # On the writer's thread

    def _begin(self) -> None:
        try:
            self._database = _opened(self._file)
        except sqlite3.DatabaseError:
            # A disk's or a backup's damage: the node tells all of it once more.
            self._file.unlink(missing_ok=True)
            self._database = _opened(self._file)
        self.is_new = not self._database.execute("select 1 from note").fetchone()

    def _settle(self, market: str, rows: Sequence[OwnInterval]) -> None:
        written = [(market, *(getattr(row, name) for name in _OWN)) for row in rows]
        starts = [row.start for row in rows]
        with self._database, noting_changes(self._database, market, starts):
            self._database.executemany(
                f"insert or replace into own (market, {_OWN_COLUMNS}) "  # noqa: S608 - ours
                f"values ({', '.join('?' * (len(_OWN) + 1))})",
                written,
            )

    def _change(self, change: str, rows: Sequence[tuple[object, ...]]) -> None:
        with self._database:
            self._database.executemany(change, rows)


def _opened(file: Path) -> sqlite3.Connection:
    """Open a file, or raise a DatabaseError if it is damaged or of another time."""
    database = sqlite3.connect(file, check_same_thread=False)
    try:
        (version,) = database.execute("pragma user_version").fetchone()
        if version not in {0, _VERSION}:
            msg = f"books of version {version}"
            raise sqlite3.DatabaseError(msg)  # noqa: TRY301 - as SQLite says of a damaged file
        # Backups copy files, so all is in one file whenever nothing is being written.
        database.execute("pragma journal_mode = truncate")
        with closing(database.execute("pragma quick_check(1)")) as found:
            if found.fetchone()[0] != _SOUND:
                msg = "the books are damaged"
                raise sqlite3.DatabaseError(msg)  # noqa: TRY301
        database.executescript(f"{_SCHEMA} pragma user_version = {_VERSION};")
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _read_price(row: tuple[Any, ...]) -> Price:
    columns = dict(zip(Price._fields, row, strict=True))
    voided = columns["voided"]
    return Price(**{**columns, "voided": None if voided is None else bool(voided)})


def _read_own(row: tuple[Any, ...]) -> OwnInterval:
    columns = dict(zip(_OWN, row, strict=True))
    return OwnInterval(**{**columns, "state": RowState(columns["state"])})


def _own(kept: SettledInterval) -> OwnInterval:
    """Return the row of a settled interval."""
    settled = kept.row
    said = {name: getattr(settled, name) for name in _OWN if hasattr(settled, name)}
    return OwnInterval(
        **said,
        end=kept.end,
        state=RowState.FINAL if settled.final else RowState.PROVISIONAL,
        buyers=settled.price if settled.bought else None,
        sellers=settled.price if settled.sold else None,
        pool_fees=kept.pool_fees,
    )
