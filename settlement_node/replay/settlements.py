"""Whether a row about a settled interval is what the entry that it names says."""

from typing import Final

from depin_protocol.encoding import encode_json
from settlement_node.log.entries import (
    SALT_LENGTH,
    DecisionEntry,
    EntryError,
    decode_lines,
    read_entry,
)
from settlement_node.log.reading import body_at, entry_at
from settlement_node.market.settling.tables import LATE, SETTLED, SETTLED_INTERVAL
from settlement_node.store.port import View
from settlement_node.store.tables import Row, Table

OF_SETTLEMENTS: Final = frozenset((LATE, SETTLED, SETTLED_INTERVAL))


async def stands_on(view: View, table: Table, row: Row) -> bool:
    """Tell whether an entry leads to a row of one of these tables."""
    match row:
        case (str(), int(), bytes(), int(index), int(position), bytes(data)) if table is SETTLED:
            body = await body_at(view, index)
            try:
                lines = [] if body is None else decode_lines(body)
            except EntryError:
                return False
            return any(line[SALT_LENGTH:] == data for line in lines[position : position + 1])
        case (str(), int(), int(index), bytes(data)) if table is SETTLED_INTERVAL:
            result = await _result(view, index)
            return result is not None and encode_json(result) == data
        case (bytes(), int(index), str(market), int()) if table is LATE:
            result = await _result(view, index)
            return (
                result is not None
                and result.get("market") == market
                and result.get("final") is True
            )
    return False


async def _result(view: View, index: int) -> dict[str, object] | None:
    written = await entry_at(view, index)
    entry = None if written is None else read_entry(written)
    return entry.result if isinstance(entry, DecisionEntry) else None
