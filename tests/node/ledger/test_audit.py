"""The audit finds each thing that can be wrong."""

from collections.abc import Callable

import pytest

from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.assets import Asset
from settlement_node.ledger.audit import audit
from settlement_node.ledger.codes import Code
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.outcomes import Outcome
from settlement_node.ledger.rows import AccountRow, Logged, account_of, account_row
from settlement_node.ledger.transfers import Phase, Transfer, post, transfer_id
from tests.node.ledger.row_shelf import RowShelf

ADA = AccountName(AccountKind.MEMBER_MONEY, b"ada")
BANK = AccountName(AccountKind.BANK, b"DE02")
POOL = AccountName(AccountKind.CERTIFICATE_POOL)
NOW = Logged(1, 10)
TAKEN, STANDING = transfer_id(3, b"taken"), transfer_id(4, b"standing")


@pytest.fixture
def shelf() -> RowShelf:
    """Return the rows of 100 paid in, 30 paid out, 20 about to be."""
    ledger = Ledger(RowShelf().load(NOW).denominations)
    bank, ada = ledger.open(BANK), ledger.open(ADA)
    ledger.open(POOL)
    deposit = Transfer(transfer_id(1, b"d"), bank, ada, 100, Asset.CURRENCY, Code.DEPOSIT)
    payouts = [
        Transfer(name, ada, bank, amount, Asset.CURRENCY, Code.PAYOUT, Phase.RESERVE)
        for name, amount in ((TAKEN, 30), (STANDING, 20))
    ]
    end = post(transfer_id(5, b"end"), payouts[0], 30)
    assert ledger.apply([deposit, *payouts, end], NOW) == (Outcome.CREATED,) * 4
    shelf = RowShelf()
    shelf.write(ledger.take_changes())
    return shelf


def found(shelf: RowShelf) -> str:
    return "\n".join(audit(shelf.load(NOW), shelf.transfers.values()))


def altered(row: AccountRow, **sums: int) -> AccountRow:
    account = account_of(row)
    for field, value in sums.items():
        setattr(account, field, value)
    return account_row(account)


def restated(shelf: RowShelf, name: bytes, standing: int) -> None:
    row = shelf.transfers[name]
    shelf.transfers[name] = row._replace(data=bytes([standing]) + row.data[1:])


def a_balance_that_grew(shelf: RowShelf) -> None:
    shelf.accounts[2] = altered(shelf.accounts[2], credits_posted=101)


def a_reservation_without_its_amount(shelf: RowShelf) -> None:
    shelf.accounts[2] = altered(shelf.accounts[2], debits_pending=19)


def a_pool_below_zero(shelf: RowShelf) -> None:
    shelf.accounts[3] = altered(shelf.accounts[3], debits_posted=1)


def a_sum_out_of_bounds(shelf: RowShelf) -> None:
    shelf.accounts[3] = altered(shelf.accounts[3], credits_posted=2**62)


def a_closed_account_with_money(shelf: RowShelf) -> None:
    shelf.accounts[2] = altered(shelf.accounts[2], closed=True)


def a_transfer_that_is_gone(shelf: RowShelf) -> None:
    del shelf.transfers[transfer_id(1, b"d")]


def an_end_that_is_gone(shelf: RowShelf) -> None:
    del shelf.transfers[transfer_id(5, b"end")]


def a_reservation_that_is_gone(shelf: RowShelf) -> None:
    del shelf.transfers[TAKEN]


def another_fate(shelf: RowShelf) -> None:
    restated(shelf, TAKEN, 3)


def a_reservation_taken_twice(shelf: RowShelf) -> None:
    row = shelf.transfers[transfer_id(5, b"end")]
    shelf.transfers[b"x" * 16] = row._replace(id=b"x" * 16)


def a_reservation_that_nobody_remembers(shelf: RowShelf) -> None:
    shelf.pending.clear()


def test_books_in_order_have_nothing_wrong(shelf: RowShelf) -> None:
    assert found(shelf) == ""


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (a_balance_that_grew, "CURRENCY: posted credits exceed debits by 1"),
        (a_balance_that_grew, "MEMBER_MONEY 616461: the balance is not the fold"),
        (a_reservation_without_its_amount, "pending credits exceed debits by 1"),
        (a_reservation_without_its_amount, "pending is not what its reservations hold"),
        (a_pool_below_zero, "CERTIFICATE_POOL: below zero: -1"),
        (a_sum_out_of_bounds, "CERTIFICATE_POOL: a sum is out of bounds"),
        (a_closed_account_with_money, "MEMBER_MONEY 616461: closed, and not empty"),
        (a_transfer_that_is_gone, "the balance is not the fold of the transfers"),
        (an_end_that_is_gone, "POSTED, but its ends are []"),
        (a_reservation_that_is_gone, "ended, and never made"),
        (another_fate, "VOIDED, but its ends are"),
        (a_reservation_taken_twice, "more was taken than it held"),
        (a_reservation_that_nobody_remembers, "row and memory differ on whether it stands"),
    ],
)
def test_what_is_wrong_is_said(
    shelf: RowShelf, break_it: Callable[[RowShelf], None], words: str
) -> None:
    break_it(shelf)
    assert words in found(shelf)
