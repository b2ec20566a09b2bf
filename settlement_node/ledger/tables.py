"""The ledger's tables in a store: what is written of it, and how it is read back."""

from collections.abc import AsyncIterator, Iterable
from typing import Final

from settlement_node.ledger.assets import Denominations
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.rows import AccountRow, Changes, Logged, TransferRow
from settlement_node.ledger.transfers import Transfer
from settlement_node.store.port import View
from settlement_node.store.tables import (
    Change,
    Delete,
    Key,
    Put,
    Row,
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

TABLES: Final = (ACCOUNT, TRANSFER, ACCOUNT_HISTORY, PENDING, ABOUT)

_PAGE: Final = 5000


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
    accounts = [AccountRow._make(row) async for row in _rows(view, ACCOUNT)]
    pending = [await transfer_row(view, row[1]) async for row in _rows(view, PENDING)]
    return Ledger.from_rows(denominations, logged, accounts, filter(None, pending))


async def recall(view: View, ledger: Ledger, transfers: Iterable[Transfer]) -> None:
    """Look up what the ledger doesn't remember of these transfers, so that it can apply them."""
    asked = sorted(ledger.unremembered(transfers))
    found = [await transfer_row(view, name) for name in asked]
    ledger.recall(asked, filter(None, found))


async def transfer_rows(view: View) -> list[TransferRow]:
    """Read all transfers, for an audit."""
    return [TransferRow._make(row) async for row in _rows(view, TRANSFER)]


async def transfer_row(view: View, name: Value) -> TransferRow | None:
    """Read one transfer's row."""
    row = await view.get(TRANSFER, (name,))
    return None if row is None else TransferRow._make(row)


async def _rows(view: View, table: Table) -> AsyncIterator[Row]:
    after: Key | None = None
    while page := await view.scan(table, after=after, limit=_PAGE):
        for row in page:
            yield row
        after = page[-1][: len(table.key)]
