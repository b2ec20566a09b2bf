"""From three settled intervals through the real ledger to two statements that agree with it."""

from collections.abc import Iterator
from datetime import date

from depin_protocol.settlement.interval import Settlement
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.assets import Asset, usual_denominations
from settlement_node.ledger.audit import audit
from settlement_node.ledger.codes import Code
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.outcomes import Outcome
from settlement_node.ledger.rows import Logged
from settlement_node.ledger.transfers import Transfer, transfer_id
from settlement_node.market.billing.issuing import AccountMonth, statement_of_account
from settlement_node.market.billing.statement import Movement
from tests.node.market.worked_month import (
    ADA,
    BOB,
    CENT,
    INTERVALS,
    NOVEMBER,
    OCTOBER,
    issue_of,
    month_of,
)

BANK = AccountName(AccountKind.BANK, b"DE02")
CLEARING = AccountName(AccountKind.INTERVAL_CLEARING)
VAT = AccountName(AccountKind.VAT)
MONEY = {
    holder.member: AccountName(AccountKind.MEMBER_MONEY, holder.member.encode())
    for holder in (ADA, BOB)
}


class Books:
    """A ledger that books what settlement says."""

    def __init__(self) -> None:
        self.ledger = Ledger(usual_denominations("EUR", "SUN"))
        self.entry = 0

    def move(self, debit: AccountName, credit: AccountName, amount: int, code: Code) -> None:
        if amount:
            self.entry += 1
            at = OCTOBER.begins + self.entry
            transfer = Transfer(
                transfer_id(at, b"test"),
                self.ledger.open(debit),
                self.ledger.open(credit),
                amount,
                Asset.CURRENCY,
                code,
            )
            outcomes = self.ledger.apply([transfer], Logged(self.entry, OCTOBER.ends))
            assert outcomes == (Outcome.CREATED,)

    def settle(self, settlement: Settlement) -> None:
        for name, lines in zip(MONEY.values(), settlement.members, strict=True):
            net = lines.receives - lines.pays
            if net < 0:
                self.move(name, CLEARING, -net, Code.SETTLEMENT_DUE)
            else:
                self.move(CLEARING, name, net, Code.SETTLEMENT_PAID)
        for kind, amount, code in collected(settlement):
            self.move(CLEARING, AccountName(kind), amount, code)
        rounding = AccountName(AccountKind.ROUNDING)
        self.move(rounding, CLEARING, -settlement.accounts.rounding, Code.ROUNDING)

    def holds(self, name: AccountName) -> int:
        return self.ledger.balance(name).posted


def collected(settlement: Settlement) -> Iterator[tuple[AccountKind, int, Code]]:
    accounts = settlement.accounts
    yield AccountKind.BALANCING, accounts.balancing, Code.BALANCING
    yield AccountKind.GRID_FEES, accounts.grid_fees, Code.GRID_FEES
    yield AccountKind.LEVIES, accounts.levies, Code.LEVIES
    yield AccountKind.VAT, accounts.vat, Code.VAT


def test_statements_and_ledger_agree_month_after_month() -> None:
    books = Books()
    books.move(BANK, MONEY[BOB.member], 100 * CENT, Code.DEPOSIT)
    deposit = Movement(OCTOBER.begins + 1, "DEPOSIT", 100 * CENT)
    for settlement in INTERVALS:
        books.settle(settlement)
    assert books.holds(CLEARING) == 0
    statements = []
    for row, holder, moved in ((0, ADA, ()), (1, BOB, (deposit,))):
        account = AccountMonth(
            OCTOBER, 0, books.holds(MONEY[holder.member]), month_of(row, 1300 * (1 - row)), moved
        )
        statements.append(statement_of_account(issue_of(holder, row + 1), account, None))
    for statement in statements:
        name = MONEY[statement.member.member]
        # A seller's tax comes out of what buyers paid as tax, through the clearing.
        books.move(VAT, CLEARING, statement.to_book, Code.CORRECTION_DUE)
        books.move(CLEARING, name, statement.to_book, Code.CORRECTION_PAID)
        assert books.holds(name) == statement.closing
    # Of 15.01 cents of tax that Bob paid, 7 went to Ada.
    assert books.holds(VAT) == 801 * CENT // 100
    audit(books.ledger)
    for serial, (before, holder) in enumerate(zip(statements, (ADA, BOB), strict=True), 3):
        held = books.holds(MONEY[holder.member])
        following = statement_of_account(
            issue_of(holder, serial, date(2026, 12, 1)), AccountMonth(NOVEMBER, held, held), before
        )
        assert following.closing == held + following.to_book
        assert [line.brought for line in following.taxes] == [line.carried for line in before.taxes]
