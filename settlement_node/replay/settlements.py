"""Whether a row about a settled interval is what the entry that it names says."""

from typing import Final

from depin_protocol.encoding import decode_json, encode_json, to_text
from depin_protocol.log.entries import SALT_LENGTH, DecisionEntry, EntryError, read_entry
from settlement_node.log.entries import decode_lines
from settlement_node.log.reading import body_at, entry_at
from settlement_node.market.settling.tables import LATE, SETTLED, SETTLED_INTERVAL
from settlement_node.store.port import View
from settlement_node.store.tables import Row, Table

OF_SETTLEMENTS: Final = frozenset((LATE, SETTLED, SETTLED_INTERVAL))


async def stands_on(view: View, table: Table, row: Row) -> bool:
    """Tell whether an entry leads to a row of one of these tables."""
    match row:
        case (str(market), int(start), bytes(member), int(index), int(position), bytes(data)) if (
            table is SETTLED
        ):
            result = await _result(view, index)
            line = decode_json(data) if data == await line_of(view, index, position) else {}
            begun = line.get("start", result.get("start"))
            told_of = result.get("market"), begun, line.get("member")
            return told_of == (market, start, to_text(member))
        case (str(market), int(start), int(index), bytes(data)) if table is SETTLED_INTERVAL:
            result = await _result(view, index)
            told = result.get("market"), result.get("start"), encode_json(result)
            return told == (market, start, data)
        case (bytes(), int(index), str(market), int()) if table is LATE:
            result = await _result(view, index)
            return result.get("market") == market and result.get("final") is True
    return False


async def line_of(view: View, index: int, position: int) -> bytes | None:
    """Return a decision's line without its salt."""
    body = await body_at(view, index)
    try:
        lines = [] if body is None else decode_lines(body)
    except EntryError:
        return None
    return lines[position][SALT_LENGTH:] if 0 <= position < len(lines) else None


async def _result(view: View, index: int) -> dict[str, object]:
    written = await entry_at(view, index)
    entry = None if written is None else read_entry(written)
    return entry.result if isinstance(entry, DecisionEntry) else {}
