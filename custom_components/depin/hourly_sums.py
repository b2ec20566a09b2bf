"""What settled intervals add up to hour by hour, and which hours have changed since they were told.

A row counts once something was metered in its interval, or nothing more can be: what is missing
and may still come is no zero.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Final, NamedTuple

from .protocol.durations import HOUR


class Pair(StrEnum):
    """With whom the home exchanges energy."""

    NEIGHBOURS = "neighbours"
    """By trade, as far as it was delivered."""
    POOL = "pool"
    GRID = "grid"
    """What is left to the home's own supplier."""


class Flow(StrEnum):
    """What of an exchange is added up: energy in watt-hours, or money after fees and VAT."""

    IMPORT = "import"
    EXPORT = "export"
    COST = "cost"
    COMPENSATION = "compensation"

    @property
    def is_money(self) -> bool:
        """Tell money from energy."""
        return self in {Flow.COST, Flow.COMPENSATION}


class Series(NamedTuple):
    """One of twelve sums."""

    pair: Pair
    flow: Flow


SERIES: Final = tuple(Series(pair, flow) for pair in Pair for flow in Flow)

_SUMMED: Final[Mapping[Series, tuple[str, ...]]] = {
    Series(Pair.NEIGHBOURS, Flow.IMPORT): ("delivered_in",),
    Series(Pair.NEIGHBOURS, Flow.EXPORT): ("delivered_out",),
    Series(Pair.NEIGHBOURS, Flow.COST): ("trade_cost", "fees"),
    Series(Pair.NEIGHBOURS, Flow.COMPENSATION): ("trade_revenue",),
    Series(Pair.POOL, Flow.IMPORT): ("pooled_in",),
    Series(Pair.POOL, Flow.EXPORT): ("pooled_out",),
    Series(Pair.POOL, Flow.COST): ("pool_cost", "pool_fees"),
    Series(Pair.POOL, Flow.COMPENSATION): ("pool_revenue",),
    Series(Pair.GRID, Flow.IMPORT): ("grid_in",),
    Series(Pair.GRID, Flow.EXPORT): ("grid_out",),
    Series(Pair.GRID, Flow.COST): ("grid_cost",),
    Series(Pair.GRID, Flow.COMPENSATION): ("grid_revenue",),
}
_POOL_FEES: Final = "pool_fees"
"""All fees together hold them; only what is left of these fell on trades."""
_COLUMNS: Final = tuple(column for columns in _SUMMED.values() for column in columns)
_COUNTS: Final = "(state = 'final' or (state = 'provisional' and quality > 0))"
_HALF: Final = 2**31
"""Sums are added up in two halves: SQLite's own would overflow on amounts near the bound."""
_HALVES: Final = ", ".join(f"sum({each} / {_HALF}), sum({each} % {_HALF})" for each in _COLUMNS)

_UNTOLD: Final = "untold"
_TELLING: Final = "telling"

type Sums = Mapping[Series, int]


class HourlySums(NamedTuple):
    """The sums of hours from an instant on, and of all time before it."""

    before: Sums
    hours: Mapping[int, Sums]
    """By their starts; an hour of which nothing is known is none of them."""


@contextmanager
def noting_changes(
    database: sqlite3.Connection, market: str, starts: Sequence[int]
) -> Iterator[None]:
    """Note from which hour on sums differ after intervals of a market were written."""
    before = _standing(database, market, starts)
    yield
    after = _standing(database, market, starts)
    changed = [start for start in starts if before.get(start) != after.get(start)]
    if changed:
        _mark(database, _UNTOLD, min(changed) // HOUR * HOUR)


def begin_telling(database: sqlite3.Connection) -> int | None:
    """Return the first hour that differs from what was told, or None.

    What changes from now on is told another time; what was begun and not ended, once more.
    """
    with database:
        untold = _marked(database, _UNTOLD)
        if untold is not None:
            _mark(database, _TELLING, untold)
            _unmark(database, _UNTOLD)
        return _marked(database, _TELLING)


def hourly_sums(database: sqlite3.Connection, start: int) -> HourlySums:
    """Add up all markets' intervals, hour by hour from an instant on."""
    (before,) = database.execute(
        f"select {_HALVES} from own where {_COUNTS} and start < ?",  # noqa: S608 - names of ours
        (start,),
    )
    hours = database.execute(
        f"select start / {HOUR} as hour, {_HALVES} from own "  # noqa: S608 - names of ours
        f"where {_COUNTS} and start >= ? group by hour order by hour",
        (start,),
    )
    return HourlySums(_sums(before), {hour * HOUR: _sums(sums) for hour, *sums in hours})


def end_telling(database: sqlite3.Connection) -> None:
    """Note that what was begun is told."""
    with database:
        _unmark(database, _TELLING)


def tell_all(database: sqlite3.Connection) -> None:
    """Have every hour told again."""
    with database:
        _mark(database, _UNTOLD, 0)


def _standing(
    database: sqlite3.Connection, market: str, starts: Sequence[int]
) -> dict[int, list[int]]:
    """Return what counts of intervals, by their starts."""
    rows = database.execute(
        f"select start, {', '.join(_COLUMNS)} from own "  # noqa: S608 - names of ours
        f"where {_COUNTS} and market = ? and start between ? and ?",
        (market, min(starts), max(starts)),
    )
    return {start: figures for start, *figures in rows}


def _sums(halves: Sequence[int | None]) -> Sums:
    parts = [half or 0 for half in halves]
    whole = zip(parts[::2], parts[1::2], strict=True)
    columns = dict(zip(_COLUMNS, (high * _HALF + low for high, low in whole), strict=True))
    sums = {series: sum(columns[one] for one in _SUMMED[series]) for series in SERIES}
    sums[Series(Pair.NEIGHBOURS, Flow.COST)] -= columns[_POOL_FEES]
    return sums


def _marked(database: sqlite3.Connection, name: str) -> int | None:
    row = database.execute("select value from note where name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def _mark(database: sqlite3.Connection, name: str, hour: int) -> None:
    """Note an hour under a name, unless an earlier one is noted already."""
    earlier = _marked(database, name)
    hour = hour if earlier is None else min(hour, earlier)
    database.execute("insert or replace into note values (?, ?)", (name, str(hour)))


def _unmark(database: sqlite3.Connection, name: str) -> None:
    database.execute("delete from note where name = ?", (name,))
