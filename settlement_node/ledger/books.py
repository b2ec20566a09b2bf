"""The ledger's memory: accounts, transfers and reservations, and how each movement alters them."""

from heapq import heappop, heappush
from typing import Final

from settlement_node.ledger.accounts import Account, AccountName
from settlement_node.ledger.rows import (
    Changes,
    HistoryRow,
    PendingRow,
    Standing,
    TransferRow,
    account_row,
    history_row,
    refused_row,
    transfer_row,
)
from settlement_node.ledger.transfers import Phase, Transfer

_AT_ONCE: Final = Phase.AT_ONCE
_RESERVE: Final = Phase.RESERVE
_POST: Final = Phase.POST

type _Held = tuple[Transfer, int, int]
type _Step = tuple[Transfer, _Held | None, TransferRow | None]


class Books:
    """What the rules look at, and what they alter once they have decided.

    Between `begin_chain` and `keep_chain` all that is booked can be taken back.
    """

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.numbers: dict[AccountName, int] = {}
        # None stands for an id that was refused for ever.
        self.transfers: dict[bytes, Transfer | None] = {}
        # The reservations that stand, each with its entry and its position there.
        self.reserved: dict[bytes, _Held] = {}
        self.ended: dict[bytes, Standing] = {}
        self.entry = -1
        self.position = 0
        self._expiries: list[tuple[int, bytes]] = []
        self._undo: list[_Step] | None = None
        self._altered: dict[int, Account] = {}
        self._rows: dict[bytes, TransferRow] = {}
        self._history: list[HistoryRow] = []
        self._pending: dict[PendingRow, None] = {}
        self._no_longer_pending: dict[PendingRow, None] = {}
        self._history_before_chain = 0

    def add(self, account: Account) -> None:
        """Take in an account."""
        self.accounts[account.number] = account
        self.numbers[account.name] = account.number

    def add_reservation(self, transfer: Transfer, entry: int, position: int) -> None:
        """Take in a reservation that stands."""
        self.transfers[transfer.id] = transfer
        self.reserved[transfer.id] = transfer, entry, position
        if transfer.expires:
            heappush(self._expiries, (transfer.expires, transfer.id))

    def alter(self, account: Account) -> None:
        """Have an account's row written."""
        self._altered[account.number] = account

    def book(self, transfer: Transfer) -> None:
        """Do what the rules allow."""
        debited = self.accounts[transfer.debit]
        credited = self.accounts[transfer.credit]
        phase = transfer.phase
        if self._undo is not None:
            ended = transfer.reserved_by
            self._undo.append(
                (transfer, self.reserved.get(ended), self._rows.get(ended))
                if ended
                else (transfer, None, None)
            )
        amount = transfer.amount
        name = transfer.id
        self.transfers[name] = transfer
        standing = Standing.BOOKED
        if phase is _AT_ONCE:
            debited.debits_posted += amount
            credited.credits_posted += amount
        elif phase is _RESERVE:
            debited.debits_pending += amount
            credited.credits_pending += amount
            standing = Standing.RESERVED
            self.add_reservation(transfer, self.entry, self.position)
            self._pending[PendingRow(transfer.expires, name)] = None
        else:
            self._end(transfer.reserved_by, Standing.POSTED if phase is _POST else Standing.VOIDED)
            if phase is _POST:
                debited.debits_posted += amount
                credited.credits_posted += amount
        self._rows[name] = transfer_row(transfer, standing, self.entry, self.position)
        self._note(debited, credited, name)

    def burn(self, name: bytes) -> None:
        """Remember that an id was refused, so that it never succeeds."""
        self.transfers[name] = None
        self._rows[name] = refused_row(name, self.entry, self.position)
        self.position += 1

    def expire(self, at: int) -> None:
        """Release the reservations whose moment has come, in order of moment and id."""
        while self._expiries and self._expiries[0][0] <= at:
            _, name = heappop(self._expiries)
            if name in self.reserved:
                reservation = self._end(name, Standing.EXPIRED)
                debited = self.accounts[reservation.debit]
                self._note(debited, self.accounts[reservation.credit], name)

    def expiring(self, at: int) -> list[bytes]:
        """Name the reservations whose moment has come, in order of moment and id."""
        if not self._expiries or self._expiries[0][0] > at:
            return []
        due = {one for one in self._expiries if one[0] <= at and one[1] in self.reserved}
        return [name for _, name in sorted(due)]

    def begin_chain(self) -> None:
        """Have what follows taken back or kept together."""
        self._undo = []
        self._history_before_chain = len(self._history)

    def keep_chain(self) -> None:
        """Keep what was booked since the chain began."""
        self._undo = None

    def take_back_chain(self) -> None:
        """Take back what was booked since the chain began."""
        for transfer, held, row in reversed(self._undo or []):
            debited, credited = self.accounts[transfer.debit], self.accounts[transfer.credit]
            self.position -= 1
            del self.transfers[transfer.id]
            del self._rows[transfer.id]
            if transfer.phase is _RESERVE:
                debited.debits_pending -= transfer.amount
                credited.credits_pending -= transfer.amount
                del self.reserved[transfer.id]
                del self._pending[PendingRow(transfer.expires, transfer.id)]
                continue
            if transfer.phase is _AT_ONCE or transfer.phase is _POST:
                debited.debits_posted -= transfer.amount
                credited.credits_posted -= transfer.amount
            if held is not None:
                debited.debits_pending += held[0].amount
                credited.credits_pending += held[0].amount
                self._reserve_again(held, row)
        del self._history[self._history_before_chain :]
        self._undo = None

    def state(self) -> Changes:
        """Give the rows of all accounts and of the reservations that stand."""
        return Changes(
            accounts=[account_row(account) for account in self.accounts.values()],
            transfers=[
                transfer_row(transfer, Standing.RESERVED, entry, position)
                for transfer, entry, position in self.reserved.values()
            ],
            pending=[
                PendingRow(held.expires, name) for name, (held, _, _) in self.reserved.items()
            ],
        )

    def take_changes(self) -> Changes:
        """Give the rows that were altered since the last call."""
        changes = Changes(
            [account_row(account) for account in self._altered.values()],
            list(self._rows.values()),
            self._history,
            list(self._pending),
            list(self._no_longer_pending),
        )
        self._altered, self._rows, self._history = {}, {}, []
        self._pending, self._no_longer_pending = {}, {}
        return changes

    def _end(self, name: bytes, standing: Standing) -> Transfer:
        reservation, entry, position = self.reserved.pop(name)
        self.accounts[reservation.debit].debits_pending -= reservation.amount
        self.accounts[reservation.credit].credits_pending -= reservation.amount
        self.ended[name] = standing
        self._rows[name] = transfer_row(reservation, standing, entry, position)
        row = PendingRow(reservation.expires, name)
        if row in self._pending:
            del self._pending[row]
        else:
            self._no_longer_pending[row] = None
        return reservation

    def _reserve_again(self, held: _Held, row: TransferRow | None) -> None:
        reservation = held[0]
        name = reservation.id
        del self.ended[name]
        self.reserved[name] = held
        pending = PendingRow(reservation.expires, name)
        if row is None:
            del self._rows[name]
            del self._no_longer_pending[pending]
        else:
            self._rows[name] = row
            self._pending[pending] = None

    def _note(self, debited: Account, credited: Account, name: bytes) -> None:
        entry, position = self.entry, self.position
        self._altered[debited.number] = debited
        self._altered[credited.number] = credited
        if debited.history:
            self._history.append(history_row(debited, entry, position, name))
        if credited.history:
            self._history.append(history_row(credited, entry, position, name))
        self.position = position + 1
