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


def difference(table: Table, expected: Row, there: Row) -> str | None:
    """Name the first column that differs, and the first part of it where it has some."""
    for column, wanted, found in zip(table.columns, expected, there, strict=True):
        if wanted != found:
            name, key = column.name, expected[: len(table.key)]
            wanted_parts, found_parts = _parts(table, key, wanted), _parts(table, key, found)
            for part in wanted_parts:
                if part not in found_parts:
                    return f"{name} is {_shown(found)}, which no node writes"
                if wanted_parts[part] != found_parts[part]:
                    return _said(f"{name}.{part}", found_parts[part], wanted_parts[part])
            return _said(name, found, wanted)
    return None


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
