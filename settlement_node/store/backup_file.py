"""The form of a backup: a line that names it, a line of JSON, blocks of rows, a checksum.

A block is a table's number, a count of rows, and its columns one after the other: 64-bit integers
as they are, bytes and text as their lengths and then all of them together.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import BinaryIO, Final, Self

import msgspec

from settlement_node.foreign_json import read_foreign
from settlement_node.store.errors import BackupRefusedError
from settlement_node.store.tables import Column, Kind, Row, Table, Value

FORM: Final = b"depin store backup 1\n"

_BLOCK: Final = struct.Struct(">HIQ")  # table, rows, bytes
_END: Final = _BLOCK.pack(0xFFFF, 0, 0)
_CHUNK: Final = 2**20
_MOST_HEADER: Final = 2**20
_DAMAGED: Final = (
    "the backup is whole, but no node writes such a one: take it from somebody whom you trust"
)

type _Columns = list[tuple[str, str]]


class _Table(msgspec.Struct, frozen=True):
    """A table as the head describes it."""

    name: str
    key: _Columns
    value: _Columns


class _Head(msgspec.Struct, frozen=True):
    """The line of JSON."""

    coop: str
    schema: int
    tables: list[_Table]


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup says about itself."""

    coop: bytes
    schema: int
    tables: tuple[Table, ...]

    def to_bytes(self) -> bytes:
        """Write it as one line."""
        tables = [
            _Table(table.name, _named(table.key), _named(table.value)) for table in self.tables
        ]
        return msgspec.json.encode(_Head(self.coop.hex(), self.schema, tables)) + b"\n"

    @classmethod
    def from_bytes(cls, line: bytes) -> Self:
        """Read what `to_bytes` wrote, under a checksum that held."""
        try:
            head = read_foreign(line, _Head)
            tables = tuple(
                Table(table.name, _columns(table.key), _columns(table.value))
                for table in head.tables
            )
            return cls(bytes.fromhex(head.coop), head.schema, tables)
        except (ValueError, KeyError):
            raise BackupRefusedError(_DAMAGED) from None


class BackupWriter:
    """Writes a backup, and its checksum at the end."""

    def __init__(self, file: BinaryIO, header: Header) -> None:
        self._file = file
        self._digest = sha256()
        self._numbers = {table: number for number, table in enumerate(header.tables)}
        self._write(FORM + header.to_bytes())

    def rows(self, table: Table, rows: Sequence[Row]) -> None:
        """Write a block of rows."""
        columns = zip(table.columns, zip(*rows, strict=True), strict=True)
        packed = b"".join(_packed(column, values) for column, values in columns)
        self._write(_BLOCK.pack(self._numbers[table], len(rows), len(packed)) + packed)

    def end(self) -> None:
        """Write what shows that nothing is missing."""
        self._write(_END)
        self._file.write(self._digest.digest())

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)


def check_backup(file: BinaryIO) -> bytes:
    """Return a backup's checksum; raise BackupRefusedError unless it holds."""
    if file.read(len(FORM)) != FORM:
        raise BackupRefusedError(
            "this is not a backup that this program can read: name a file that `backup` wrote"
        )
    digest = sha256(FORM)
    held = b""
    while data := file.read(_CHUNK):
        known = held + data
        digest.update(known[: -digest.digest_size])
        held = known[-digest.digest_size :]
    if digest.digest() != held:
        raise BackupRefusedError(
            "the backup is cut off or was altered: its checksum is wrong; take another one"
        )
    return held


def read_header(file: BinaryIO) -> Header:
    """Read the head of a backup whose checksum held."""
    file.seek(len(FORM))
    return Header.from_bytes(file.readline(_MOST_HEADER))


def read_blocks(file: BinaryIO, header: Header) -> Iterator[tuple[Table, list[Row]]]:
    """Read the rows that follow the head."""
    most = os.fstat(file.fileno()).st_size
    while (start := file.read(_BLOCK.size)) != _END:
        try:
            number, count, size = _BLOCK.unpack(start)
            table = header.tables[number]
            rows = _unpacked(table, count, file.read(min(size, most)))
        except (struct.error, IndexError, ValueError):
            raise BackupRefusedError(_DAMAGED) from None
        yield table, rows


def _named(columns: Sequence[Column]) -> _Columns:
    return [(column.name, column.kind.name) for column in columns]


def _columns(named: _Columns) -> tuple[Column, ...]:
    return tuple(Column(name, Kind[kind]) for name, kind in named)


def _packed(column: Column, values: Sequence[Value]) -> bytes:
    if column.kind is Kind.INT:
        return struct.pack(f">{len(values)}q", *values)
    data = [value.encode() if isinstance(value, str) else bytes(value) for value in values]
    return struct.pack(f">{len(data)}I", *map(len, data)) + b"".join(data)


def _unpacked(table: Table, count: int, packed: bytes) -> list[Row]:
    columns: list[Sequence[Value]] = []
    place = 0
    for column in table.columns:
        if column.kind is Kind.INT:
            columns.append(struct.unpack_from(f">{count}q", packed, place))
            place += 8 * count
            continue
        lengths = struct.unpack_from(f">{count}I", packed, place)
        ends = accumulate(lengths, initial=place + 4 * count)
        parts = [packed[start:end] for start, end in pairwise(ends)]
        place += 4 * count + sum(lengths)
        columns.append([part.decode() for part in parts] if column.kind is Kind.TEXT else parts)
    return list(zip(*columns, strict=True))
