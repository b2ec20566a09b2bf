"""Fees and VAT: separate lines, and a rounding that somebody named carries."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_AMOUNT, MAX_PRICE
from depin_protocol.settlement.charges import ChargeLine, Charges, Fees, Taken, Taxed, Vat, charge
from depin_protocol.settlement.limits import OutOfBoundsError

fees = st.builds(Fees, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
vats = st.integers(1, 1000).flatmap(
    lambda denominator: st.builds(
        Vat,
        st.integers(0, denominator),
        st.just(denominator),
        st.integers(0, 15).map(Taxed),
    )
)
tables = st.builds(Charges, traded=fees, pooled=fees, vat=vats)
takings = st.lists(
    st.builds(
        Taken,
        traded=st.integers(0, 99),
        traded_cost=st.integers(-999, 999),
        pooled=st.integers(0, 99),
        pooled_cost=st.integers(-999, 999),
    ),
    max_size=8,
)


def taxable(taken: Taken, line: ChargeLine, on: Taxed) -> int:
    base = 0
    if Taxed.ENERGY in on:
        base += taken.traded_cost + taken.pooled_cost
    if Taxed.GRID_FEE in on:
        base += line.grid_fee
    if Taxed.LEVIES in on:
        base += line.levies
    if Taxed.COOP_FEE in on:
        base += line.coop_fee
    return max(0, base)


@given(takings, tables)
def test_each_member_pays_its_fees_and_its_tax_rounded_down(
    members: list[Taken], charges: Charges
) -> None:
    for taken, line in zip(members, charge(members, charges).lines, strict=True):
        for name in ("grid_fee", "levies", "coop_fee"):
            assert getattr(line, name) == (
                getattr(charges.traded, name) * taken.traded
                + getattr(charges.pooled, name) * taken.pooled
            )
        assert line.taxable == taxable(taken, line, charges.vat.on)
        rate = Fraction(charges.vat.numerator, charges.vat.denominator)
        assert line.vat == floor(line.taxable * rate)
        assert line.pays == line.grid_fee + line.levies + line.coop_fee + line.vat


@given(takings, tables)
def test_accounts_receive_what_members_pay_and_rounding_carries_the_rest(
    members: list[Taken], charges: Charges
) -> None:
    totals = charge(members, charges)
    booked = totals.grid_fees + totals.levies + totals.coop_fee + totals.vat + totals.rounding
    assert sum(line.pays for line in totals.lines) == booked
    rate = Fraction(charges.vat.numerator, charges.vat.denominator)
    assert totals.vat == floor(sum(line.taxable for line in totals.lines) * rate)
    assert -max(1, len(members)) < totals.rounding <= 0


def test_a_worked_example() -> None:
    """10 % of 15 is 1 for each of three members; the tax on 45 is 4, so rounding pays 1."""
    charges = Charges(pooled=Fees(grid_fee=1, levies=1, coop_fee=1), vat=Vat(1, 10))
    totals = charge([Taken(pooled=3, pooled_cost=6)] * 3, charges)
    assert [line.vat for line in totals.lines] == [1, 1, 1]
    assert (totals.grid_fees, totals.levies, totals.coop_fee) == (9, 9, 9)
    assert (totals.vat, totals.rounding) == (4, -1)


def test_nothing_is_charged_unless_the_market_says_so() -> None:
    line = Charges().on(Taken(traded=5, traded_cost=70, pooled=4, pooled_cost=40))
    assert line.pays == 0


def test_energy_at_a_negative_price_is_not_taxed() -> None:
    charges = Charges(traded=Fees(grid_fee=2), vat=Vat(1, 5))
    assert charges.on(Taken(traded=10, traded_cost=-30)).vat == 0
    assert charges.on(Taken(traded=10, traded_cost=-10)).vat == 2


@given(tables, st.integers(-50, 200), st.integers(-50, 250))
@example(Charges(pooled=Fees(1), vat=Vat(1, 2)), 5, 9)
@example(Charges(pooled=Fees(1), vat=Vat(1, 2)), 5, 8)
def test_pooled_energy_is_compared_with_retail_without_rounding(
    charges: Charges, price: int, retail: int
) -> None:
    line = charges.on(Taken(pooled=1, pooled_cost=price))
    rate = Fraction(charges.vat.numerator, charges.vat.denominator)
    cost = price + line.grid_fee + line.levies + line.coop_fee + rate * line.taxable
    assert charges.pool_within(price, retail) == (cost <= retail)


@pytest.mark.parametrize(
    ("numerator", "denominator"), [(1, 0), (-1, 5), (6, 5), (0, -1), (0, 2**31 + 1)]
)
def test_rates_that_mean_nothing_are_refused(numerator: int, denominator: int) -> None:
    with pytest.raises(OutOfBoundsError, match="VAT"):
        Vat(numerator, denominator)


def test_fees_and_charges_out_of_bounds_are_refused() -> None:
    with pytest.raises(OutOfBoundsError, match="levies"):
        Fees(levies=-1)
    with pytest.raises(OutOfBoundsError, match="grid fee"):
        Fees(grid_fee=MAX_PRICE + 1)
    with pytest.raises(OutOfBoundsError, match="co-op fee"):
        Charges(traded=Fees(coop_fee=MAX_PRICE)).on(Taken(traded=2**22))
    with pytest.raises(OutOfBoundsError, match="grid fees"):
        charge([Taken(traded=2**21)] * 2, Charges(traded=Fees(grid_fee=MAX_PRICE)))
    assert MAX_PRICE * 2**22 == MAX_AMOUNT
