"""The log's entries and their bodies: what everybody may read, and what a hash stands for.

An entry is public and holds no personal value. A statement's entry gives its time, kind and hash;
its body is the statement's bytes. A decision's entry gives its time, kind, public result and the
root over its lines; its body is the lines, each after a salt, so the root tells nothing of them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from depin_protocol.encoding import EncodingError, decode_json, encode_json, from_text, to_text
from depin_protocol.identifiers import HASH_PATTERN
from depin_protocol.log.merkle import EMPTY_ROOT, leaf_hash
from depin_protocol.log.tiles import MAX_ENTRY
from depin_protocol.log.tree import CompactRange
from depin_protocol.statements.fields import HASH, BodyError, Fields

SALT_LENGTH: Final = 16
MAX_LINES: Final = 2**20

_LENGTH_SIZE: Final = 4
_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_HASH_LENGTH: Final = 32

# One form only, read in a microsecond: nearly all entries are statements'.
_STATEMENT: Final = re.compile(
    rb'\{"at":([1-9][0-9]{0,14}),"statement":"([a-z][a-z0-9_]{0,31})","hash":"(%b)"\}'
    % HASH_PATTERN.encode("ascii")
)


class EntryError(ValueError):
    """An entry or a body is not as this log writes them; the message says where."""


class DecisionError(ValueError):
    """A decision does not follow from what precedes it; the message says why."""


class StatementEntry(NamedTuple):
    """A statement's place in the log."""

    at: int
    kind: str
    hash: str

    def encode(self) -> bytes:
        """Write the entry; nothing in it needs an escape."""
        text = f'{{"at":{self.at},"statement":"{self.kind}","hash":"{self.hash}"}}'
        return text.encode("ascii")


@dataclass(frozen=True, slots=True)
class DecisionEntry:
    """A decision's place in the log, and what everybody may know of it."""

    at: int
    kind: str
    result: dict[str, object]
    count: int
    root: bytes

    def encode(self) -> bytes:
        """Write the entry."""
        data = encode_json(
            {
                "at": self.at,
                "decision": self.kind,
                "result": self.result,
                "lines": {"count": self.count, "root": to_text(self.root)},
            }
        )
        if len(data) > MAX_ENTRY:
            raise EntryError(f"an entry of {len(data)} bytes, where at most {MAX_ENTRY} fit")
        return data


type Entry = StatementEntry | DecisionEntry


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided: the part that everybody may read, and the lines that only some may."""

    kind: str
    result: dict[str, object]
    lines: tuple[dict[str, object], ...] = ()

    def written(self, at: int, salts: Sequence[bytes]) -> tuple[bytes, bytes]:
        """Write the entry and its body; each line gets its own salt."""
        lines = [salt + encode_json(line) for salt, line in zip(salts, self.lines, strict=True)]
        entry = DecisionEntry(at, self.kind, self.result, len(lines), lines_root(lines))
        return entry.encode(), encode_lines(lines)


def read_entry(data: bytes) -> Entry:
    """Read an entry, and insist that it is written in the one way."""
    found = _STATEMENT.fullmatch(data)
    if found is not None:
        at, kind, hash_ = found.groups()
        return StatementEntry(int(at), kind.decode("ascii"), hash_.decode("ascii"))
    try:
        fields = Fields(decode_json(data), "entry")
        at = fields.time("at")
        kind = fields.text("decision", _KIND)
        result = fields.json_object("result")
        lines = Fields(fields.take("lines"), "entry.lines")
        count = lines.integer("count", 0, MAX_LINES)
        root = from_text(lines.text("root", HASH), _HASH_LENGTH)
        lines.finish()
        entry = DecisionEntry(at, kind, result, count, root)
        fields.finish()
    except (BodyError, EncodingError) as error:
        raise EntryError(str(error)) from None
    if entry.encode() != data:
        raise EntryError("the entry is not written as this log writes entries")
    return entry


def read_decision(entry: DecisionEntry, body: bytes) -> Decision:
    """Read a decision whole, and check that the body is the one that the entry stands for."""
    lines = decode_lines(body)
    if len(lines) != entry.count or lines_root(lines) != entry.root:
        raise EntryError("the body is not the one that the entry's root stands for")
    read = []
    for line in lines:
        try:
            value = decode_json(line[SALT_LENGTH:])
        except EncodingError as error:
            raise EntryError(str(error)) from None
        if not isinstance(value, dict):
            raise EntryError("a line is not an object")
        read.append(value)
    return Decision(entry.kind, entry.result, tuple(read))


def entry_name(data: bytes) -> str:
    """Return the hash by which statements name an entry: its leaf hash."""
    return to_text(leaf_hash(data))


def lines_root(lines: Sequence[bytes]) -> bytes:
    """Return the root of RFC 9162 over salted lines."""
    edge = CompactRange()
    for line in lines:
        edge.append(leaf_hash(line))
    return edge.head().root if lines else EMPTY_ROOT


def encode_lines(lines: Sequence[bytes]) -> bytes:
    """Write salted lines, each after its length."""
    return b"".join(len(line).to_bytes(_LENGTH_SIZE) + line for line in lines)


def decode_lines(body: bytes) -> list[bytes]:
    """Read salted lines."""
    lines: list[bytes] = []
    start = 0
    while start < len(body):
        begin = start + _LENGTH_SIZE
        start = begin + int.from_bytes(body[start:begin])
        line = body[begin:start]
        if start > len(body) or len(line) < SALT_LENGTH or len(lines) == MAX_LINES:
            raise EntryError("the body is not salted lines with their lengths")
        lines.append(line)
    return lines
