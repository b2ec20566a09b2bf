"""Entries packed, 256 of them as they are served: a statement's is its hash and little more."""

import zlib
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from typing import Final

import msgspec

from depin_protocol.encoding import to_text
from depin_protocol.identifiers import HASH_LENGTH
from depin_protocol.log.entries import EntryError, StatementEntry, read_entry
from settlement_node.log.sealed import as_written, seal, unseal

_PLAIN: Final = -1


class _Columns(msgspec.Struct, array_like=True):
    """What becomes small when it is compressed."""

    kinds: list[str]
    kind: list[int]
    """Of each entry, the number of its kind, or that it is kept as it is."""
    at: list[int]
    """Of each statement, how much later it was logged than the one before."""
    plain: list[bytes]


class _Bundle(msgspec.Struct, array_like=True):
    """Columns, and the hashes, which nothing compresses."""

    columns: bytes
    hashes: bytes


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """Pack entries so that they come back to the byte."""
    kinds: dict[str, int] = {}
    columns = _Columns([], [], [], [])
    hashes: list[bytes] = []
    before = 0
    for data in entries:
        entry = _statement_in(data)
        if entry is None:
            columns.kind.append(_PLAIN)
            columns.plain.append(data)
            continue
        columns.kind.append(kinds.setdefault(entry.kind, len(kinds)))
        columns.at.append(entry.at - before)
        before = entry.at
        hashes.append(urlsafe_b64decode(f"{entry.hash}="))
    columns.kinds = list(kinds)
    small = zlib.compress(msgspec.msgpack.encode(columns), 9)
    return seal(msgspec.msgpack.encode(_Bundle(small, b"".join(hashes))))


def unpack_entries(packed: bytes, name: str) -> list[bytes]:
    """Return the entries, or raise DamagedLogError."""
    content = unseal(packed, name)
    with as_written(name):
        bundle = msgspec.msgpack.decode(content, type=_Bundle)
        columns = msgspec.msgpack.decode(zlib.decompress(bundle.columns), type=_Columns)
        return _entries(bundle, columns)


def _entries(bundle: _Bundle, columns: _Columns) -> list[bytes]:
    entries = []
    plain, differences = iter(columns.plain), iter(columns.at)
    place = at = 0
    for kind in columns.kind:
        if kind == _PLAIN:
            entries.append(next(plain))
            continue
        at += next(differences)
        hash_ = to_text(bundle.hashes[place : place + HASH_LENGTH])
        place += HASH_LENGTH
        entries.append(StatementEntry(at, columns.kinds[kind], hash_).encode())
    return entries


def _statement_in(data: bytes) -> StatementEntry | None:
    try:
        entry = read_entry(data)
    except EntryError:
        return None
    return entry if isinstance(entry, StatementEntry) and entry.encode() == data else None
