"""How rooms declare their tables, and the changes that a commit makes to them."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

type Kind = Literal["int", "bytes", "str"]
type Value = int | bytes | str
type Row = tuple[Value, ...]


class Column(NamedTuple):
    """A column and what it holds."""

    name: str
    kind: Kind


class Table(NamedTuple):
    """A table whose rows are found, and ordered, by their key columns."""

    name: str
    key: tuple[Column, ...]
    values: tuple[Column, ...]


class Put(NamedTuple):
    """Write rows, key columns first; a row with the same key is replaced."""

    table: Table
    rows: tuple[Row, ...]


class Delete(NamedTuple):
    """Remove the rows of these keys."""

    table: Table
    keys: tuple[Row, ...]


type Change = Put | Delete


def columns(**kinds: Kind) -> tuple[Column, ...]:
    """Declare columns in order."""
    return tuple(Column(name, kind) for name, kind in kinds.items())


def put(table: Table, rows: Iterable[Row]) -> Put:
    """Write rows."""
    return Put(table, tuple(rows))
