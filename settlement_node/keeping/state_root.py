"""A co-op's whole state as salted lines, whose root is an entry: a replay can begin there.

The first line says when it was taken, each of the others is a row. The log keeps the first line as
the entry's body: its salt is the seed of all others, and the rows follow from the log, so whoever
replays it makes the same lines again. The lines themselves are kept of a few roots only.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Final

from depin_protocol.encoding import EncodingError, decode_json, encode_json, from_text, to_text
from depin_protocol.log.entries import SALT_LENGTH, DecisionEntry, EntryError
from depin_protocol.log.merkle import leaf_hash
from depin_protocol.log.tree import CompactRange
from depin_protocol.statements.fields import BodyError, Fields
from settlement_node.log.entries import Decision, decode_lines, each_line, encode_lines, lines_root
from settlement_node.store.tables import Column, Kind, Row, Table, Value

STATE_ROOT: Final = "state_root"

_VERSION: Final = 1
_FIRST: Final = "first"
_NUMBER_LENGTH: Final = 4


def state_root(rows: Iterable[tuple[Table, Row]], at: int) -> Decision:
    """Decide on the root of a state as it was after the entry logged at this time."""
    first: dict[str, object] = {"v": _VERSION, "at": at}
    ordered = sorted(((table.name, row) for table, row in rows), reverse=True)
    lines = []
    while ordered:
        # There may be a million, so what is written is let go of.
        lines.append(row_line(*ordered.pop()))
    return Decision(STATE_ROOT, {"rows": len(lines)}, (first, *lines))


def row_line(name: str, row: Row) -> dict[str, object]:
    """Write a table's row as a line."""
    return {name: [to_text(value) if isinstance(value, bytes) else value for value in row]}


def written(decision: Decision, at: int, seed: bytes) -> tuple[bytes, bytes]:
    """Write the entry and all its lines."""
    first = next(_salted(decision, seed))
    result = {**decision.result, _FIRST: to_text(leaf_hash(first))}
    root, lines = _root_and_lines(decision, seed)
    entry = DecisionEntry(at, STATE_ROOT, result, len(decision.lines), root)
    return entry.encode(), lines


def body_of(lines: bytes) -> bytes:
    """Return what the log keeps of the lines: the first."""
    return encode_lines([next(each_line(lines))])


def all_lines(entry: DecisionEntry, body: bytes, decision: Decision) -> bytes:
    """Make the lines again from what the state leads to, and insist that they are the entry's."""
    kept = decode_lines(body)
    if len(kept) != 1:
        raise EntryError("the body of a state root is its first line")
    first = kept[0]
    seed = first[:SALT_LENGTH]
    result = {**decision.result, _FIRST: to_text(leaf_hash(first))}
    if next(_salted(decision, seed)) != first or entry.result != result:
        raise EntryError("its body is not the first line of this state")
    root, lines = _root_and_lines(decision, seed)
    if len(decision.lines) != entry.count or root != entry.root:
        raise EntryError("the state that the log leads to is not the one under this root")
    return lines


def stands_for(entry: DecisionEntry, lines: bytes) -> bool:
    """Tell whether lines that were kept are those of the entry."""
    try:
        decoded = decode_lines(lines)
    except EntryError:
        return False
    return len(decoded) == entry.count and lines_root(decoded) == entry.root


def first_name(entry: DecisionEntry) -> str | None:
    """Return the hash by which a state root's body is known, if the entry is one."""
    name = entry.result.get(_FIRST)
    return name if entry.kind == STATE_ROOT and isinstance(name, str) else None


def read_rows(lines: bytes, tables: Mapping[str, Table]) -> tuple[int, list[tuple[Table, Row]]]:
    """Read the logged time of a state, and its rows; raise an EntryError if they are no state."""
    first, *others = decode_lines(lines)
    try:
        fields = Fields(decode_json(first[SALT_LENGTH:]), "state")
        fields.integer("v", _VERSION, _VERSION)
        at = fields.time("at")
        fields.finish()
        return at, [read_row(decode_json(line[SALT_LENGTH:]), tables) for line in others]
    except (BodyError, EncodingError) as error:
        raise EntryError(str(error)) from None


def read_row(line: object, tables: Mapping[str, Table]) -> tuple[Table, Row]:
    """Read what `row_line` wrote, or raise an EntryError or an EncodingError."""
    match line:
        case dict(found) if len(found) == 1:
            ((name, values),) = found.items()
            table = tables.get(name)
            if table is not None and isinstance(values, list) and len(values) == len(table.columns):
                columns = zip(table.columns, values, strict=True)
                return table, tuple(_read_value(*column) for column in columns)
    raise EntryError("a line is not the row of a table that is known here")


def _read_value(column: Column, value: object) -> Value:
    match column.kind, value:
        case Kind.INT, int(number):
            return number
        case Kind.TEXT, str(text):
            return text
        case Kind.BYTES, str(text):
            return from_text(text, len(text) * 3 // 4)
    raise EntryError(f"{column.name} is not of its column's kind")


def _root_and_lines(decision: Decision, seed: bytes) -> tuple[bytes, bytes]:
    """Return the root of all lines, and these, written one by one: there may be a million."""
    edge, written_lines = CompactRange(), BytesIO()
    for line in _salted(decision, seed):
        edge.append(leaf_hash(line))
        written_lines.write(encode_lines([line]))
    return edge.head().root, written_lines.getvalue()


def _salted(decision: Decision, seed: bytes) -> Iterator[bytes]:
    first, *others = decision.lines
    yield seed + encode_json(first)
    for number, line in enumerate(others, 1):
        salt = hmac.digest(seed, number.to_bytes(_NUMBER_LENGTH), "sha256")[:SALT_LENGTH]
        yield salt + encode_json(line)
