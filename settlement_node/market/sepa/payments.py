"""What a co-op asks its bank to do: collect from a member by its mandate, or pay it."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from settlement_node.ledger.assets import Denomination
from settlement_node.ledger.bank.booking import payout_end_to_end
from settlement_node.ledger.codes import Code
from settlement_node.ledger.transfers import Phase, Transfer
from settlement_node.market.billing.cents import cent_of
from settlement_node.market.billing.statement import StatementOfAccount
from settlement_node.market.sepa.identifiers import (
    MAX_NAME,
    MAX_REMITTANCE,
    bank_id,
    bic,
    creditor_id,
    iban,
    latin,
)

_CURRENCY: Final = "EUR"
_MOST_CENTS: Final = 99_999_999_999
"""999,999,999.99: the most that one SEPA payment moves."""


class PaymentError(ValueError):
    """A payment that no bank would carry out; the message says what to do."""


class SequenceType(enum.StrEnum):
    """Where a debit stands in the life of its mandate."""

    FIRST = "FRST"
    RECURRENT = "RCUR"
    FINAL = "FNAL"
    ONE_OFF = "OOFF"


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Whose account it is, its IBAN, and its bank's BIC where one is wanted."""

    name: str
    iban: str
    bic: str = ""

    def __post_init__(self) -> None:
        """Write it as banks take it, or refuse it."""
        object.__setattr__(self, "name", latin("the name", self.name, MAX_NAME))
        object.__setattr__(self, "iban", iban(self.iban))
        object.__setattr__(self, "bic", bic(self.bic))


@dataclass(frozen=True, slots=True)
class Creditor:
    """The co-op as who collects: its account, and the id that its national bank gave it."""

    account: BankAccount
    id: str

    def __post_init__(self) -> None:
        """Refuse an id that is none."""
        object.__setattr__(self, "id", creditor_id(self.id))


@dataclass(frozen=True, slots=True)
class Mandate:
    """A member's word that the co-op may collect."""

    id: str
    signed: date
    account: BankAccount

    def __post_init__(self) -> None:
        """Refuse an id that is none."""
        bank_id("mandate's id", self.id)


@dataclass(frozen=True, slots=True)
class Payment:
    """Whole cents, under the name by which the bank's statement tells of them again."""

    end_to_end: str
    cents: int
    remittance: str

    def __post_init__(self) -> None:
        """Refuse what no bank would carry out."""
        bank_id("end-to-end id", self.end_to_end)
        if not 1 <= self.cents <= _MOST_CENTS:
            raise PaymentError(
                f"{self.end_to_end} is of {self.cents} cents: a payment is of 1 to {_MOST_CENTS}"
            )
        object.__setattr__(self, "remittance", latin("the text", self.remittance, MAX_REMITTANCE))


@dataclass(frozen=True, slots=True)
class Debit:
    """Money to collect at a date."""

    payment: Payment
    mandate: Mandate
    sequence: SequenceType
    due: date

    def __post_init__(self) -> None:
        """Refuse a debit before its mandate."""
        if self.mandate.signed > self.due:
            raise PaymentError(
                f"the mandate {self.mandate.id} is signed {self.mandate.signed}, and the debit due "
                f"{self.due}: collect later"
            )


@dataclass(frozen=True, slots=True)
class Credit:
    """Money to pay at a date."""

    payment: Payment
    to: BankAccount
    due: date


@dataclass(frozen=True, slots=True)
class Message:
    """What stands at the head of a file: its id, used once, and when it was made."""

    id: str
    made: datetime
    initiator: str

    def __post_init__(self) -> None:
        """Refuse an id that is none."""
        # Each group of payments has an id of its own: this one with its number.
        bank_id("message's id", f"{self.id}-000")
        object.__setattr__(self, "initiator", latin("the name", self.initiator, MAX_NAME))


def debit_of(
    statement: StatementOfAccount, holds: int, mandate: Mandate, sequence: SequenceType, due: date
) -> Debit | None:
    """Collect what a member owes by a statement, in whole cents; none where nothing is due.

    Never more than its account is below zero now: what was paid since is not collected again.
    """
    cents = min(-statement.at_bank, -holds) // statement.cent
    if cents <= 0:
        return None
    _require_euro(statement.currency)
    if due < statement.issued:
        raise PaymentError(f"{statement.number} is issued {statement.issued}: collect it later")
    payment = Payment(
        debit_end_to_end(statement),
        cents,
        f"{statement.coop.name} {statement.number} {statement.month}",
    )
    return Debit(payment, mandate, sequence, due)


def debit_end_to_end(statement: StatementOfAccount) -> str:
    """Name a debit: by the member's reference, which the ledger books by, and the statement."""
    return f"{statement.member.reference}-{statement.number}"


def credit_of(
    payout: Transfer, currency: Denomination, to: BankAccount, due: date, remittance: str
) -> Credit:
    """Pay what the ledger reserved, under the name by which the ledger posts it."""
    _require_euro(currency)
    if payout.code is not Code.PAYOUT or payout.phase is not Phase.RESERVE:
        raise PaymentError("only a reserved payout is paid by the bank: reserve it first")
    cents, left = divmod(payout.amount, cent_of(currency))
    if left:
        raise PaymentError(
            f"a payout of {currency.written(payout.amount)} {currency.code} has parts of a cent, "
            "which no bank pays: cancel it, and reserve whole cents"
        )
    return Credit(Payment(payout_end_to_end(payout.id), cents, remittance), to, due)


def require_each_once(payments: Iterable[Payment]) -> None:
    """Refuse two payments of one name: one of them would be booked for the other."""
    seen: set[str] = set()
    for payment in payments:
        if payment.end_to_end in seen:
            raise PaymentError(f"{payment.end_to_end} comes twice: pay it once")
        seen.add(payment.end_to_end)
    if not seen:
        raise PaymentError("there is nothing to pay: make no file")


def _require_euro(currency: Denomination) -> None:
    if currency.code != _CURRENCY:
        raise PaymentError(f"SEPA moves {_CURRENCY}, not {currency.code}: pay by another way")
