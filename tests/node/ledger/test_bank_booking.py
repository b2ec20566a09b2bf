"""From the bank to the books: whose money it is, once, and back again."""

from collections.abc import Iterable
from dataclasses import replace
from textwrap import wrap

import pytest

from settlement_node.ledger.about import About
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.assets import Asset, usual_denominations
from settlement_node.ledger.audit import audit
from settlement_node.ledger.bank.booking import (
    BankDesk,
    Booking,
    Imported,
    Match,
    bank_account,
    imported,
    missing_at_bank,
    payout_end_to_end,
)
from settlement_node.ledger.bank.statement import read_statements
from settlement_node.ledger.beginning import Beginning
from settlement_node.ledger.codes import Code
from settlement_node.ledger.creditor_reference import member_reference
from settlement_node.ledger.desk import Desk
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.money import (
    NoOpeningError,
    identified,
    opening_balance,
    payout,
)
from settlement_node.ledger.outcomes import AccountOutcome, Outcome
from settlement_node.ledger.rows import Logged, TransferRow, transfer_of
from settlement_node.ledger.transfers import Cause, Transfer
from tests.node.ledger.camt_files import IBAN, Entry, File, Part

CENT = 10**7
NOVEMBER_9 = 1_794_182_400_000
COOP = "A" * 22
REFERENCES = {name: member_reference(COOP, name * 21 + "A") for name in "BCD"}
MONEY = {name: AccountName(AccountKind.MEMBER_MONEY, name.encode()) for name in "BCD"}
MEMBERS = {REFERENCES[name]: MONEY[name] for name in "BC"}
BANK = bank_account(IBAN)
SUSPENSE = AccountName(AccountKind.SUSPENSE)


class Office:
    """A ledger, the rows that it gave, and the desk where statements come in."""

    def __init__(self) -> None:
        self.ledger = Ledger(usual_denominations("EUR", "SUN"))
        self.members = dict(MEMBERS)
        self.rows: dict[bytes, TransferRow] = {}
        self.about = About()
        self.entry = 0
        self.missing = 0
        self.book(opening_balance(self.ledger, BANK, 10_000 * CENT, 1))

    def book(self, *transfers: Transfer) -> tuple[Outcome, ...]:
        self.entry += 1
        outcomes = self.ledger.apply(transfers, Logged(self.entry, NOVEMBER_9))
        changed = self.ledger.take_changes().transfers
        self.rows.update({row.id: row for row in changed})
        self.about.note(changed)
        assert audit(self.ledger, self.rows.values()) == ()
        assert self.missing == 0
        return outcomes

    def bring(self, file: File) -> Imported:
        (statement,) = read_statements(file.xml(), self.ledger.denominations[Asset.CURRENCY])
        desk = Desk(self.ledger, self.members, self.about, Beginning())
        at_desk = BankDesk(self.ledger, statement.account, self.members, desk.undone_by)
        bookings = at_desk.bookings(statement.lines)
        result = imported(bookings, self.book(*(booking.transfer for booking in bookings)))
        self.missing = missing_at_bank(self.ledger.balance(BANK).posted, statement)
        return result

    def transfers(self) -> Iterable[Transfer]:
        for _, transfer in map(transfer_of, self.rows.values()):
            if transfer is not None:
                yield transfer

    def holds(self, name: AccountName) -> int:
        return self.ledger.balance(name).posted // CENT


@pytest.fixture
def office() -> Office:
    return Office()


def paid_in(amount: str, text: str, end_to_end: str = "") -> Entry:
    return Entry(amount, (Part(None, end_to_end, (text,)),))


def test_deposits_find_their_members(office: Office) -> None:
    result = office.bring(
        File(
            (
                paid_in("20.00", f"energy {' '.join(wrap(REFERENCES['B'], 4)).lower()} thanks"),
                Entry("5.00", (Part(None, structured=REFERENCES["C"]),)),
                Entry("1.00", (Part(None, end_to_end=REFERENCES["C"]),)),
            ),
            closing="126.00",
        )
    )
    assert [booking.match for booking in result.new] == [Match.DEPOSIT] * 3
    assert (office.holds(MONEY["B"]), office.holds(MONEY["C"])) == (2000, 600)


def unmatched(result: Imported) -> list[Booking]:
    """Find what waits for somebody to say whose it is."""
    waiting = {Code.UNMATCHED_IN, Code.UNMATCHED_OUT}
    return [booking for booking in result.new if booking.transfer.code in waiting]


def test_what_is_of_nobody_waits_in_suspense_until_somebody_says_whose_it_is(
    office: Office,
) -> None:
    both = f"{REFERENCES['B']} {REFERENCES['C']}"
    result = office.bring(
        File(
            (
                paid_in("7.00", "no reference"),
                paid_in("8.00", both),
                paid_in("9.00", REFERENCES["D"]),
                Entry("3.00", (Part(text=("account fee",)),), comes_in=False),
            ),
            closing="121.00",
        )
    )
    assert [(b.line.amount // CENT, b.match) for b in unmatched(result)] == [
        (700, Match.NO_REFERENCE),
        (800, Match.SEVERAL_REFERENCES),
        (900, Match.NO_REFERENCE),
        (-300, Match.OUT_UNKNOWN),
    ]
    assert office.holds(SUSPENSE) == 2100
    first, *_, fee = (booking.transfer for booking in unmatched(result))
    cause = Cause(b"an operator's word", NOVEMBER_9)
    funds = AccountName(AccountKind.COOP_FUNDS)
    assert office.book(
        identified(office.ledger, first, MONEY["B"], cause),
        identified(office.ledger, fee, funds, Cause(b"another word", NOVEMBER_9)),
        identified(office.ledger, first, MONEY["B"], cause),
    ) == (Outcome.CREATED, Outcome.CREATED, Outcome.EXISTS)
    assert [office.holds(name) for name in (MONEY["B"], funds, SUSPENSE)] == [700, -300, 1700]


def test_the_same_statement_twice_changes_nothing(office: Office) -> None:
    file = File(
        (
            paid_in("20.00", REFERENCES["B"]),
            paid_in("20.00", REFERENCES["B"]),
            paid_in("9.00", REFERENCES["D"]),
        ),
        closing="149.00",
    )
    assert len(office.bring(file).new) == 3
    before = list(office.ledger.accounts())
    # The payer has become a member since: the line stays where it was booked.
    office.members[REFERENCES["D"]] = MONEY["D"]
    again = office.bring(file)
    assert (len(again.known), again.new, again.refused) == (3, (), ())
    assert [pair for pair in office.ledger.accounts() if pair[0] != MONEY["D"]] == before
    assert office.holds(MONEY["D"]) == 0


def test_a_returned_debit_reverses_its_original_once(office: Office) -> None:
    office.bring(File((paid_in("20.00", REFERENCES["B"], "MANDATE-7"),), closing="120.00"))
    office.book(payout(office.ledger, MONEY["B"], BANK, 2000 * CENT, Cause(b"p", NOVEMBER_9)))
    back = Entry("20.00", (Part(None, "MANDATE-7", returned=True),), comes_in=False)
    returns = File((back, back), opening="120.00", closing="80.00")
    result = office.bring(returns)
    matches = [booking.match for booking in result.new]
    assert matches == [Match.DEPOSIT_RETURNED, Match.ORIGINAL_UNKNOWN]
    (original,) = [t for t in office.transfers() if t.code.name == "DEPOSIT"]
    assert result.new[0].transfer.reference == original.id
    # It posts although what is left doesn't cover it: only reservations are bound.
    assert office.ledger.balance(MONEY["B"]).available == -2000 * CENT
    assert len(office.bring(returns).known) == 2
    later = replace(back, booked="2026-11-03")
    result = office.bring(File((later,), opening="80.00", closing="60.00"))
    assert [booking.match for booking in result.new] == [Match.ORIGINAL_UNKNOWN]


def test_a_member_who_leaves_is_paid_out_and_closed(office: Office) -> None:
    office.bring(File((paid_in("20.00", REFERENCES["B"]),), closing="120.00"))
    everything = office.ledger.balance(MONEY["B"]).available
    cause = Cause(b"leave", NOVEMBER_9)
    leaving = payout(office.ledger, MONEY["B"], BANK, everything, cause)
    assert office.book(leaving) == (Outcome.CREATED,)
    assert office.ledger.balance(MONEY["B"]).available == 0
    assert office.ledger.close(MONEY["B"]) is AccountOutcome.STILL_RESERVED
    paid = Entry("20.00", (Part(None, payout_end_to_end(leaving.id)),), comes_in=False)
    file = File((paid,), opening="120.00", closing="100.00")
    result = office.bring(file)
    assert [booking.match for booking in result.new] == [Match.PAYOUT]
    assert office.ledger.close(MONEY["B"]) is AccountOutcome.DONE
    assert len(office.bring(file).known) == 1
    # Money that comes for somebody who has left is not lost.
    late = File((paid_in("1.00", REFERENCES["B"]),), closing="101.00")
    assert [booking.match for booking in office.bring(late).new] == [Match.ACCOUNT_CLOSED]
    back = Entry("20.00", (Part(None, payout_end_to_end(leaving.id), returned=True),))
    returned = File((back,), opening="101.00", closing="121.00")
    assert [booking.match for booking in office.bring(returned).new] == [Match.ACCOUNT_CLOSED]


def test_a_payout_that_did_not_arrive_is_the_members_again(office: Office) -> None:
    office.bring(File((paid_in("20.00", REFERENCES["B"]),), closing="120.00"))
    going = payout(office.ledger, MONEY["B"], BANK, 500 * CENT, Cause(b"p", NOVEMBER_9))
    office.book(going)
    name = payout_end_to_end(going.id)
    out = Entry("5.00", (Part(None, name),), comes_in=False)
    back = Entry("5.00", (Part(None, name, returned=True),))
    office.bring(File((out,), opening="120.00", closing="115.00"))
    assert office.holds(MONEY["B"]) == 1500
    result = office.bring(File((back,), opening="115.00", closing="120.00"))
    assert [booking.match for booking in result.new] == [Match.PAYOUT_RETURNED]
    assert office.holds(MONEY["B"]) == 2000


def test_a_payout_of_another_amount_is_looked_at_by_a_person(office: Office) -> None:
    office.bring(File((paid_in("20.00", REFERENCES["B"]),), closing="120.00"))
    going = payout(office.ledger, MONEY["B"], BANK, 500 * CENT, Cause(b"p", NOVEMBER_9))
    office.book(going)
    out = Entry("6.00", (Part(None, payout_end_to_end(going.id)),), comes_in=False)
    result = office.bring(File((out,), opening="120.00", closing="114.00"))
    assert [booking.match for booking in unmatched(result)] == [Match.OUT_UNKNOWN]
    assert office.ledger.reservation(going.id) == going


def test_a_payout_past_what_is_there_is_refused(office: Office) -> None:
    cause = Cause(b"p", NOVEMBER_9)
    office.bring(File((paid_in("20.00", REFERENCES["B"]),), closing="120.00"))
    assert office.book(payout(office.ledger, MONEY["B"], BANK, 2001 * CENT, cause)) == (
        Outcome.EXCEEDS_CREDITS,
    )


def test_books_and_bank_that_differ_are_noticed(office: Office) -> None:
    office.bring(File((), opening="90.00", closing="90.00"))
    assert office.missing == 1000 * CENT


def test_an_opening_balance_is_booked_once_and_only_where_something_was(office: Office) -> None:
    owed = opening_balance(office.ledger, MONEY["B"], -300 * CENT, 1)
    assert office.book(owed, owed) == (Outcome.CREATED, Outcome.EXISTS)
    assert office.holds(MONEY["B"]) == -300
    funds = AccountName(AccountKind.COOP_FUNDS)
    assert office.book(opening_balance(office.ledger, funds, 40 * CENT, 1))[0].done
    assert office.holds(AccountName(AccountKind.OPENING_BALANCES)) == 10_000 + 300 - 40
    for name, amount in ((BANK, -1), (AccountName(AccountKind.VAT), 1)):
        with pytest.raises(NoOpeningError):
            opening_balance(office.ledger, name, amount, 1)
