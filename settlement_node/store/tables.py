"""What a store holds: tables of typed rows in the order of their keys, and changes to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from settlement_node.store.errors import RowError

type Value = int | bytes | str
type Key = tuple[Value, ...]
type Row = tuple[Value, ...]

_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**63 - 1


class Kind(Enum):
    """What a column can hold."""

    INT = int
    BYTES = bytes
    TEXT = str


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name and kind."""

    name: str
    kind: Kind


def integers(*names: str) -> tuple[Column, ...]:
    """Declare columns of signed 64-bit integers."""
    return tuple(Column(name, Kind.INT) for name in names)


def binary(*names: str) -> tuple[Column, ...]:
    """Declare columns of bytes."""
    return tuple(Column(name, Kind.BYTES) for name in names)


def text(*names: str) -> tuple[Column, ...]:
    """Declare columns of text."""
    return tuple(Column(name, Kind.TEXT) for name in names)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table: rows are tuples, key columns first, and lie in the order of their keys."""

    name: str
    key: tuple[Column, ...]
    value: tuple[Column, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in the order of a row."""
        return self.key + self.value

    def shape(self) -> tuple[str, tuple[Column, ...], tuple[Column, ...]]:
        """Return what makes two descriptions of a table the same."""
        return self.name, self.key, self.value


@dataclass(frozen=True, slots=True)
class Put:
    """Write rows; a row whose key is there replaces the one that was."""

    table: Table
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the rows of these keys; a key without a row is no mistake."""

    table: Table
    keys: Sequence[Key]


@dataclass(frozen=True, slots=True)
class Clear:
    """Remove every row of a table."""

    table: Table


type Change = Put | Delete | Clear


def check(changes: Iterable[Change]) -> None:
    """Raise RowError unless each row and key fits the columns of its table."""
    for change in changes:
        match change:
            case Put(table, rows):
                check_rows(table, table.columns, rows)
            case Delete(table, keys):
                check_rows(table, table.key, keys)
            case Clear():
                pass
            case _:
                assert_never(change)


def check_rows(table: Table, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Raise RowError unless each row has just these columns."""
    if not rows:
        return
    try:
        by_column = list(zip(*rows, strict=True))
    except ValueError:
        by_column = []
    if len(by_column) != len(columns):
        raise RowError(
            f"a row of {table.name} has not {len(columns)} columns: give"
            f" ({', '.join(column.name for column in columns)})"
        )
    for column, values in zip(columns, by_column, strict=True):
        _check_column(table, column, values)


def _check_column(table: Table, column: Column, values: Sequence[Value]) -> None:
    kinds = set(map(type, values))
    if kinds != {column.kind.value}:
        found = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise RowError(f"{table.name}.{column.name} takes {column.kind.value.__name__}: {found}")
    if column.kind is Kind.INT:
        integers_only = [value for value in (min(values), max(values)) if isinstance(value, int)]
        if not all(_SMALLEST <= value <= _LARGEST for value in integers_only):
            raise RowError(f"{table.name}.{column.name} takes 64 bits, and a value needs more")
    elif column.kind is Kind.TEXT:
        for value in values:
            _check_text(table, column, value)


def _check_text(table: Table, column: Column, value: Value) -> None:
    # PostgreSQL keeps neither a NUL nor half of a surrogate pair; the two engines must agree.
    whole = isinstance(value, str) and "\0" not in value
    if not whole or any("\ud800" <= letter <= "\udfff" for letter in str(value)):
        raise RowError(f"{table.name}.{column.name} takes text without NUL and lone surrogates")


@dataclass(slots=True)
class TableChanges:
    """What is left to do in one table, when only the last change to each key counts."""

    cleared: bool
    rows: dict[Key, Row | None]

    def puts(self) -> list[Row]:
        """Return the rows to write."""
        return [row for row in self.rows.values() if row is not None]

    def deletes(self) -> list[Key]:
        """Return the keys whose rows go."""
        return [key for key, row in self.rows.items() if row is None]


def merged(batches: Iterable[Iterable[Change]]) -> Mapping[Table, TableChanges]:
    """Bring batches, in their order, down to one set of puts and deletes for each table."""
    result: dict[Table, TableChanges] = {}
    for change in (change for batch in batches for change in batch):
        table = change.table
        if isinstance(change, Clear):
            result[table] = TableChanges(cleared=True, rows={})
            continue
        changes = result.get(table)
        if changes is None:
            changes = result[table] = TableChanges(cleared=False, rows={})
        if isinstance(change, Put):
            width = len(table.key)
            changes.rows.update({row[:width]: row for row in change.rows})
        else:
            changes.rows.update(dict.fromkeys(change.keys))
    return result
