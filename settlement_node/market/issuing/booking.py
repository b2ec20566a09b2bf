"""What a statement of account books: a seller's tax, and corrections that came after the end."""

from collections.abc import Iterator

from depin_protocol.encoding import from_text
from depin_protocol.identifiers import ID_LENGTH
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.assets import Asset
from settlement_node.ledger.codes import Code
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.transfers import Transfer, transfer_id
from settlement_node.market.billing.statement import StatementOfAccount


def booked(statement: StatementOfAccount, ledger: Ledger, at: int) -> Iterator[Transfer]:
    """Move the tax out of what buyers paid as tax, and corrections against `balancing`."""
    corrections = sum(line.amount for line in statement.corrections)
    for other, amount in (
        (AccountKind.VAT, statement.credited_tax),
        (AccountKind.BALANCING, corrections),
    ):
        yield from _moved(statement, AccountName(other), amount, ledger, at)


def _moved(
    statement: StatementOfAccount, other: AccountName, amount: int, ledger: Ledger, at: int
) -> Iterator[Transfer]:
    """Move an amount to the member, or below 0 from it, through the clearing."""
    owner = from_text(statement.member.member, ID_LENGTH)
    money = AccountName(AccountKind.MEMBER_MONEY, owner)
    if not amount:
        return
    if ledger.is_closed(money):
        # Who has left is still owed, or owes, what was found later.
        ledger.reopen(money)
    payer, paid = (other, money) if amount > 0 else (money, other)
    clearing = AccountName(AccountKind.INTERVAL_CLEARING)
    for code, debit, credit in (
        (Code.CORRECTION_DUE, payer, clearing),
        (Code.CORRECTION_PAID, clearing, paid),
    ):
        about = str(statement.number).encode("ascii")
        yield Transfer(
            transfer_id(at, b"statement", about, bytes([code, other.kind])),
            ledger.open(debit),
            ledger.open(credit),
            abs(amount),
            Asset.CURRENCY,
            code,
            reference=about,
        )
