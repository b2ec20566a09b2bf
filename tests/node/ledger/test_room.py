"""What operators do with money: signed, decided once, booked, and the same in every replay."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from depin_protocol.encoding import from_text
from depin_protocol.statements.membership import Leave, OperatorAction
from settlement_node.coop.coop import Coop
from settlement_node.governance.actions import Action, SetRoles
from settlement_node.governance.member import Role
from settlement_node.governance.objections import NO_EFFECT
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.actions import (
    BookBankLines,
    CancelPayout,
    CloseAccount,
    IdentifyLine,
    OpenBalance,
    OpenBankAccount,
    RecordDeposit,
    RecordFunds,
    RecordPayout,
    ReopenAccount,
    ReservePayout,
    ReturnMovement,
    SetLimit,
)
from settlement_node.ledger.audit import audit
from settlement_node.ledger.bank.booking import bank_account
from settlement_node.ledger.tables import (
    ABOUT,
    ACCOUNT,
    ACCOUNT_HISTORY,
    PENDING,
    TRANSFER,
    transfer_rows,
)
from settlement_node.log.entries import Decision
from settlement_node.market.issuing.tables import MOVEMENT
from settlement_node.replay.comparing import DifferenceError
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from settlement_node.store.port import View
from settlement_node.store.tables import Clear, Delete, Key, Put, Row, Table
from tests.node.ledger.till import (
    CASH,
    CENT,
    IBAN,
    banked,
    cents,
    decision_at,
    done,
    line,
    money,
    open_banks,
    reference,
    rows,
)
from tests.node.village import DAY, Village, surroundings, village
from tests.protocol.spoken import Home

BANK = bank_account(IBAN)
SUSPENSE = AccountName(AccountKind.SUSPENSE)
FUNDS = AccountName(AccountKind.COOP_FUNDS)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def here(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Village]:
    """Give a village with two bank accounts, on each engine."""
    place: Path | str = tmp_path
    if request.param == "postgres":
        place = request.getfixturevalue("postgres_url")
    async with village(place) as begun:
        await open_banks(begun)
        yield begun


async def refused(here: Village, action: Action) -> object:
    """Let the operator try in vain; return the code of the decision."""
    before = await rows(here.store)
    decision = await done(here, action)
    assert decision.kind == NO_EFFECT, decision
    assert await rows(here.store) == before
    return decision.result["code"]


async def started_again(here: Village) -> None:
    """Stop the node and start it again."""
    await here.coop.close()
    here.coop = await Coop.open(here.store, surroundings(here.clock))
    await here.coop.start()


async def all_follows(here: Village) -> None:
    """Check that the books are what the log leads to, and that rebuild makes the same."""
    await here.coop.close()
    assert audit(here.coop.ledger, await transfer_rows(here.store)) == ()
    found = await verify(here.store)
    before = await rows(here.store)
    assert await rebuild(here.store) == found.entries
    assert await rows(here.store) == before


def names(decision: Decision) -> list[str]:
    return [str(one["id"]) for one in decision.lines]


async def test_who_joins_has_accounts(here: Village) -> None:
    home = Home(2)
    ledger = here.coop.ledger
    assert ledger.number(money(home)) is None
    await here.welcome(home)
    assert ledger.number(money(home)) is not None
    assert (await banked(here, line(1, reference(home)))).lines[0]["match"] == "DEPOSIT"
    await started_again(here)
    assert (await banked(here, line(2, reference(home)))).lines[0]["match"] == "DEPOSIT"
    await all_follows(here)


async def test_a_bank_statement_is_booked_once(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    lines = (line(2000, f"energy {reference(home)}"), line(700, "who knows"), line(-300, "fee"))
    decision = await banked(here, *lines)
    assert [one["match"] for one in decision.lines] == ["DEPOSIT", "NO_REFERENCE", "OUT_UNKNOWN"]
    assert set(decision.result) == {"statement"}
    assert [cents(here, one) for one in (money(home), SUSPENSE, BANK)] == [2000, 400, -2400]
    assert await refused(here, BookBankLines(IBAN, lines)) == "nothing-new"
    await started_again(here)
    assert await refused(here, BookBankLines(IBAN, lines)) == "nothing-new"
    more = await banked(here, *lines, line(2000, f"energy {reference(home)}", copy=2))
    assert len(more.lines) == 1
    assert cents(here, money(home)) == 4000
    # A line booked further ahead than banks do is told by itself, beside those that are booked.
    ahead = line(100, "ahead", booked=here.clock() + 30 * DAY)
    both = await banked(here, ahead, line(100, "today"))
    assert [one.get("refused") for one in both.lines] == [None, "id-ahead-of-time"]
    assert await refused(here, BookBankLines(IBAN, (ahead,))) == "id-ahead-of-time"
    await all_follows(here)


async def test_a_line_in_suspense_is_identified_once(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    came, went = names(await banked(here, line(700, "who knows"), line(-300, "fee")))
    await started_again(here)
    await done(here, IdentifyLine(from_text(came, 16), home.member))
    await done(here, IdentifyLine(from_text(went, 16), None))
    assert [cents(here, one) for one in (money(home), FUNDS, SUSPENSE)] == [700, -300, 0]
    again = IdentifyLine(from_text(came, 16), None)
    assert await refused(here, again) == "already-so"
    await started_again(here)
    assert await refused(here, again) == "already-so"
    assert await refused(here, IdentifyLine(bytes(16), None)) == "no-such-transfer"
    await all_follows(here)


async def test_a_payout_waits_for_the_bank_and_comes_back_if_it_fails(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    await banked(here, line(2000, reference(home), "MANDATE-7"))
    (going,) = names(await done(here, ReservePayout(home.member, IBAN, 500 * CENT)))
    balance = here.coop.ledger.balance(money(home))
    assert (balance.posted, balance.available) == (2000 * CENT, 1500 * CENT)
    named = from_text(going, 16).hex().upper()
    await started_again(here)
    assert (await banked(here, line(-500, end_to_end=named))).lines[0]["match"] == "PAYOUT"
    assert cents(here, money(home)) == 1500
    back = line(500, end_to_end=named, returned=True)
    await started_again(here)
    assert (await banked(here, back)).lines[0]["match"] == "PAYOUT_RETURNED"
    assert cents(here, money(home)) == 2000
    twice = line(500, end_to_end=named, returned=True, booked=here.clock() - DAY)
    assert (await banked(here, twice)).lines[0]["match"] == "ORIGINAL_UNKNOWN"
    debit = line(-2000, end_to_end="MANDATE-7", returned=True)
    await started_again(here)
    assert (await banked(here, debit)).lines[0]["match"] == "DEPOSIT_RETURNED"
    assert cents(here, money(home)) == 0
    await all_follows(here)


async def test_of_many_deposits_of_one_name_the_newest_eight_can_be_taken_back(
    here: Village,
) -> None:
    home = Home(2)
    await here.welcome(home)
    for number in range(9):
        await banked(here, line(10, reference(home), "RENT", bank_reference=f"in{number}"))
    matches = []
    for number in range(9):
        taken = line(-10, "", "RENT", bank_reference=f"out{number}", returned=True)
        matches.append((await banked(here, taken)).lines[0]["match"])
    assert matches == ["DEPOSIT_RETURNED"] * 8 + ["ORIGINAL_UNKNOWN"]
    await all_follows(here)


async def test_a_payout_that_was_cancelled_is_free_again(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    await banked(here, line(2000, reference(home)))
    (going,) = names(await done(here, ReservePayout(home.member, IBAN, None)))
    assert await refused(here, ReservePayout(home.member, IBAN, CENT)) == "exceeds-credits"
    assert await refused(here, ReservePayout(home.member, IBAN, None)) == "exceeds-credits"
    await started_again(here)
    await done(here, CancelPayout(from_text(going, 16)))
    assert await refused(here, CancelPayout(from_text(going, 16))) == "no-such-transfer"
    assert here.coop.ledger.balance(money(home)).available == 2000 * CENT
    await all_follows(here)


async def test_a_payout_that_the_bank_never_did_is_free_again_in_time(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    await banked(here, line(2000, reference(home)))
    soon, later = here.clock() + DAY, here.clock() + 2 * DAY
    past = ReservePayout(home.member, IBAN, CENT, here.clock())
    assert await refused(here, past) == "expired-already"
    going = [
        names(await done(here, ReservePayout(home.member, IBAN, 100 * CENT, expires)))[0]
        for expires in (later, soon, later)
    ]
    await started_again(here)
    here.clock.now = soon - 1
    await here.coop.tick()
    assert here.coop.ledger.balance(money(home)).available == 1700 * CENT
    here.clock.now = soon
    await here.coop.tick()
    assert here.coop.ledger.balance(money(home)).available == 1800 * CENT
    released = await decision_at(here, here.coop.position.size - 1)
    assert (released.kind, released.result, names(released)) == (
        "reservations_expired",
        {},
        [going[1]],
    )
    (*_, told) = await here.coop.events.since(home.member, 0, 10)
    assert told.data["kind"] == "reservations_expired"
    # What is said at that very moment comes after: nothing is left to cancel, and all is free.
    here.clock.now = later
    cancel = CancelPayout(from_text(going[0], 16))
    size = here.coop.position.size
    assert (await done(here, cancel)).result["code"] == "no-such-transfer"
    # First comes the root of the day that ended.
    released = await decision_at(here, size + 1)
    assert names(released) == sorted(names(released))
    assert set(names(released)) == {going[0], going[2]}
    assert here.coop.ledger.balance(money(home)).available == 2000 * CENT
    await all_follows(here)


async def test_a_co_op_that_lives_on_cash(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    await done(here, OpenBalance(50 * CENT, account=CASH))
    await done(here, OpenBalance(30 * CENT, member=home.member))
    await done(here, OpenBalance(20 * CENT))
    assert await refused(here, OpenBalance(30 * CENT, member=home.member)) == "exists"
    different = await refused(here, OpenBalance(31 * CENT, member=home.member))
    assert different == "exists-with-different-amount"
    assert await refused(here, OpenBalance(-CENT, account=CASH)) == "parameters-invalid"
    assert cents(here, AccountName(AccountKind.OPENING_BALANCES)) == 0
    (paid_in,) = names(await done(here, RecordDeposit(home.member, CASH, 10 * CENT)))
    await done(here, RecordFunds(CASH, 5 * CENT))
    await done(here, RecordFunds(CASH, -2 * CENT))
    paid = await done(here, RecordPayout(home.member, CASH, 15 * CENT))
    assert [one.get("phase") for one in paid.lines] == ["RESERVE", "POST"]
    assert [one.get("linked") for one in paid.lines] == [True, None]
    assert await refused(here, RecordPayout(home.member, CASH, 26 * CENT)) == "exceeds-credits"
    assert [cents(here, one) for one in (money(home), FUNDS)] == [25, 23]
    assert cents(here, bank_account(CASH)) == -48
    await started_again(here)
    await done(here, ReturnMovement(from_text(paid_in, 16)))
    await done(here, ReturnMovement(from_text(names(paid)[0], 16)))
    assert cents(here, money(home)) == 30
    again = ReturnMovement(from_text(paid_in, 16))
    assert await refused(here, again) == "no-such-transfer"
    await started_again(here)
    assert await refused(here, again) == "no-such-transfer"
    await all_follows(here)


async def test_a_limit_lets_orders_go_below_zero_and_nobody_be_paid(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    await done(here, SetLimit(home.member, 40 * CENT))
    assert await refused(here, SetLimit(home.member, 40 * CENT)) == "already-so"
    assert here.coop.ledger.limit(money(home)) == 40 * CENT
    assert await refused(here, ReservePayout(home.member, IBAN, CENT)) == "exceeds-credits"
    await all_follows(here)


async def test_who_leaves_is_paid_and_its_account_closed(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    await banked(here, line(2000, reference(home)))
    await here.say(home.say("trading", Leave()))
    assert await refused(here, CloseAccount(home.member)) == "still-holds"
    (going,) = names(await done(here, ReservePayout(home.member, IBAN, None)))
    assert await refused(here, CloseAccount(home.member)) == "still-reserved"
    await banked(here, line(-2000, end_to_end=from_text(going, 16).hex()))
    assert (await done(here, CloseAccount(home.member))).kind == "account_closed"
    late = await banked(here, line(100, reference(home)))
    assert late.lines[0]["match"] == "ACCOUNT_CLOSED"
    deposit = RecordDeposit(home.member, CASH, CENT)
    assert await refused(here, deposit) == "credit-account-closed"
    await done(here, ReopenAccount(home.member))
    assert await refused(here, ReopenAccount(home.member)) == "already-so"
    await done(here, deposit)
    await all_follows(here)


async def test_what_names_nobody_or_nothing_does_nothing(here: Village) -> None:
    nobody = Home(9).member
    assert await refused(here, OpenBankAccount(IBAN)) == "already-so"
    assert await refused(here, RecordDeposit(nobody, CASH, 1)) == "no-such-member"
    assert await refused(here, SetLimit(nobody, 1)) == "no-such-member"
    assert await refused(here, BookBankLines("DE99", (line(1),))) == "no-such-account"
    assert await refused(here, RecordFunds("DE99", 1)) == "no-such-account"
    for parameters in ({}, {"account": CASH, "amount": 0}, {"account": CASH, "amount": 2**62}):
        body = OperatorAction("record_funds", parameters, "")
        await here.say(here.operator.say("trading", body, here.clock()))
    home = Home(2)
    await here.welcome(home)
    size = here.coop.position.size
    await here.say(home.say("trading", OperatorAction("record_funds", {}, ""), here.clock()))
    assert here.coop.position.size == size + 2
    await here.act(SetRoles(home.member, (Role.MEMBER, Role.OPERATOR)))
    await all_follows(here)


async def test_a_group_of_actions_sees_those_before_it(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    (came,) = names(await banked(here, line(700, "who knows")))
    await started_again(here)
    told = [
        here.operator.say("trading", OperatorAction(one.NAME, one.to_json(), ""), here.clock())
        for one in (
            IdentifyLine(from_text(came, 16), home.member),
            IdentifyLine(from_text(came, 16), None),
            ReservePayout(home.member, IBAN, 400 * CENT),
            ReservePayout(home.member, IBAN, 400 * CENT),
        )
    ]
    await here.say(*told)
    assert [cents(here, one) for one in (money(home), FUNDS)] == [700, 0]
    assert here.coop.ledger.balance(money(home)).available == 300 * CENT
    await all_follows(here)


async def test_members_hear_of_what_touches_their_accounts(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    await banked(here, line(2000, reference(home)))
    (event,) = await here.coop.events.since(home.member, 0, 10)
    assert event.data["kind"] == "booked"
    assert event.data["entry"] == here.coop.position.size - 1


async def test_old_transfers_are_forgotten_and_found_again(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    lines = (line(2000, reference(home)), line(700, "who knows"))
    _, unknown = names(await banked(here, *lines))
    here.clock.now += DAY
    await done(here, SetLimit(home.member, 1))
    ledger = here.coop.ledger
    assert ledger.transfer(from_text(unknown, 16)) is None
    assert await refused(here, BookBankLines(IBAN, lines)) == "nothing-new"
    await done(here, IdentifyLine(from_text(unknown, 16), home.member))
    assert cents(here, money(home)) == 2700
    await all_follows(here)


@pytest.mark.parametrize("table", [ACCOUNT, TRANSFER, ACCOUNT_HISTORY, PENDING, ABOUT, MOVEMENT])
async def test_verify_names_the_first_row_that_differs(here: Village, table: Table) -> None:
    home = Home(2)
    await here.welcome(home)
    (came,) = names(await banked(here, line(700, "who knows")))
    await done(here, IdentifyLine(from_text(came, 16), home.member))
    await done(here, ReservePayout(home.member, IBAN, 100 * CENT))
    await here.coop.close()
    row = (await here.store.scan(table, limit=9))[-1]
    key = row[: len(table.key)]
    await here.store.commit([Delete(table, (key,))])
    await differs(here, table, key, "missing")
    surplus = (*_another(key), *row[len(key) :])
    await here.store.commit([Put(table, (row, surplus))])
    await differs(here, table, _another(key), "nothing in the log")
    await here.store.commit([Delete(table, (_another(key),))])
    await verify(here.store)
    if table.value:
        await here.store.commit([Put(table, ((*row[:-1], _altered(row[-1])),))])
        await differs(here, table, key, table.value[-1].name)
    await here.store.commit([Clear(table)])
    with pytest.raises(DifferenceError, match=table.name):
        await verify(here.store)


async def test_verify_reads_in_ranges_however_much_was_booked(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    reads = []
    for count in (3, 90):
        await banked(here, *(line(1000 + each, reference(home)) for each in range(count)))
        view = Counting(here.store)
        await verify(view)
        reads.append(view.reads)
    few, many = reads
    assert many < few + 30


class Counting:
    """A view that counts how often it is asked."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.reads = 0

    async def get(self, table: Table, key: Key) -> Row | None:
        self.reads += 1
        return await self._view.get(table, key)

    async def several(self, table: Table, keys: Iterable[Key]) -> list[Row]:
        self.reads += 1
        return await self._view.several(table, keys)

    async def scan(
        self,
        table: Table,
        prefix: Key = (),
        *,
        after: Key | None = None,
        until: Key | None = None,
        limit: int,
        reverse: bool = False,
    ) -> list[Row]:
        self.reads += 1
        return await self._view.scan(
            table, prefix, after=after, until=until, limit=limit, reverse=reverse
        )

    async def tables(self) -> tuple[Table, ...]:
        return await self._view.tables()


async def differs(here: Village, table: Table, key: Row, words: str) -> None:
    with pytest.raises(DifferenceError, match=words) as found:
        await verify(here.store)
    assert (found.value.table, found.value.key) == (table.name, key)


def _altered(value: int | bytes | str) -> int | bytes | str:
    return value + 1 if isinstance(value, int) else b"\x00" * 30


def _another(key: Row) -> Row:
    last = key[-1]
    return (*key[:-1], last + 1000 if isinstance(last, int) else b"\xff" * 16)
