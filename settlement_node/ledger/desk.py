"""What deciding about money looks at, and how it says no."""

from collections.abc import Mapping
from dataclasses import dataclass

from settlement_node.ledger.about import About
from settlement_node.ledger.accounts import AccountName
from settlement_node.ledger.bank.booking import bank_account, deposit_key, payout_named
from settlement_node.ledger.bank.statement import BankLine
from settlement_node.ledger.beginning import TOO_OLD, TOO_OLD_WORDS, Beginning
from settlement_node.ledger.codes import Code
from settlement_node.ledger.effects import money_of
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.outcomes import AccountOutcome, Outcome, code_of
from settlement_node.ledger.rows import Standing
from settlement_node.ledger.transfers import Phase, Transfer


class RefusedActionError(Exception):
    """What an operator wants done with money can't be; the message says what to do."""

    def __init__(self, code: str, detail: str) -> None:
        """Say which."""
        super().__init__(detail)
        self.code = code
        self.detail = detail


def refusal(outcome: Outcome | AccountOutcome) -> RefusedActionError:
    """Say no as the ledger does."""
    return RefusedActionError(code_of(outcome), str(outcome.value))


@dataclass(frozen=True, slots=True)
class Desk:
    """The accounts and the transfers that are at hand; nothing here is altered by looking."""

    ledger: Ledger
    members: Mapping[str, AccountName]
    """The money accounts of members, by their references."""
    about: About
    begin: Beginning

    def member(self, member: str) -> AccountName:
        """Find a member's money account, or raise a RefusedActionError."""
        name = money_of(member)
        if self.ledger.number(name) is None:
            raise RefusedActionError("no-such-member", f"nobody here is {member}")
        return name

    def check_age(self, name: bytes) -> None:
        """Raise a RefusedActionError about a transfer that is older than the books."""
        if self.begin.is_after(name):
            raise RefusedActionError(TOO_OLD, TOO_OLD_WORDS)

    def bank(self, number: str) -> AccountName:
        """Find a bank account of the co-op's, or raise a RefusedActionError."""
        name = bank_account(number)
        if self.ledger.number(name) is None:
            detail = f"the co-op has no bank account {number}: open it first"
            raise RefusedActionError("no-such-account", detail)
        return name

    def original(self, name: bytes) -> Transfer | None:
        """Find a deposit, or the reservation of a finished payout, that nobody has undone."""
        found = None if self.begin.is_after(name) else self.ledger.transfer(name)
        if found is None or self.about.newest(name):
            return None
        if found.code is Code.DEPOSIT:
            return found
        finished = self.ledger.standing(name) is Standing.POSTED
        is_payout = found.code is Code.PAYOUT and found.phase is Phase.RESERVE
        return found if is_payout and finished else None

    def undone_by(self, line: BankLine) -> Transfer | None:
        """Find what a returned bank line undoes."""
        if not line.end_to_end:
            return None
        if line.amount < 0:
            names = self.about.newest(deposit_key(line))
        else:
            name = payout_named(line.end_to_end)
            names = [] if name is None else [name]
        originals = (self.original(name) for name in names)
        return next((found for found in originals if found is not None), None)
