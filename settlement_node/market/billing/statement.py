"""A statement of account as it was issued: a value that never changes, and adds up."""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final

import msgspec

from settlement_node.ledger.assets import Denomination
from settlement_node.ledger.codes import Code
from settlement_node.market.billing.cents import cent_of, towards_zero
from settlement_node.market.billing.corrections import CorrectionLine, Roof
from settlement_node.market.billing.lines import EnergyLine, MoneyKind, MoneyLine
from settlement_node.market.billing.months import Month
from settlement_node.market.billing.numbers import StatementNumber
from settlement_node.market.billing.parties import Holder, Issuer
from settlement_node.market.billing.taxes import TaxDirection, TaxLine


class StatementError(ValueError):
    """A statement of account that must not be issued; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that the member paid in or took out; above 0 it came in."""

    at: int
    code: str
    amount: int

    def __post_init__(self) -> None:
        """Refuse a movement that settlement or this statement would tell again."""
        if self.code not in MOVEMENTS:
            raise StatementError(f"{self.code} is no movement of a member's money: leave it out")


@dataclass(frozen=True, slots=True)
class Reward:
    """Tokens earned for a contribution: told here, and booked elsewhere."""

    contribution: str
    amount: int


@dataclass(frozen=True, slots=True)
class GridMemo:
    """What the member's own supplier bills and pays by the member's tariffs: no account moves."""

    cost: int
    revenue: int


@dataclass(frozen=True, slots=True)
class Earlier:
    """The member's statement before this one, and its hash."""

    number: StatementNumber
    sha256: str


@dataclass(frozen=True, slots=True)
class StatementOfAccount:
    """A member's month. Amounts are in smallest units, and above 0 what the member receives.

    `opening` and what is told add up to `closing`, which is what the co-op owes the member.
    """

    number: StatementNumber
    issued: date
    month: Month
    coop: Issuer
    member: Holder
    currency: Denomination
    token: Denomination
    earlier: Earlier | None
    opening: int
    energy: tuple[EnergyLine, ...]
    roofs: tuple[Roof, ...]
    money: tuple[MoneyLine, ...]
    movements: tuple[Movement, ...]
    corrections: tuple[CorrectionLine, ...]
    taxes: tuple[TaxLine, ...]
    grid: GridMemo
    rewards: tuple[Reward, ...]
    closing: int

    def __post_init__(self) -> None:
        """Refuse a statement that does not add up, however it came about."""
        told = (
            sum(line.amount for line in self.money)
            + sum(movement.amount for movement in self.movements)
            + sum(line.amount for line in self.corrections)
        )
        missing = self.closing - self.opening - told
        if missing:
            raise StatementError(
                f"{self.number} misses its closing balance by {self.currency.written(missing)} "
                f"{self.currency.code}: it must not be issued, or was altered"
            )
        if any(line.shown % self.cent for line in self.taxes):
            raise StatementError(f"{self.number} shows a tax in parts of a cent")
        credited = sum(line.shown for line in self.taxes if line.direction is TaxDirection.CREDITED)
        if credited != self.credited_tax:
            raise StatementError(f"{self.number} credits another tax than its tax lines show")

    @property
    def cent(self) -> int:
        """A cent of the currency, in its smallest unit."""
        return cent_of(self.currency)

    @property
    def credited_tax(self) -> int:
        """The tax that the co-op adds to what a member liable to it sold."""
        return sum(line.amount for line in self.money if line.kind is MoneyKind.VAT_CREDITED)

    @property
    def to_book(self) -> int:
        """What issuing it books on the member's account: corrections and a seller's tax."""
        return self.credited_tax + sum(line.amount for line in self.corrections)

    @property
    def at_bank(self) -> int:
        """What a bank moves to settle the balance: whole cents, below 0 collected."""
        return towards_zero(self.closing, self.cent)[0]

    @property
    def stays(self) -> int:
        """What is left of the balance then: less than a cent, and in the next opening balance."""
        return towards_zero(self.closing, self.cent)[1]

    @property
    def as_earlier(self) -> Earlier:
        """Name this statement in the one after it."""
        return Earlier(self.number, self.sha256)

    @property
    def sha256(self) -> str:
        """Hash all that it says."""
        told = b"depin statement of account v1\x00" + canonical(self)
        return sha256(told).hexdigest()


def canonical(statement: StatementOfAccount) -> bytes:
    """Write a statement as the bytes that its hash covers."""
    return msgspec.json.encode(statement)


MOVEMENTS: Final = frozenset(
    code.name
    for code in (
        Code.OPENING_MEMBER,
        Code.DEPOSIT,
        Code.DEPOSIT_RETURNED,
        Code.PAYOUT,
        Code.PAYOUT_RETURNED,
        Code.SUSPENSE_IDENTIFIED,
        Code.SUSPENSE_CHARGED,
    )
)
"""The codes of money that a member pays in or takes out."""
