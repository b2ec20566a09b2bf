"""A member's month, with figures that a treasurer can follow, and what must never be issued."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.settlement.charges import Vat
from settlement_node.market.billing.cents import NoCentsError, cent_of, rounded_down, towards_zero
from settlement_node.market.billing.corrections import Correction, SettledInterval
from settlement_node.market.billing.issuing import AccountMonth, statement_of_account
from settlement_node.market.billing.lines import EnergyKind, MoneyKind
from settlement_node.market.billing.numbers import (
    NumberError,
    StatementNumber,
    next_number,
    require_gapless,
)
from settlement_node.market.billing.parties import Holder, Issuer, PartyError
from settlement_node.market.billing.statement import (
    Movement,
    Reward,
    StatementError,
    StatementOfAccount,
)
from settlement_node.market.billing.taxes import (
    TaxDirection,
    TaxError,
    TaxLine,
    TaxPart,
    basis_points,
    tax_lines,
)
from tests.node.market.worked_month import (
    ADA,
    BOB,
    BUYER,
    CENT,
    EUR,
    INTERVALS,
    NOVEMBER,
    OCTOBER,
    SELLER,
    VAT,
    books,
    issue_of,
    month_of,
    settled,
)

EURO = 100 * CENT


def energy(statement: StatementOfAccount) -> dict[EnergyKind, int]:
    return {line.kind: line.wh for line in statement.energy}


def test_what_bob_bought_follows_from_three_quarters_of_an_hour() -> None:
    statement = statement_of_account(issue_of(BOB, 1), books(EURO, month_of(1)), None)
    # In kWh. Bought 1 + 1 + 1. Of it 0.1 was not delivered, and 0.05 not used.
    assert energy(statement) == {
        EnergyKind.IMPORTED: 1200 + 1200 + 950,
        EnergyKind.BOUGHT: 3000,
        EnergyKind.BOUGHT_DELIVERED: 1000 + 900 + 950,
        EnergyKind.UNUSED: 50,
        EnergyKind.UNCOVERED: 100,
        EnergyKind.POOL_TAKEN: 200,
        EnergyKind.FROM_GRID: 300,
        EnergyKind.CERTIFIED_IN: 3050,
    }
    assert [(roof.home, roof.wh) for roof in statement.roofs] == [("Am Hang 2", 3050)]
    # In EUR, below 0 what Bob pays.
    money = {line.kind: EUR.written(line.amount) for line in statement.money}
    assert money == {
        MoneyKind.PURCHASE: "-0.600000000",  # 3 kWh at 0.20
        MoneyKind.BUY_BACK: "0.004000000",  # 0.05 kWh at 0.08
        MoneyKind.COVER: "0.030000000",  # 0.1 kWh at 0.30
        MoneyKind.POOL_TAKEN: "-0.030000000",  # 0.2 kWh at 0.15
        MoneyKind.GRID_FEES: "-0.120000000",  # 2.85 kWh at 0.04 and 0.2 kWh at 0.03
        MoneyKind.LEVIES: "-0.030500000",  # 3.05 kWh at 0.01
        # 20 % of 2.85 x 0.20 + 0.030 + 0.120 + 0.0305 = 0.7505
        MoneyKind.VAT_CHARGED: "-0.150100000",
    }
    assert EUR.written(statement.closing) == "0.103400000"  # 1.00 - 0.8966
    # A bank can pay out 10 cents; 0.34 cents stay.
    assert (statement.at_bank, statement.stays) == (10 * CENT, 34 * CENT // 100)
    (tax,) = statement.taxes
    assert tax == TaxLine(
        TaxDirection.CHARGED,
        2000,
        taxable=7505 * CENT // 100,
        accrued=1501 * CENT // 100,
        brought=0,
        shown=15 * CENT,
        carried=CENT // 100,
    )
    assert EUR.written(statement.grid.cost) == "0.090000000"  # 0.3 kWh at Bob's own 0.30


def test_a_seller_that_is_liable_gets_the_tax_on_what_it_delivered() -> None:
    statement = statement_of_account(issue_of(ADA, 1), books(0, month_of(0, 1300)), None)
    money = {line.kind: EUR.written(line.amount) for line in statement.money}
    assert money == {
        MoneyKind.SALE: "0.600000000",  # 3 kWh at 0.20
        MoneyKind.SHORTFALL: "-0.030000000",  # 0.1 kWh at 0.30
        MoneyKind.HANDED_BACK: "-0.004000000",  # 0.05 kWh at 0.08
        MoneyKind.POOL_GIVEN: "0.030000000",  # 0.2 kWh at 0.15
        MoneyKind.VAT_CREDITED: "0.070000000",
    }
    # 13 % of 2.85 x 0.20 + 0.030 = 0.600 is 7.8 cents: 7 now, 0.8 of a cent with the next.
    (tax,) = statement.taxes
    assert (tax.direction, tax.taxable) == (TaxDirection.CREDITED, 60 * CENT)
    assert (tax.shown, tax.carried) == (7 * CENT, 8 * CENT // 10)
    assert statement.to_book == 7 * CENT


def test_a_seller_that_is_not_liable_gets_no_tax() -> None:
    statement = statement_of_account(issue_of(ADA, 1), books(0, month_of(0)), None)
    assert statement.taxes == ()
    assert statement.to_book == 0
    assert EUR.written(statement.closing) == "0.596000000"


def corrected() -> Correction:
    """In the second quarter Ada had delivered all: the grid operator's value was 1,000 Wh."""
    told = month_of(0, 1300)[1]
    became = settled(replace(SELLER, exported=1000, produced=1000), BUYER).members[0]
    return Correction(told, became, StatementNumber(2026, 1), "the grid operator's value")


def test_the_next_statement_corrects_the_one_before_and_names_it() -> None:
    first = statement_of_account(issue_of(ADA, 1), books(0, month_of(0, 1300)), None)
    november = AccountMonth(NOVEMBER, first.closing, first.closing, corrections=(corrected(),))
    issue = issue_of(ADA, 2, date(2026, 12, 2))
    second = statement_of_account(issue, november, first)
    (line,) = second.corrections
    assert (line.corrects, line.interval) == (first.number, OCTOBER.begins + 15 * 60 * 1000)
    assert line.is_credit_note
    # She had paid 0.1 kWh at 0.30 for what she did not deliver.
    assert [(each.kind, each.amount) for each in line.money] == [(MoneyKind.SHORTFALL, 3 * CENT)]
    assert {each.kind: each.wh for each in line.energy} == {
        EnergyKind.EXPORTED: 100,
        EnergyKind.SOLD_DELIVERED: 100,
        EnergyKind.UNDELIVERED: -100,
        EnergyKind.PRODUCED: 100,
        EnergyKind.CERTIFIED_OUT: 100,
    }
    # 13 % of 0.1 kWh at 0.20 is 0.26 cents; with the 0.8 carried that is 1.06: a cent now.
    (tax,) = second.taxes
    assert (tax.accrued, tax.brought) == (26 * CENT // 100, 8 * CENT // 10)
    assert (tax.shown, tax.carried) == (CENT, 6 * CENT // 100)
    assert second.closing == first.closing + 3 * CENT + CENT
    assert second.to_book == 4 * CENT
    assert second.earlier == first.as_earlier


def test_a_correction_of_what_was_bought_takes_its_tax_back() -> None:
    told = month_of(1)[0]
    became = settled(SELLER, replace(BUYER, imported=1000)).members[1]
    correction = Correction(told, became, StatementNumber(2026, 1), "the grid operator's value")
    account = replace(books(0, ()), corrections=(correction,))
    statement = statement_of_account(issue_of(BOB, 2), account, None)
    # 0.2 kWh from the pool fewer: 0.15 and 0.03 and 0.01 a kWh, with 20 % on it.
    money = {line.kind: EUR.written(line.amount) for line in statement.corrections[0].money}
    assert money == {
        MoneyKind.POOL_TAKEN: "0.030000000",
        MoneyKind.GRID_FEES: "0.006000000",
        MoneyKind.LEVIES: "0.002000000",
        MoneyKind.VAT_CHARGED: "0.007600000",
    }
    (tax,) = statement.taxes
    assert (tax.accrued, tax.shown) == (-76 * CENT // 100, -CENT)
    assert tax.carried == 24 * CENT // 100


def test_movements_stand_by_date_and_rewards_are_only_told() -> None:
    account = replace(
        books(0, (), moved=15 * EURO),
        movements=(
            Movement(OCTOBER.begins + 9, "PAYOUT", -5 * EURO),
            Movement(OCTOBER.begins + 2, "DEPOSIT", 20 * EURO),
        ),
        rewards=(Reward("weather", 3 * 10**9),),
    )
    statement = statement_of_account(issue_of(BOB, 1), account, None)
    assert [movement.code for movement in statement.movements] == ["DEPOSIT", "PAYOUT"]
    assert statement.closing == 15 * EURO
    assert statement.rewards == account.rewards


def test_what_does_not_add_up_is_not_issued() -> None:
    account = books(0, month_of(1))
    with pytest.raises(StatementError, match=r"misses its closing balance by 0\.000000001 EUR"):
        statement_of_account(issue_of(BOB, 1), replace(account, closing=account.closing + 1), None)
    good = statement_of_account(issue_of(BOB, 1), account, None)
    with pytest.raises(StatementError, match="must not be issued, or was altered"):
        replace(good, opening=good.opening - 1)
    odd = replace(good.taxes[0], shown=15 * CENT - 1, carried=CENT // 100 + 1)
    with pytest.raises(StatementError, match="parts of a cent"):
        replace(good, taxes=(odd,))
    credited = TaxLine(TaxDirection.CREDITED, 1000, 0, CENT, 0, CENT, 0)
    with pytest.raises(StatementError, match="credits another tax"):
        replace(good, taxes=(credited,))


def test_a_statement_goes_on_where_the_one_before_ended() -> None:
    first = statement_of_account(issue_of(BOB, 4), books(0, month_of(1)), None)
    issue = issue_of(BOB, 5, date(2026, 12, 1))
    november = AccountMonth(NOVEMBER, first.closing, first.closing)
    assert statement_of_account(issue, november, first).opening == first.closing
    for wrong_issue, account, words in (
        (replace(issue, number=first.number), november, "cannot follow"),
        (replace(issue, issued=date(2026, 11, 30)), november, "is not over on 2026-11-30"),
        (replace(issue, issued=date(2026, 11, 2)), books(0, ()), "cannot follow"),
        (replace(issue, member=ADA), november, "another member's"),
        (replace(issue, currency=replace(EUR, code="CHF")), november, "go on in the same"),
        (issue, books(first.closing, ()), "bill a later month"),
        (issue, replace(november, opening=0, closing=0), "closed with -0.8966"),
    ):
        with pytest.raises(StatementError, match=words):
            statement_of_account(wrong_issue, account, first)


def test_intervals_and_movements_of_other_months_and_twice_are_refused() -> None:
    intervals = month_of(1)
    late = replace(intervals[0], start=OCTOBER.ends)
    for account, words in (
        (books(0, (late,)), "not of 2026-10"),
        (books(0, (intervals[0], intervals[0])), "comes twice"),
        (
            replace(books(0, ()), movements=(Movement(OCTOBER.begins - 1, "DEPOSIT", 1),)),
            "movement at",
        ),
    ):
        with pytest.raises(StatementError, match=words):
            statement_of_account(issue_of(BOB, 1), account, None)
    with pytest.raises(StatementError, match="not issued yet"):
        statement_of_account(
            issue_of(ADA, 1), replace(books(0, ()), corrections=(corrected(),)), None
        )
    with pytest.raises(StatementError, match="SETTLEMENT_DUE is no movement"):
        Movement(0, "SETTLEMENT_DUE", 1)


def test_numbers_have_no_gap_and_begin_anew_each_year() -> None:
    numbers = [next_number(None, date(2026, 11, 3))]
    for issued in (date(2026, 12, 1), date(2027, 1, 2), date(2027, 2, 1)):
        numbers.append(next_number(numbers[-1], issued))
    assert [str(number) for number in numbers] == [
        "2026-000001",
        "2026-000002",
        "2027-000001",
        "2027-000002",
    ]
    require_gapless(numbers)
    assert [StatementNumber.read(str(number)) for number in numbers] == numbers
    for wrong in (numbers[1:], numbers[:1] + numbers[2:3] + numbers[3:] + numbers[3:]):
        with pytest.raises(NumberError):
            require_gapless(wrong)
    with pytest.raises(NumberError):
        next_number(numbers[-1], date(2026, 12, 31))
    for text in ("2026-1", "2026-0000001", "26-000001", "2026-000000", "٢٠٢٦-000001"):
        with pytest.raises(NumberError):
            StatementNumber.read(text)


def test_a_rate_that_no_statement_can_name_is_refused() -> None:
    assert basis_points(Vat(1, 5)) == 2000
    assert basis_points(Vat(21, 1000)) == 210
    with pytest.raises(TaxError, match="no whole number of basis points"):
        basis_points(Vat(1, 3))
    with pytest.raises(TaxError):
        TaxPart(TaxDirection.CREDITED, 10_001, 0)
    with pytest.raises(TaxError, match="does not add up"):
        TaxLine(TaxDirection.CREDITED, 1000, 0, 1, 0, 0, 0)


def test_cents_need_a_currency_that_has_them() -> None:
    assert cent_of(replace(EUR, decimals=2)) == 1
    with pytest.raises(NoCentsError):
        cent_of(replace(EUR, decimals=1))


def test_parties_that_cannot_be_shown_are_refused() -> None:
    for name, address in ((" ", ()), ("Ada\nEve", ()), ("A" * 141, ()), ("Ada", ("x",) * 6)):
        with pytest.raises(PartyError):
            Issuer(name, address)
    for member, reference in (("", BOB.reference), ("B", "RF00BCDEFGHJKLMNPQ")):
        with pytest.raises(PartyError):
            Holder(member, "Bob", reference)


amounts = st.integers(-(2**61), 2**61)


@given(amounts, st.sampled_from([1, 10**7]))
def test_no_part_of_a_cent_is_lost_or_made(amount: int, cent: int) -> None:
    whole, carried = rounded_down(amount, cent)
    assert whole + carried == amount
    assert 0 <= carried < cent
    moved, stays = towards_zero(amount, cent)
    assert moved + stays == amount
    assert moved % cent == 0
    assert abs(moved) <= abs(amount)
    assert abs(stays) < cent


@given(st.lists(st.tuples(st.integers(-(10**12), 10**12), st.integers(0, 10**11)), max_size=24))
def test_taxes_carried_from_month_to_month_sum_up_exactly(
    months: list[tuple[int, int]],
) -> None:
    before: tuple[TaxLine, ...] = ()
    shown = accrued = credited = 0
    for taxable, tax in months:
        before = tax_lines(
            [
                TaxPart(TaxDirection.CHARGED, 2000, taxable, tax),
                TaxPart(TaxDirection.CREDITED, 1300, taxable),
            ],
            before,
            CENT,
        )
        shown += sum(line.shown for line in before)
        accrued += tax
        credited += taxable * 1300 // 10_000
        assert all(0 <= line.carried < CENT for line in before)
    assert shown + sum(line.carried for line in before) == accrued + credited


figures = st.integers(0, 5000)


@given(
    st.lists(st.tuples(figures, figures, figures), min_size=1, max_size=6),
    st.integers(-(10**9), 10**9),
    st.sampled_from([0, 1000, 1300, 2000]),
)
def test_both_sides_of_every_month_add_up_to_what_settlement_says(
    intervals: list[tuple[int, int, int]], opening: int, rate: int
) -> None:
    months: tuple[list[SettledInterval], list[SettledInterval]] = ([], [])
    for number, (sold, exported, imported) in enumerate(intervals):
        settlement = settled(
            replace(SELLER, sold=sold, exported=exported, produced=exported),
            replace(BUYER, bought=sold, imported=imported),
        )
        for month, lines in zip(months, settlement.members, strict=True):
            start = OCTOBER.begins + number * 15 * 60 * 1000
            month.append(SettledInterval(start, lines, VAT, rate))
    for holder, month in zip((ADA, BOB), months, strict=True):
        statement = statement_of_account(issue_of(holder, 1), books(opening, tuple(month)), None)
        settled_for = sum(each.lines.receives - each.lines.pays for each in month)
        assert statement.closing - statement.to_book == opening + settled_for
        assert statement.at_bank + statement.stays == statement.closing
        wh = energy(statement)
        assert wh.get(EnergyKind.IMPORTED, 0) == sum(
            wh.get(kind, 0)
            for kind in (EnergyKind.BOUGHT_DELIVERED, EnergyKind.POOL_TAKEN, EnergyKind.FROM_GRID)
        )
        assert wh.get(EnergyKind.SOLD, 0) == sum(
            wh.get(kind, 0)
            for kind in (EnergyKind.SOLD_DELIVERED, EnergyKind.UNDELIVERED, EnergyKind.UNPLACED)
        )


def test_the_worked_intervals_are_whole() -> None:
    for settlement in INTERVALS:
        collected = settlement.accounts
        pays = sum(lines.pays for lines in settlement.members)
        receives = sum(lines.receives for lines in settlement.members)
        assert pays - receives == (
            collected.vat
            + collected.grid_fees
            + collected.levies
            + collected.balancing
            + collected.rounding
        )
