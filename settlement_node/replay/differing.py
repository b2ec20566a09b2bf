"""Where two rows of a table part, in words for people."""

from typing import Final

from depin_protocol.encoding import EncodingError, decode_json
from settlement_node.ledger.rows import (
    AccountRow,
    TransferRow,
    UnreadableRowError,
    account_of,
    transfer_of,
)
from settlement_node.ledger.tables import ACCOUNT, TRANSFER
from settlement_node.store.tables import Key, Row, Table, Value

_MOST: Final = 100
_BEFORE: Final = 12


def difference(table: Table, expected: Row, there: Row) -> str | None:
    """Name the first column that differs, and the first part of it where it has some."""
    for column, wanted, found in zip(table.columns, expected, there, strict=True):
        if wanted != found:
            name, key = column.name, expected[: len(table.key)]
            wanted_parts, found_parts = _parts(table, key, wanted), _parts(table, key, found)
            if wanted_parts and not found_parts:
                return f"{name} is {_around(found, wanted)}, which no node writes"
            for part, told in wanted_parts.items():
                if part not in found_parts:
                    return f"{name}.{part} is missing, where the log leads to {_shown(told)}"
                if told != found_parts[part]:
                    return _said(f"{name}.{part}", found_parts[part], told)
            for part, told in found_parts.items():
                if part not in wanted_parts:
                    return f"{name}.{part} is {_shown(told)}, and the log leads to no such part"
            leads_to = _around(wanted, found)
            return f"{name} is {_around(found, wanted)}, where the log leads to {leads_to}"
    return None


def _around(value: Value, other: Value) -> str:
    """Show a value from shortly before it parts from another; JSON as the text that it is."""
    if not isinstance(value, bytes) or not isinstance(other, bytes) or len(value) <= _MOST // 2:
        return _shown(value)
    pairs = enumerate(zip(value, other, strict=False))
    parted = next((at for at, (one, two) in pairs if one != two), min(len(value), len(other)))
    begin = max(0, parted - _BEFORE)
    part = value[begin : begin + _MOST // 2]
    shown = repr(part.decode()) if value.startswith(b"{") and part.isascii() else part.hex()
    return f"{shown} at byte {begin}"


def _parts(table: Table, key: Key, value: Value) -> dict[str, object]:
    """Return what a row's data says, by name; nothing of what can't be read."""
    try:
        match key, value:
            case (int(number),), bytes() if table is ACCOUNT:
                account = account_of(AccountRow(number, value))
                return {
                    "kind": account.kind.name.lower(),
                    "owner": account.name.owner.hex(),
                    "limit": account.limit,
                    "closed": account.closed,
                    "debits_pending": account.debits_pending,
                    "debits_posted": account.debits_posted,
                    "credits_pending": account.credits_pending,
                    "credits_posted": account.credits_posted,
                }
            case (bytes(name),), bytes() if table is TRANSFER:
                standing, transfer = transfer_of(TransferRow(name, 0, 0, value))
                told = {} if transfer is None else transfer._asdict()
                return {"standing": standing.name.lower(), **told}
            case _, bytes() if value.startswith(b"{"):
                read = decode_json(value)
                return read if isinstance(read, dict) else {}
    except (EncodingError, UnreadableRowError):
        pass
    return {}


def _said(name: str, found: object, wanted: object) -> str:
    return f"{name} is {_shown(found)}, where the log leads to {_shown(wanted)}"


def _shown(value: object) -> str:
    shown = value.hex() if isinstance(value, bytes) else str(value)
    return shown if len(shown) <= _MOST else f"{shown[:_MOST]}..."
