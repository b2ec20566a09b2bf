"""From a bank statement to transfers: whose money it was, and what becomes of lines of nobody's."""

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from depin_protocol.durations import DAY
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.assets import Asset
from settlement_node.ledger.bank.statement import BankLine, BankStatement
from settlement_node.ledger.codes import Code
from settlement_node.ledger.creditor_reference import references_in
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.money import undone
from settlement_node.ledger.outcomes import Outcome
from settlement_node.ledger.transfers import ID_LENGTH, Transfer, post, transfer_id

MOST_AHEAD: Final = 14 * DAY
"""Banks book so far ahead over holidays, and an id must not be ahead of the logged time."""

_KEY_LENGTH: Final = 16


class Match(enum.Enum):
    """Why a line became what it became; the words are for whoever looks after the bank account."""

    DEPOSIT = "It holds a member's reference."
    PAYOUT = "It is a payout that was waiting for the bank."
    DEPOSIT_RETURNED = "It takes back a member's deposit."
    PAYOUT_RETURNED = "It gives back a payout that did not arrive."

    NO_REFERENCE = "No member's reference is in it: ask the payer, then say whose it is."
    SEVERAL_REFERENCES = "References of several members are in it: say whose it is."
    ACCOUNT_CLOSED = "It is for a member who has left: reopen the account, or send it back."
    ORIGINAL_UNKNOWN = "It undoes a movement that is not in these books: say whose it was."
    OUT_UNKNOWN = "No payout waits for it: say whether it is the co-op's own, or the bank's charge."


@dataclass(frozen=True, slots=True)
class Booking:
    """A line, what was made of it, and why."""

    line: BankLine
    transfer: Transfer
    match: Match


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: new bookings, lines known before, lines that the ledger refused."""

    new: tuple[Booking, ...]
    known: tuple[Booking, ...]
    refused: tuple[tuple[Booking, Outcome], ...]


def payout_end_to_end(name: bytes) -> str:
    """Write a payout's id for the bank, which gives it back in its statement."""
    return name.hex().upper()


def payout_named(end_to_end: str) -> bytes | None:
    """Read the id of a payout that a bank names, if it is one."""
    try:
        name = bytes.fromhex(end_to_end)
    except ValueError:
        return None
    return name if len(name) == ID_LENGTH else None


def deposit_key(line: BankLine) -> bytes:
    """Name a deposit as the bank does when it takes it back."""
    told = b"depin end to end v1\x00" + line.end_to_end.encode()
    return sha256(told).digest()[:_KEY_LENGTH]


@lru_cache(maxsize=1024)
def line_id(account: str, line: BankLine) -> bytes:
    """Name the transfer that a line of a bank account becomes, whenever it is told."""
    words = (
        account,
        str(line.booked),
        str(line.amount),
        line.bank_reference,
        line.end_to_end,
        line.remittance,
    )
    alike = transfer_id(0, *(word.encode() for word in words))
    moment = max(0, line.booked - MOST_AHEAD)
    return transfer_id(moment, b"bank line", alike, str(line.copy).encode())


type Undoable = Callable[[BankLine], Transfer | None]
"""Finds the deposit, or the reservation of a payout, that a returned line undoes."""


class BankDesk:
    """Who books a bank account's lines: knows the accounts, the members and the ledger.

    `members` leads from a member's reference to the account of its money.
    """

    def __init__(
        self, ledger: Ledger, account: str, members: Mapping[str, AccountName], undoable: Undoable
    ) -> None:
        self._ledger = ledger
        self._account = account
        self._members = members
        self._undoable = undoable
        self._bank = ledger.open(bank_account(account))
        self._suspense = ledger.open(AccountName(AccountKind.SUSPENSE))
        self._paid: set[bytes] = set()
        self._undone: set[bytes] = set()

    def bookings(self, lines: Iterable[BankLine]) -> tuple[Booking, ...]:
        """Make a transfer of each line; the same lines make transfers of the same ids."""
        return tuple(self._booking(line) for line in lines)

    def _booking(self, line: BankLine) -> Booking:
        name = line_id(self._account, line)
        if line.returned:
            return self._return(line, name)
        if line.amount < 0:
            return self._payout(line, name)
        return self._deposit(line, name)

    def _deposit(self, line: BankLine, name: bytes) -> Booking:
        texts = f"{line.end_to_end}\n{line.remittance}"
        found = {reference for reference in references_in(texts) if reference in self._members}
        if len(found) != 1:
            several = Match.SEVERAL_REFERENCES if found else Match.NO_REFERENCE
            return self._to_suspense(line, name, several)
        member = self._members[found.pop()]
        if self._ledger.is_closed(member):
            return self._to_suspense(line, name, Match.ACCOUNT_CLOSED)
        transfer = Transfer(
            name,
            self._bank,
            self._ledger.open(member),
            line.amount,
            Asset.CURRENCY,
            Code.DEPOSIT,
            reference=deposit_key(line) if line.end_to_end else b"",
        )
        return Booking(line, transfer, Match.DEPOSIT)

    def _payout(self, line: BankLine, name: bytes) -> Booking:
        payout = self._waiting(line.end_to_end)
        if payout is None or payout.amount != -line.amount or payout.id in self._paid:
            return self._to_suspense(line, name, Match.OUT_UNKNOWN)
        self._paid.add(payout.id)
        return Booking(line, post(name, payout, payout.amount), Match.PAYOUT)

    def _return(self, line: BankLine, name: bytes) -> Booking:
        original = self._undoable(line)
        deposit = line.amount < 0
        if (
            original is None
            or original.code is not (Code.DEPOSIT if deposit else Code.PAYOUT)
            or original.amount != abs(line.amount)
            or original.id in self._undone
        ):
            return self._to_suspense(line, name, Match.ORIGINAL_UNKNOWN)
        member = original.credit if deposit else original.debit
        if self._ledger.is_closed(self._ledger.name(member)):
            return self._to_suspense(line, name, Match.ACCOUNT_CLOSED)
        # One movement is undone once.
        self._undone.add(original.id)
        return Booking(
            line,
            undone(name, original),
            Match.DEPOSIT_RETURNED if deposit else Match.PAYOUT_RETURNED,
        )

    def _to_suspense(self, line: BankLine, name: bytes, why: Match) -> Booking:
        came = line.amount > 0
        transfer = Transfer(
            name,
            self._bank if came else self._suspense,
            self._suspense if came else self._bank,
            abs(line.amount),
            Asset.CURRENCY,
            Code.UNMATCHED_IN if came else Code.UNMATCHED_OUT,
        )
        return Booking(line, transfer, why)

    def _waiting(self, end_to_end: str) -> Transfer | None:
        name = payout_named(end_to_end)
        payout = None if name is None else self._ledger.reservation(name)
        return payout if payout is not None and payout.code is Code.PAYOUT else None


def bank_account(number: str) -> AccountName:
    """Name the account of a bank account by its number, an IBAN or another."""
    return AccountName(AccountKind.BANK, number.encode())


def imported(bookings: Sequence[Booking], outcomes: Sequence[Outcome]) -> Imported:
    """Sort bookings by what the ledger said to them."""
    new, known = [], []
    refused = []
    for booking, outcome in zip(bookings, outcomes, strict=True):
        if outcome is Outcome.CREATED:
            new.append(booking)
        elif outcome.known:
            # A line that is known may be read otherwise today: its member joined since, say.
            known.append(booking)
        else:
            refused.append((booking, outcome))
    return Imported(tuple(new), tuple(known), tuple(refused))


def missing_at_bank(held: int, statement: BankStatement) -> int:
    """Say by how much the books, where the account holds so much, exceed the bank's balance."""
    return -held - statement.closing
