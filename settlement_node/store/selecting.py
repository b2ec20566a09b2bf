"""Reading as SQL: the same statements on every engine, but for how they mark a parameter."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from itertools import batched, groupby
from typing import Final

from settlement_node.store.errors import RowError
from settlement_node.store.tables import Column, Key, Row, Table, Value, check_rows

COOP = "coop_id"
_KEYS_AT_ONCE: Final = 500


def quoted(columns: Sequence[Column]) -> str:
    """Write column names for SQL."""
    return ", ".join(f'"{column.name}"' for column in columns)


class SelectingView(ABC):
    """`get` and `scan` by SELECT. `leads` holds what every key begins with, unseen by callers."""

    def __init__(self, *, mark: str, leads: tuple[bytes, ...] = ()) -> None:
        self._mark = mark
        self._leads = leads

    @abstractmethod
    async def _rows(self, sql: str, values: Sequence[Value]) -> list[Row]:
        """Run a SELECT."""

    async def get(self, table: Table, key: Key) -> Row | None:
        """Return the whole row of a key."""
        _check_whole(table, [key])
        rows = await self.scan(table, key, limit=1)
        return rows[0] if rows else None

    async def several(self, table: Table, keys: Iterable[Key]) -> list[Row]:
        """Return the whole rows of those of these keys that there are, in the order of keys."""
        asked = sorted(set(keys))
        _check_whole(table, asked)
        *leading, last = table.key
        order = f'ORDER BY "{last.name}"'
        found: list[Row] = []
        for prefix, group in groupby(asked, lambda key: key[:-1]):
            for together in batched(group, _KEYS_AT_ONCE):
                select = self._select(leading, prefix)
                select.where(f'"{last.name}" IN', [key[-1] for key in together])
                found += await self._rows(f"{select.of(table)} {order}", select.values)
        return found

    async def scan(  # noqa: PLR0913 - each narrows what is read
        self,
        table: Table,
        prefix: Key = (),
        *,
        after: Key | None = None,
        until: Key | None = None,
        limit: int,
        reverse: bool = False,
    ) -> list[Row]:
        """Return the first rows whose key begins with `prefix`, in the order of keys."""
        if limit <= 0 or (after is not None and _within(table, prefix, after) == ()):
            return []
        check_rows(table, table.key[: len(prefix)], [prefix] if prefix else [])
        select = self._select(table.key[: len(prefix)], prefix)
        rest = table.key[len(prefix) :]
        for bound, sign in ((after, "<" if reverse else ">"), (until, ">=" if reverse else "<=")):
            if bound is not None and (further := _within(table, prefix, bound)):
                select.where(f"({quoted(rest[: len(further)])}) {sign}", further)
        way = " DESC" if reverse else ""
        order = ", ".join(f'"{column.name}"{way}' for column in rest)
        return await self._rows(
            f"{select.of(table)}{f' ORDER BY {order}' if order else ''} LIMIT {limit:d}",
            select.values,
        )

    def _select(self, columns: Sequence[Column], values: Key) -> "_Select":
        """Begin a SELECT of rows that have these values."""
        select = _Select(self._mark)
        for _ in self._leads:
            select.where(f"{COOP} =", self._leads)
        for column, value in zip(columns, values, strict=True):
            select.where(f'"{column.name}" =', (value,))
        return select


class _Select:
    """The conditions of a SELECT and the values of its parameters."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._terms: list[str] = []
        self.values: list[Value] = []

    def where(self, left: str, values: Sequence[Value]) -> None:
        """Add a condition on some values."""
        first = len(self.values) + 1
        marks = ", ".join(f"{self._mark}{first + i}" for i in range(len(values)))
        self._terms.append(f"{left} ({marks})")
        self.values.extend(values)

    def of(self, table: Table) -> str:
        """Write it, with all conditions."""
        conditions = f" WHERE {' AND '.join(self._terms)}" if self._terms else ""
        names = quoted(table.columns)
        return f'SELECT {names} FROM "{table.name}"{conditions}'  # noqa: S608 - our own names


def _check_whole(table: Table, keys: Sequence[Key]) -> None:
    if any(len(key) != len(table.key) for key in keys):
        raise RowError(f"a key of {table.name} is ({quoted(table.key)}): give all of it")
    check_rows(table, table.key, keys)


def _within(table: Table, prefix: Key, bound: Key) -> Key:
    """Return what a bound says beyond the prefix, with which it has to begin."""
    if bound[: len(prefix)] != prefix or len(bound) > len(table.key):
        raise RowError(f"a bound of a scan of {table.name} begins with the scan's prefix")
    check_rows(table, table.key[: len(bound)], [bound] if bound else [])
    return bound[len(prefix) :]
