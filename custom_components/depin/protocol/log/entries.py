"""The log's entries: what everybody may read.

An entry is public and holds no personal value. A statement's entry gives its time, kind and hash;
a decision's entry gives its time, kind, public result and the root over its salted lines.
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..encoding import EncodingError, decode_json, encode_json, from_text, to_text
from ..identifiers import HASH_LENGTH, HASH_PATTERN
from ..statements.fields import HASH, BodyError, Fields
from .merkle import leaf_hash
from .tiles import MAX_ENTRY

SALT_LENGTH: Final = 16
MAX_LINES: Final = 2**24
"""Most lines of a decision: a state root has ten or more for each member."""

_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")

# One form only, read in a microsecond: nearly all entries are statements'.
_STATEMENT: Final = re.compile(
    rb'\{"at":([1-9][0-9]{0,14}),"statement":"([a-z][a-z0-9_]{0,31})","hash":"(%b)"\}'
    % HASH_PATTERN.encode("ascii")
)


class EntryError(ValueError):
    """An entry or a body is not as this log writes them; the message says where."""


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
        root = from_text(lines.text("root", HASH), HASH_LENGTH)
        lines.finish()
        entry = DecisionEntry(at, kind, result, count, root)
        fields.finish()
    except (BodyError, EncodingError) as error:
        raise EntryError(str(error)) from None
    if entry.encode() != data:
        raise EntryError("the entry is not written as this log writes entries")
    return entry


def entry_name(data: bytes) -> str:
    """Return the hash by which statements name an entry: its leaf hash."""
    return to_text(leaf_hash(data))
