"""The ledger's tables in a store: what is written of it, and how it is read back."""

from collections.abc import Iterable
from typing import Final

from settlement_node.ledger.assets import Denominations
from settlement_node.ledger.beginning import BEGINNING, Beginning
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.rows import AccountRow, Changes, Logged, TransferRow
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import (
    Change,
    Delete,
    Put,
    Table,
    Value,
    binary,
    integers,
)

ACCOUNT: Final = Table("account", integers("account"), binary("data"))
TRANSFER: Final = Table("transfer", binary("id"), (*integers("index", "position"), *binary("data")))
ACCOUNT_HISTORY: Final = Table(
    "account_history",
    integers("account", "index", "position"),
    (
        *binary("transfer"),
        *integers("debits_pending", "debits_posted", "credits_pending", "credits_posted"),
    ),
)
PENDING: Final = Table("pending", (*integers("expires"), *binary("id")))

ABOUT: Final = Table(
    "transfer_about", (*binary("reference"), *integers("index", "position")), binary("transfer")
)

TABLES: Final = (ACCOUNT, TRANSFER, ACCOUNT_HISTORY, PENDING, ABOUT, BEGINNING)


def as_changes(changes: Changes) -> list[Change]:
    """Say in the store's terms what is to be written."""
    puts = (
        Put(ACCOUNT, changes.accounts),
        Put(TRANSFER, changes.transfers),
        Put(ACCOUNT_HISTORY, changes.history),
        Put(PENDING, changes.pending),
    )
    return [
        *(put for put in puts if put.rows),
        *([Delete(PENDING, changes.no_longer_pending)] if changes.no_longer_pending else []),
    ]


async def load(view: View, denominations: Denominations, logged: Logged) -> Ledger:
    """Load the ledger as it was after `logged`, the last entry that was committed."""
    accounts = [AccountRow._make(row) async for row in every_row(view, ACCOUNT)]
    pending = [row[1] async for row in every_row(view, PENDING)]
    transfers = await _stored_transfers(view, pending)
    return Ledger.from_rows(denominations, logged, accounts, transfers)


async def recall(
    view: View, ledger: Ledger, names: Iterable[bytes], size: int, begin: Beginning
) -> None:
    """Look up what the ledger lacks of these transfers, as they were after `size` entries."""
    asked = sorted(ledger.lacks(names))
    ledger.recall(asked, begin.kept(await _stored_transfers(view, asked), size))


async def transfer_rows(view: View) -> list[TransferRow]:
    """Read all transfers, for an audit."""
    return [TransferRow._make(row) async for row in every_row(view, TRANSFER)]


async def stored_transfer(view: View, name: Value) -> TransferRow | None:
    """Read one transfer's row."""
    row = await view.get(TRANSFER, (name,))
    return None if row is None else TransferRow._make(row)


async def _stored_transfers(view: View, names: Iterable[Value]) -> list[TransferRow]:
    return [TransferRow._make(row) for row in await view.several(TRANSFER, zip(names))]
