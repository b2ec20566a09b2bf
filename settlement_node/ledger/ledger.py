"""A co-op's ledger: accounts are opened, transfers applied, rows given to be stored.

    outcomes = ledger.apply(transfers, Logged(entry, at))
    changes = ledger.take_changes()

Memory holds all accounts, all reservations that stand, and the transfers since the horizon.
Whether an older id was used is asked of the store: `lacks` says which, `recall` answers.
"""

from collections.abc import Iterable, Iterator, Sequence

from depin_protocol.bounds import MAX_AMOUNT
from settlement_node.ledger.accounts import Account, AccountName, Balance, Bound
from settlement_node.ledger.assets import Denominations
from settlement_node.ledger.books import Books
from settlement_node.ledger.outcomes import AccountOutcome, Outcome
from settlement_node.ledger.rows import (
    AccountRow,
    Changes,
    Logged,
    Standing,
    TransferRow,
    UnreadableRowError,
    account_of,
    transfer_of,
)
from settlement_node.ledger.rules import decide
from settlement_node.ledger.transfers import Transfer, id_at, ids_in


class TimeWentBackError(Exception):
    """What is logged later can't be earlier; the caller's clock or order is wrong."""


class ForgottenError(Exception):
    """An id is older than memory reaches: ask what it `lacks`, look it up, `recall`, then apply."""


class AccountNotFoundError(KeyError):
    """No such account was opened."""


class Ledger:
    """The state machine: the same calls in the same order give the same rows."""

    def __init__(self, denominations: Denominations) -> None:
        self.denominations = denominations
        self._books = Books()
        self._logged = Logged(-1, 0)
        self._horizon = b""
        self._absent: set[bytes] = set()

    @classmethod
    def from_rows(
        cls,
        denominations: Denominations,
        logged: Logged,
        accounts: Iterable[AccountRow],
        pending: Iterable[TransferRow],
    ) -> "Ledger":
        """Load what was stored up to `logged`: all accounts, and the reservations that stand."""
        ledger = cls(denominations)
        for row in accounts:
            ledger._books.add(account_of(row))
        for reservation in pending:
            standing, transfer = transfer_of(reservation)
            if transfer is None or standing is not Standing.RESERVED:
                raise UnreadableRowError(f"transfer {reservation.id.hex()} is not pending")
            ledger._books.add_reservation(transfer, reservation.entry, reservation.position)
        ledger._logged = logged
        ledger._books.entry = logged.entry
        ledger.has_forgotten(logged.at)
        return ledger

    @property
    def logged(self) -> Logged:
        """Up to where in the log these books go."""
        return self._logged

    def expiring(self, at: int) -> list[bytes]:
        """Name the reservations that whatever is applied at a moment releases, in that order."""
        return self._books.expiring(at)

    def accounts(self) -> Iterator[tuple[AccountName, Balance]]:
        """Go through all accounts, in the order in which they were opened."""
        for account in self._books.accounts.values():
            yield account.name, account.balance

    def numbered(self, after: int, limit: int) -> list[tuple[AccountName, Balance]]:
        """Return the accounts whose numbers follow this one."""
        last = min(after + limit, len(self._books.accounts))
        found = (self._books.accounts[number] for number in range(after + 1, last + 1))
        return [(account.name, account.balance) for account in found]

    def number(self, name: AccountName) -> int | None:
        """Look up an account's number."""
        return self._books.numbers.get(name)

    def name(self, number: int) -> AccountName:
        """Look up whose account a number is."""
        return self._account(number).name

    def balance(self, name: AccountName) -> Balance:
        """Look up what an account holds; one that was never opened holds nothing."""
        number = self._books.numbers.get(name)
        return Balance() if number is None else self._books.accounts[number].balance

    def is_closed(self, name: AccountName) -> bool:
        """Tell whether an account was closed."""
        number = self._books.numbers.get(name)
        return number is not None and self._books.accounts[number].closed

    def limit(self, name: AccountName) -> int:
        """Look up how far below zero reservations may take an account."""
        number = self._books.numbers.get(name)
        return 0 if number is None else self._books.accounts[number].limit

    def reservation(self, name: bytes) -> Transfer | None:
        """Look up a reservation that stands."""
        held = self._books.reserved.get(name)
        return None if held is None else held[0]

    def transfer(self, name: bytes) -> Transfer | None:
        """Look up a transfer that memory holds, or that was recalled."""
        return self._books.transfers.get(name)

    def standing(self, name: bytes) -> Standing:
        """Look up how such a transfer stands."""
        books = self._books
        if name in books.reserved:
            return Standing.RESERVED
        return books.ended.get(name, Standing.BOOKED)

    def reservations(self) -> Iterator[Transfer]:
        """Go through the reservations that stand, in any order."""
        for reservation, _, _ in self._books.reserved.values():
            yield reservation

    def open(self, name: AccountName) -> int:
        """Open an account, or find it open or closed; return its number."""
        number = self._books.numbers.get(name)
        if number is None:
            number = len(self._books.accounts) + 1
            account = Account(number, name)
            self._books.add(account)
            self._books.alter(account)
        return number

    def set_limit(self, name: AccountName, limit: int) -> AccountOutcome:
        """Let reservations take an account this far below zero; below 0: so much must stay."""
        outcome = self.may_set_limit(name, limit)
        account = self._named(name)
        if account is not None and outcome is AccountOutcome.DONE:
            account.limit = limit
            self._books.alter(account)
        return outcome

    def may_set_limit(self, name: AccountName, limit: int) -> AccountOutcome:
        """Say what would come of setting a limit."""
        account = self._named(name)
        if account is None:
            return AccountOutcome.NOT_FOUND
        if Bound.RESERVATIONS not in {account.debits_bound, account.credits_bound}:
            return AccountOutcome.LIMIT_NOT_FOR_THIS_KIND
        if abs(limit) >= MAX_AMOUNT:
            return AccountOutcome.LIMIT_OUT_OF_BOUNDS
        return AccountOutcome.ALREADY_SO if account.limit == limit else AccountOutcome.DONE

    def close(self, name: AccountName) -> AccountOutcome:
        """Close an account that holds nothing; from then on it is neither debited nor credited."""
        return self._mark(name, self.may_close(name), closed=True)

    def may_close(self, name: AccountName) -> AccountOutcome:
        """Say what would come of closing an account."""
        account = self._named(name)
        if account is None:
            return AccountOutcome.NOT_FOUND
        if account.debits_pending or account.credits_pending:
            return AccountOutcome.STILL_RESERVED
        if account.debits_posted != account.credits_posted:
            return AccountOutcome.STILL_HOLDS
        return AccountOutcome.ALREADY_SO if account.closed else AccountOutcome.DONE

    def reopen(self, name: AccountName) -> AccountOutcome:
        """Open a closed account again, for a late correction or a member who comes back."""
        return self._mark(name, self.may_reopen(name), closed=False)

    def may_reopen(self, name: AccountName) -> AccountOutcome:
        """Say what would come of opening a closed account again."""
        account = self._named(name)
        if account is None:
            return AccountOutcome.NOT_FOUND
        return AccountOutcome.DONE if account.closed else AccountOutcome.ALREADY_SO

    def apply(self, transfers: Sequence[Transfer], logged: Logged) -> tuple[Outcome, ...]:
        """Let reservations expire, then do each transfer that the rules allow, in order."""
        self._go_on(logged)
        if self._horizon:
            self._require_remembered(transfers)
        outcomes: list[Outcome] = []
        ahead = id_at(logged.at + 1)
        at = 0
        while at < len(transfers):
            if transfers[at].linked:
                at += self._apply_chain(transfers, at, ahead, outcomes)
            else:
                outcome = decide(self._books, transfers[at], logged.at, ahead)
                self._carry_out(transfers[at], outcome)
                outcomes.append(outcome)
                at += 1
        return tuple(outcomes)

    def would(self, transfers: Sequence[Transfer], at: int) -> tuple[Outcome, ...]:
        """Say what would come of transfers, and leave all as it is.

        They are one chain, or none of them is tied to another. What expires by then has to have
        been released.
        """
        if self._horizon:
            self._require_remembered(transfers)
        books, ahead = self._books, id_at(at + 1)
        outcomes: list[Outcome] = []
        books.begin_chain()
        for transfer in transfers:
            outcome = decide(books, transfer, at, ahead)
            if outcome is Outcome.CREATED:
                books.book(transfer)
            elif transfers[0].linked:
                at_fault = len(outcomes)
                outcomes = [Outcome.LINKED_FAILED] * len(transfers)
                outcomes[at_fault] = outcome
                break
            outcomes.append(outcome)
        books.take_back_chain()
        return tuple(outcomes)

    def state(self) -> Changes:
        """Give the rows from which these books can be taken up again."""
        return self._books.state()

    def take_changes(self) -> Changes:
        """Give the rows that were altered since the last call, for one commit."""
        return self._books.take_changes()

    def lacks(self, names: Iterable[bytes]) -> set[bytes]:
        """Tell of which of these ids memory can't say whether they were used."""
        held, absent = self._books.transfers, self._absent
        return {
            name
            for name in names
            if name < self._horizon and name not in held and name not in absent
        }

    def recall(self, asked: Iterable[bytes], rows: Iterable[TransferRow]) -> None:
        """Take in what the store has of the ids that were asked for."""
        for row in rows:
            standing, transfer = transfer_of(row)
            self._books.transfers[row.id] = transfer
            if standing in {Standing.POSTED, Standing.VOIDED, Standing.EXPIRED}:
                self._books.ended[row.id] = standing
        self._absent.update(name for name in asked if name not in self._books.transfers)

    def has_forgotten(self, until: int) -> None:
        """Know nothing by heart of moments up to this one but what is in memory."""
        self._horizon = id_at(until + 1)

    def forget(self, before: int) -> None:
        """Drop from memory the transfers about moments before this one, once they are stored."""
        self._horizon = max(self._horizon, id_at(before))
        books = self._books
        for name in [name for name in books.transfers if name < self._horizon]:
            if name not in books.reserved:
                del books.transfers[name]
                books.ended.pop(name, None)
        self._absent.clear()

    def _go_on(self, logged: Logged) -> None:
        # Of statements of one instant, one may be answered after the decision on another is logged.
        is_earlier = logged.entry < self._logged.entry and logged.at != self._logged.at
        if is_earlier or logged.at < self._logged.at:
            raise TimeWentBackError(f"{logged} comes after {self._logged}")
        if logged.entry != self._books.entry:
            self._books.entry, self._books.position = logged.entry, 0
        self._logged = max(logged, self._logged)
        self._books.expire(logged.at)

    def _require_remembered(self, transfers: Iterable[Transfer]) -> None:
        for name in sorted(self.lacks(ids_in(transfers))):
            raise ForgottenError(f"whether transfer {name.hex()} exists is only in the store")

    def _apply_chain(
        self, transfers: Sequence[Transfer], begin: int, ahead: bytes, outcomes: list[Outcome]
    ) -> int:
        books = self._books
        end = begin
        while end < len(transfers) and transfers[end].linked:
            end += 1
        # The last of a chain is the first that is not tied to the next.
        whole = end < len(transfers)
        chain = transfers[begin : end + 1]
        books.begin_chain()
        now = self._logged.at
        outcome = Outcome.CREATED
        booked = 0
        for transfer in chain if whole else chain[:-1]:
            outcome = decide(books, transfer, now, ahead)
            if outcome is not Outcome.CREATED:
                break
            books.book(transfer)
            booked += 1
        if booked == len(chain):
            books.keep_chain()
            outcomes += [outcome] * booked
            return booked
        books.take_back_chain()
        refused = [Outcome.LINKED_FAILED] * len(chain)
        if not whole:
            refused[-1] = Outcome.CHAIN_OPEN
        if outcome is not Outcome.CREATED:
            refused[booked] = outcome
            self._carry_out(chain[booked], outcome)
        outcomes += refused
        return len(chain)

    def _carry_out(self, transfer: Transfer, outcome: Outcome) -> None:
        if outcome is Outcome.CREATED:
            self._books.book(transfer)
        elif outcome.burns:
            self._books.burn(transfer.id)

    def _mark(self, name: AccountName, outcome: AccountOutcome, *, closed: bool) -> AccountOutcome:
        account = self._named(name)
        if account is not None and outcome is AccountOutcome.DONE:
            account.closed = closed
            self._books.alter(account)
        return outcome

    def _named(self, name: AccountName) -> Account | None:
        number = self._books.numbers.get(name)
        return None if number is None else self._books.accounts[number]

    def _account(self, number: int) -> Account:
        account = self._books.accounts.get(number)
        if account is None:
            raise AccountNotFoundError(f"no account has the number {number}")
        return account
