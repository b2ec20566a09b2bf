"""What the ledger promises whoever keeps it: accounts, rows, time, memory."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import settlement_node.ledger
from settlement_node.ledger.accounts import Account, AccountKind, AccountName
from settlement_node.ledger.assets import AmountError, Asset, Denomination
from settlement_node.ledger.codes import Code
from settlement_node.ledger.ledger import (
    AccountNotFoundError,
    ForgottenError,
    Ledger,
    TimeWentBackError,
)
from settlement_node.ledger.outcomes import AccountOutcome, Outcome
from settlement_node.ledger.rows import (
    AccountRow,
    Logged,
    Standing,
    TransferRow,
    UnreadableRowError,
    account_of,
    account_row,
    refused_row,
    transfer_of,
    transfer_row,
)
from settlement_node.ledger.transfers import (
    Phase,
    Transfer,
    id_at,
    ids_in,
    linked,
    post,
    transfer_id,
)
from tests.node.ledger.row_shelf import DENOMINATIONS, RowShelf

ADA = AccountName(AccountKind.MEMBER_MONEY, b"ada")
BANK = AccountName(AccountKind.BANK, b"DE02")
HELD = AccountName(AccountKind.RESERVATIONS)


def ledger_with(*names: AccountName) -> Ledger:
    ledger = Ledger(DENOMINATIONS)
    for name in names:
        ledger.open(name)
    return ledger


def deposit(ledger: Ledger, amount: int, at: int, about: bytes = b"") -> Transfer:
    return Transfer(
        transfer_id(at, about),
        ledger.open(BANK),
        ledger.open(ADA),
        amount,
        Asset.CURRENCY,
        Code.DEPOSIT,
    )


def order(ledger: Ledger, amount: int, at: int, expires: int) -> Transfer:
    return Transfer(
        transfer_id(at, b"order"),
        ledger.open(ADA),
        ledger.open(HELD),
        amount,
        Asset.CURRENCY,
        Code.ORDER_RESERVATION,
        Phase.RESERVE,
        expires=expires,
    )


def test_a_reservation_expires_by_logged_time_before_what_is_applied_then() -> None:
    ledger = ledger_with(BANK, ADA, HELD)
    held = order(ledger, 100, 10, 20)
    assert ledger.apply([deposit(ledger, 100, 9), held], Logged(1, 10)) == (Outcome.CREATED,) * 2
    assert (ledger.expiring(19), ledger.expiring(20)) == ([], [held.id])
    late = post(transfer_id(19, b"late"), held, 1)
    assert ledger.apply([], Logged(2, 19)) == ()
    assert ledger.balance(ADA).available == 0
    assert ledger.apply([late], Logged(3, 20)) == (Outcome.RESERVATION_EXPIRED,)
    assert (ledger.balance(ADA).available, ledger.expiring(99)) == (100, [])


def test_a_no_does_not_become_a_yes_when_money_comes() -> None:
    ledger = ledger_with(BANK, ADA, HELD)
    held = order(ledger, 100, 10, 0)
    assert ledger.apply([held], Logged(1, 10)) == (Outcome.EXCEEDS_CREDITS,)
    again = [deposit(ledger, 100, 9), held]
    assert ledger.apply(again, Logged(2, 11)) == (Outcome.CREATED, Outcome.ID_ALREADY_FAILED)


def test_a_refused_chain_leaves_no_trace_but_the_burnt_id() -> None:
    ledger = ledger_with(BANK, ADA, HELD)
    ledger.take_changes()
    chain = linked([deposit(ledger, 100, 9), order(ledger, 101, 9, 0)])
    expected = (Outcome.LINKED_FAILED, Outcome.EXCEEDS_CREDITS)
    assert ledger.apply(chain, Logged(1, 10)) == expected
    changes = ledger.take_changes()
    assert [(row.id, row.position) for row in changes.transfers] == [(chain[1].id, 0)]
    assert (changes.history, changes.pending, changes.no_longer_pending) == ([], [], [])
    assert ledger.apply(chain[:1], Logged(2, 10)) == (Outcome.CHAIN_OPEN,)
    alone = chain[0]._replace(linked=False)
    assert ledger.apply([alone], Logged(3, 10)) == (Outcome.CREATED,)


def test_settlement_posts_past_the_limit_and_orders_do_not() -> None:
    clearing = AccountName(AccountKind.INTERVAL_CLEARING)
    ledger = ledger_with(ADA, clearing, HELD)
    due = Transfer(transfer_id(1, b""), 1, 2, 50, Asset.CURRENCY, Code.SETTLEMENT_DUE)
    assert ledger.apply([due], Logged(1, 10)) == (Outcome.CREATED,)
    assert ledger.set_limit(ADA, 50) is AccountOutcome.DONE
    assert ledger.apply([order(ledger, 1, 3, 0)], Logged(2, 10)) == (Outcome.EXCEEDS_CREDITS,)
    assert ledger.set_limit(ADA, 51) is AccountOutcome.DONE
    assert ledger.apply([order(ledger, 1, 4, 0)], Logged(3, 10)) == (Outcome.CREATED,)


def test_what_is_asked_of_an_account_is_answered() -> None:
    ledger = ledger_with(BANK, ADA)
    pool = AccountName(AccountKind.CERTIFICATE_POOL)
    for answer in (ledger.close(pool), ledger.reopen(pool), ledger.set_limit(pool, 1)):
        assert answer is AccountOutcome.NOT_FOUND
    ledger.open(pool)
    assert ledger.set_limit(pool, 1) is AccountOutcome.LIMIT_NOT_FOR_THIS_KIND
    assert ledger.set_limit(ADA, 2**62) is AccountOutcome.LIMIT_OUT_OF_BOUNDS
    assert (ledger.number(ADA), ledger.name(2), ledger.limit(ADA)) == (2, ADA, 0)
    assert ledger.number(HELD) is None
    assert ledger.balance(HELD).posted == 0
    with pytest.raises(AccountNotFoundError):
        ledger.name(9)
    with pytest.raises(ValueError, match="65 bytes"):
        AccountName(AccountKind.BANK, b"x" * 65)


def test_an_id_is_ahead_from_the_first_of_the_next_moment() -> None:
    ledger = ledger_with(BANK, ADA)
    names = (id_at(11), id_at(11)[:-1] + b"\x01", id_at(10)[:6] + b"\xff" * 10)
    batch = [deposit(ledger, 1, 1)._replace(id=name) for name in names]
    assert ledger.apply(batch, Logged(1, 10)) == (
        Outcome.ID_AHEAD_OF_TIME,
        Outcome.ID_AHEAD_OF_TIME,
        Outcome.CREATED,
    )


def test_time_and_entries_do_not_go_back() -> None:
    ledger = ledger_with(BANK, ADA)
    ledger.apply([], Logged(5, 100))
    for logged in (Logged(4, 101), Logged(5, 99)):
        with pytest.raises(TimeWentBackError):
            ledger.apply([], logged)
    ledger.apply([], Logged(5, 100))


def test_what_was_forgotten_is_asked_for() -> None:
    ledger = ledger_with(BANK, ADA)
    shelf = RowShelf()
    first = deposit(ledger, 100, 9)
    ledger.apply([first], Logged(1, 10))
    shelf.write(ledger.take_changes())
    ledger.forget(10)
    with pytest.raises(ForgottenError):
        ledger.apply([first], Logged(2, 11))
    new = deposit(ledger, 100, 10)
    older = deposit(ledger, 5, 3)
    assert ledger.lacks(ids_in([first, new, older])) == {first.id, older.id}
    shelf.recall_into(ledger, {first.id, older.id})
    said = ledger.apply([first, new, older], Logged(2, 11))
    assert said == (Outcome.EXISTS, Outcome.CREATED, Outcome.CREATED)


def test_history_tells_the_balances_after_each_transfer() -> None:
    ledger = ledger_with(BANK, ADA)
    shelf = RowShelf()
    transfers = [deposit(ledger, 100, 9, b"1"), deposit(ledger, 20, 9, b"2")]
    ledger.apply(transfers[:1], Logged(1, 10))
    ledger.apply(transfers[1:], Logged(1, 10))
    shelf.write(ledger.take_changes())
    of_ada = [row for key, row in sorted(shelf.history.items()) if key[0] == ledger.number(ADA)]
    assert [(row.entry, row.position, row.transfer, row.credits_posted) for row in of_ada] == [
        (1, 0, transfers[0].id, 100),
        (1, 1, transfers[1].id, 120),
    ]


GOOD = Transfer(b"a" * 16, 1, 2, 3, Asset.CURRENCY, Code.PAYOUT, Phase.RESERVE, expires=9)
WRITTEN = [
    account_row(Account(7, ADA)).data,
    *(
        transfer_row(transfer, Standing.BOOKED, 0, 0).data
        for transfer in (GOOD, post(b"b" * 16, GOOD, 2), GOOD._replace(phase=Phase.AT_ONCE))
    ),
]
near_misses = st.builds(
    lambda data, at, new, drop: data[: at % len(data)] + new + data[at % len(data) + drop :],
    st.sampled_from(WRITTEN),
    st.integers(0, 99),
    st.binary(max_size=2),
    st.integers(0, 2),
)


def account_again(data: bytes, _: bytes) -> bytes:
    return account_row(account_of(AccountRow(1, data))).data


def transfer_again(data: bytes, name: bytes) -> bytes:
    standing, transfer = transfer_of(TransferRow(name, 0, 0, data))
    if transfer is None:
        return refused_row(name, 0, 0).data
    return transfer_row(transfer, standing, 0, 0).data


@pytest.mark.parametrize("again", [account_again, transfer_again])
@given(data=st.binary(max_size=120) | near_misses, name=st.binary(min_size=16, max_size=16))
def test_bytes_are_refused_or_written_again_as_they_were(
    again: Callable[[bytes, bytes], bytes], data: bytes, name: bytes
) -> None:
    try:
        written = again(data, name)
    except UnreadableRowError:
        return
    assert written == data


def test_a_row_that_is_not_pending_is_not_loaded_as_if() -> None:
    shelf = RowShelf()
    ledger = ledger_with(BANK, ADA)
    ledger.apply([deposit(ledger, 1, 1)], Logged(1, 10))
    shelf.write(ledger.take_changes())
    with pytest.raises(UnreadableRowError, match="not pending"):
        Ledger.from_rows(DENOMINATIONS, Logged(1, 10), [], shelf.transfers.values())


@given(st.integers(0, 18), st.integers(-(2**62) + 1, 2**62 - 1))
def test_amounts_are_written_and_read_exactly(decimals: int, amount: int) -> None:
    denomination = Denomination("EUR", decimals)
    written = denomination.written(amount)
    assert denomination.read(written.removeprefix("-")) == abs(amount)
    assert written.startswith("-") == (amount < 0)


@pytest.mark.parametrize("text", ["", ".5", "1e3", "+1", " 1", "1_0", "٣", "0.001", "1" * 31])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(AmountError):
        Denomination("EUR", 2).read(text)


@pytest.mark.parametrize(("code", "decimals"), [("eur", 2), ("E", 2), ("EUR", 19), ("EUR", -1)])
def test_a_denomination_that_nobody_could_write_is_refused(code: str, decimals: int) -> None:
    with pytest.raises(AmountError):
        Denomination(code, decimals)


def test_ids_begin_with_their_moment_and_differ_by_every_word() -> None:
    moment = 1_794_182_400_000
    assert id_at(moment) <= transfer_id(moment, b"x") < id_at(moment + 1)
    ids = {transfer_id(1, *parts) for parts in [(b"ab",), (b"a", b"b"), (b"b", b"a"), (), (b"",)]}
    assert len(ids) == 5


def test_outcomes_have_words() -> None:
    for outcome in (*Outcome, *AccountOutcome):
        assert outcome.value.endswith(".")
    assert len(Outcome) == len({outcome.value for outcome in Outcome})
    assert Outcome.EXISTS.known
    assert not Outcome.CREATED.known


def test_the_rules_know_no_clock_no_chance_and_no_store() -> None:
    forbidden = {"time", "random", "secrets", "os", "asyncio", "sqlite3", "apsw", "asyncpg"}
    for file in Path(settlement_node.ledger.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert not {alias.name for alias in node.names} & forbidden, file
            elif isinstance(node, ast.ImportFrom):
                assert node.module not in forbidden, file
            elif isinstance(node, ast.Attribute):
                assert node.attr not in {"now", "today", "utcnow"}, file


def test_accounts_of_all_kinds_come_back_from_their_rows() -> None:
    for kind in AccountKind:
        account = Account(7, AccountName(kind, b"whose"), limit=-5, closed=True)
        account.credits_posted = 2**62 - 1
        row = account_row(account)
        assert account_row(account_of(row)) == row
