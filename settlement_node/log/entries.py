"""The bodies of entries: what the hash in an entry stands for.

A statement's body is the statement's bytes. A decision's body is its lines, each after a salt, so
the root in its entry tells nothing of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from depin_protocol.encoding import EncodingError, decode_json, encode_json
from depin_protocol.log.entries import MAX_LINES, SALT_LENGTH, DecisionEntry, EntryError
from depin_protocol.log.merkle import EMPTY_ROOT, leaf_hash
from depin_protocol.log.tree import CompactRange

_LENGTH_SIZE: Final = 4


class DecisionError(ValueError):
    """A decision does not follow from what precedes it; the message says why."""


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
    return list(each_line(body))


def each_line(body: bytes) -> Iterator[bytes]:
    """Read salted lines, one by one."""
    start = count = 0
    while start < len(body):
        begin = start + _LENGTH_SIZE
        start = begin + int.from_bytes(body[start:begin])
        line = body[begin:start]
        if start > len(body) or len(line) < SALT_LENGTH or count == MAX_LINES:
            raise EntryError("the body is not salted lines with their lengths")
        yield line
        count += 1
