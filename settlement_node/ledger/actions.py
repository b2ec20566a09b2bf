"""What operators can do with money, by signed statements: each action with its parameters."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from depin_protocol.bounds import MAX_AMOUNT
from depin_protocol.encoding import from_text, to_text
from depin_protocol.statements.fields import ID, MAX_TIME, BodyError, Fields, integer, row, words
from depin_protocol.statements.membership import OperatorAction
from settlement_node.governance.actions import Action
from settlement_node.ledger.bank.statement import ACCOUNT, MAX_NAME, MAX_REMITTANCE, BankLine
from settlement_node.ledger.transfers import ID_LENGTH

MAX_LINES: Final = 500
"""Most bank lines of one action; their length is bound by that of a statement."""

_FIELDS: Final = 8
_MAX_COPIES: Final = 10_000


@dataclass(frozen=True, slots=True)
class _ToBankAccount:
    """What is done to a bank account of the co-op's without further terms."""

    account: str

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {"account": self.account}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read its number."""
        return cls(fields.text("account", ACCOUNT))


class OpenBankAccount(_ToBankAccount):
    """Names a bank account, or a cash box, where money comes and goes; opens a closed one again."""

    __slots__ = ()
    NAME: ClassVar[str] = "open_bank_account"


class CloseBankAccount(_ToBankAccount):
    """Closes an empty bank account: nothing comes or goes there any more."""

    __slots__ = ()
    NAME: ClassVar[str] = "close_bank_account"


@dataclass(frozen=True, slots=True)
class BookBankLines:
    """Tells what the bank booked; lines that are known already change nothing."""

    NAME: ClassVar[str] = "book_bank_lines"

    account: str
    lines: tuple[BankLine, ...]

    def to_json(self) -> dict[str, object]:
        """Return the parameters; a line is a row of its fields."""
        return {"account": self.account, "lines": [line_row(line) for line in self.lines]}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the account and its lines."""
        account = fields.text("account", ACCOUNT)
        return cls(account, fields.array("lines", MAX_LINES, _read_line, least=1))


@dataclass(frozen=True, slots=True)
class _ByHand:
    """A member's money that moves at a bank account of the co-op's, now and known to be done."""

    member: str
    account: str
    amount: int

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {"member": self.member, "account": self.account, "amount": self.amount}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read who, where and how much."""
        return cls(fields.text("member", ID), fields.text("account", ACCOUNT), _amount(fields))


class RecordDeposit(_ByHand):
    """Books what a member has paid in, where no bank's statement tells it."""

    __slots__ = ()
    NAME: ClassVar[str] = "record_deposit"


class RecordPayout(_ByHand):
    """Books what was handed out to a member, where no bank's statement tells it."""

    __slots__ = ()
    NAME: ClassVar[str] = "record_payout"


@dataclass(frozen=True, slots=True)
class ReservePayout:
    """Sets aside what the bank is to pay a member; without an amount, all that is left.

    If the bank has not done it when it expires, it is the member's again.
    """

    NAME: ClassVar[str] = "reserve_payout"

    member: str
    account: str
    amount: int | None
    expires: int | None = None

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        more = {"amount": self.amount, "expires": self.expires}
        told = {name: value for name, value in more.items() if value is not None}
        return {"member": self.member, "account": self.account, **told}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read who, from where, how much and until when."""
        member, account = fields.text("member", ID), fields.text("account", ACCOUNT)
        amount = _amount(fields) if "amount" in fields else None
        return cls(member, account, amount, fields.time("expires") if "expires" in fields else None)


@dataclass(frozen=True, slots=True)
class _AboutTransfer:
    """What is done about a transfer without further terms."""

    transfer: bytes

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {"transfer": to_text(self.transfer)}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read which."""
        return cls(_transfer(fields))


class CancelPayout(_AboutTransfer):
    """Releases a payout that the bank has not done and will not do."""

    __slots__ = ()
    NAME: ClassVar[str] = "cancel_payout"


class ReturnMovement(_AboutTransfer):
    """Undoes a deposit that the bank took back, or a payout that did not arrive."""

    __slots__ = ()
    NAME: ClassVar[str] = "return_movement"


@dataclass(frozen=True, slots=True)
class IdentifyLine:
    """Says whose a bank line in suspense is: a member's, or without one the co-op's."""

    NAME: ClassVar[str] = "identify_line"

    transfer: bytes
    member: str | None

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        member = {} if self.member is None else {"member": self.member}
        return {"transfer": to_text(self.transfer), **member}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read which line, and whose it is."""
        return cls(_transfer(fields), fields.text("member", ID) if "member" in fields else None)


@dataclass(frozen=True, slots=True)
class OpenBalance:
    """Books what was held before these books began: at a bank, by a member, else by the co-op."""

    NAME: ClassVar[str] = "opening_balance"

    amount: int
    member: str | None = None
    account: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        whose = {"member": self.member, "account": self.account}
        named = {name: value for name, value in whose.items() if value is not None}
        return {"amount": self.amount, **named}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read how much, and whose."""
        amount = _signed(fields, "amount")
        member = fields.text("member", ID) if "member" in fields else None
        account = fields.text("account", ACCOUNT) if "account" in fields else None
        if member is not None and account is not None:
            raise BodyError("parameters name a member and a bank account: name one of them")
        return cls(amount, member, account)


@dataclass(frozen=True, slots=True)
class RecordFunds:
    """Books what the co-op itself received, or below 0 what it spent, without a bank's line."""

    NAME: ClassVar[str] = "record_funds"

    account: str
    amount: int

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {"account": self.account, "amount": self.amount}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read where and how much."""
        return cls(fields.text("account", ACCOUNT), _signed(fields, "amount"))


@dataclass(frozen=True, slots=True)
class SetLimit:
    """Says how far below zero a member's orders may go; below 0: how much has to stay."""

    NAME: ClassVar[str] = "set_limit"

    member: str
    limit: int

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {"member": self.member, "limit": self.limit}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read whose and how far."""
        limit = fields.integer("limit", 1 - MAX_AMOUNT, MAX_AMOUNT - 1)
        return cls(fields.text("member", ID), limit)


@dataclass(frozen=True, slots=True)
class _ToAccount:
    """What is done to a member's money account without further terms."""

    member: str

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {"member": self.member}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read whose."""
        return cls(fields.text("member", ID))


class CloseAccount(_ToAccount):
    """Closes the empty money account of a member who has left."""

    __slots__ = ()
    NAME: ClassVar[str] = "close_account"


class ReopenAccount(_ToAccount):
    """Opens a closed account again, for a late correction."""

    __slots__ = ()
    NAME: ClassVar[str] = "reopen_account"


ACTIONS: Final[dict[str, type[Action]]] = {
    kind.NAME: kind
    for kind in (
        OpenBankAccount,
        CloseBankAccount,
        BookBankLines,
        RecordDeposit,
        RecordPayout,
        ReservePayout,
        CancelPayout,
        ReturnMovement,
        IdentifyLine,
        OpenBalance,
        RecordFunds,
        SetLimit,
        CloseAccount,
        ReopenAccount,
    )
}


def read_action(body: OperatorAction) -> Action:
    """Read the parameters, or raise a BodyError or an EncodingError that names the wrong one."""
    fields = Fields(body.parameters, "parameters")
    action = ACTIONS[body.action].read(fields)
    fields.finish()
    return action


def line_row(line: BankLine) -> list[object]:
    """Write a bank line."""
    return [
        line.amount,
        line.booked,
        line.bank_reference,
        line.end_to_end,
        line.remittance,
        line.counterparty,
        int(line.returned),
        line.copy,
    ]


def _read_line(value: object, path: str) -> BankLine:
    amount, booked, bank_reference, end_to_end, remittance, counterparty, returned, copy = row(
        value, path, _FIELDS
    )
    if amount == 0:
        raise BodyError(f"{path}[0] is 0: leave such a line out")
    return BankLine(
        integer(amount, f"{path}[0]", 1 - MAX_AMOUNT, MAX_AMOUNT - 1),
        integer(booked, f"{path}[1]", 0, MAX_TIME),
        words(bank_reference, path, MAX_NAME),
        words(end_to_end, path, MAX_NAME),
        words(remittance, path, MAX_REMITTANCE),
        words(counterparty, path, MAX_NAME),
        bool(integer(returned, f"{path}[6]", 0, 1)),
        integer(copy, f"{path}[7]", 1, _MAX_COPIES),
    )


def _amount(fields: Fields) -> int:
    return fields.integer("amount", 1, MAX_AMOUNT - 1)


def _signed(fields: Fields, name: str) -> int:
    amount = fields.integer(name, 1 - MAX_AMOUNT, MAX_AMOUNT - 1)
    if not amount:
        raise BodyError(f"{fields.path(name)} is 0: there is nothing to book")
    return amount


def _transfer(fields: Fields) -> bytes:
    return from_text(fields.text("transfer", ID), ID_LENGTH)
