"""What happened on an account, and what is still to happen, a page at a time."""

from heapq import nsmallest
from typing import NamedTuple

from settlement_node.ledger.accounts import Balance
from settlement_node.ledger.codes import Code
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.rows import HistoryRow, Standing, TransferRow, transfer_of
from settlement_node.ledger.tables import ACCOUNT_HISTORY, stored_transfer
from settlement_node.ledger.transfers import Transfer
from settlement_node.store.port import View

type Spot = tuple[int, int]
"""An entry of the log, and a position in it."""


class Told(NamedTuple):
    """A transfer as it stands, and where in the log it was made."""

    transfer: Transfer
    standing: Standing
    at: Spot


class Movement(NamedTuple):
    """What a transfer did to an account, by being made or by coming to its end."""

    at: Spot
    told: Told
    balance: Balance


def waiting_payouts(ledger: Ledger, after: bytes, limit: int) -> list[Transfer]:
    """List the payouts that the bank has still to do, by their ids: the oldest first."""
    waiting = (one for one in ledger.reservations() if one.code is Code.PAYOUT and one.id > after)
    return nsmallest(limit, waiting, key=lambda one: one.id)


async def transfer_at(view: View, name: bytes) -> Told | None:
    """Read a transfer; of one that was refused for ever there is nothing to tell."""
    row = await stored_transfer(view, name)
    return None if row is None else _told(row)


async def movements(view: View, account: int, after: Spot, limit: int) -> list[Movement]:
    """Read what happened on an account after a place of the log, the oldest first."""
    rows = await view.scan(ACCOUNT_HISTORY, (account,), after=(account, *after), limit=limit)
    found = []
    for row in map(HistoryRow._make, rows):
        told = await transfer_at(view, row.transfer)
        if told is not None:
            found.append(Movement((row.entry, row.position), told, Balance(*row[4:])))
    return found


def _told(row: TransferRow) -> Told | None:
    standing, transfer = transfer_of(row)
    return None if transfer is None else Told(transfer, standing, (row.entry, row.position))
