"""What an order holds covers the worst that its fill can cost, and rises only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_ENERGY, MAX_PRICE
from depin_protocol.settlement.charges import Charges, Fees, Taken, Taxed, Vat
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.money import opening_balance
from settlement_node.ledger.outcomes import Outcome
from settlement_node.ledger.reservations import (
    Holding,
    ReservationError,
    Step,
    ask_reserves,
    at_gate,
    bid_reserves,
    interval_reference,
    raised,
)
from settlement_node.ledger.rows import Logged
from settlement_node.ledger.transfers import Cause
from tests.node.ledger.row_shelf import DENOMINATIONS

FREE = Charges()
prices = st.integers(-(2**20), 2**20)
energies = st.integers(0, 2**16)
steps = st.lists(st.builds(Step, prices, energies), max_size=6)
fees = st.builds(Fees, *(st.integers(0, 2**18),) * 3)
charges = st.builds(
    Charges, fees, fees, st.builds(Vat, st.integers(0, 50), st.just(50), st.sampled_from(Taxed))
)


def test_the_plans_formula() -> None:
    charged = Charges(Fees(10, 5, 5), Fees(), Vat(1, 5))
    assert bid_reserves([Step(100, 1000)], charged, 0) == 1000 * (100 + 20 + 24)
    assert bid_reserves([Step(-500, 1000)], charged, 0) == 0
    assert bid_reserves([Step(7, 3)], Charges(vat=Vat(1, 10)), 0) == 21 + 3
    assert bid_reserves([Step(7, 3), Step(-9, 2)], FREE, -8) == 3 * 15
    assert bid_reserves([Step(-5, 2)], charged, -40) == 2 * 35
    assert ask_reserves([Step(100, 1000), Step(400, 10)], 300) == 200_000
    assert ask_reserves([Step(-50, 2)], 20) == 140
    assert ask_reserves([Step(-50, 2)], -20) == 100


@given(steps, charges, st.data())
def test_no_fill_of_a_bid_costs_more_than_it_reserves(
    bid: list[Step], charged: Charges, data: st.DataObject
) -> None:
    price = data.draw(prices)
    filled = 0
    for step in bid:
        if step.price >= price:
            filled += data.draw(st.integers(0, step.energy))
    line = charged.on(Taken(traded=filled, traded_cost=price * filled))
    assert price * filled + line.pays <= bid_reserves(bid, charged, 0)


@given(steps, prices, st.data())
def test_no_bid_handed_back_costs_more_than_it_reserves(
    bid: list[Step], feed_in: int, data: st.DataObject
) -> None:
    price = data.draw(prices)
    bought = sum(data.draw(st.integers(0, step.energy)) for step in bid if step.price >= price)
    assert (price - min(price, feed_in)) * bought <= bid_reserves(bid, FREE, feed_in)


@given(steps, prices, st.data())
def test_no_shortfall_of_an_ask_costs_more_than_it_reserves(
    ask: list[Step], retail: int, data: st.DataObject
) -> None:
    price = data.draw(prices)
    sold = sum(data.draw(st.integers(0, step.energy)) for step in ask if step.price <= price)
    assert (max(price, retail) - price) * sold <= ask_reserves(ask, retail)


@pytest.mark.parametrize(
    "step", [Step(0, -1), Step(0, MAX_ENERGY + 1), Step(MAX_PRICE + 1, 1), Step(-MAX_PRICE - 1, 1)]
)
def test_steps_out_of_bounds_are_refused(step: Step) -> None:
    with pytest.raises(ReservationError):
        bid_reserves([step], FREE, 0)
    with pytest.raises(ReservationError):
        ask_reserves([step], 0)


def test_an_order_that_could_reach_two_to_the_62_is_refused_whatever_its_sign() -> None:
    for price in (MAX_PRICE, -MAX_PRICE):
        with pytest.raises(ReservationError):
            bid_reserves([Step(price, MAX_ENERGY)], FREE, 0)
    almost = Step(MAX_PRICE, 2**21)
    assert bid_reserves([almost], FREE, 0) == 2**61
    with pytest.raises(ReservationError):
        bid_reserves([almost, almost], FREE, 0)
    with pytest.raises(ReservationError):
        ask_reserves([Step(-MAX_PRICE, 2**21)], MAX_PRICE)
    taxed = Charges(vat=Vat(1, 1))
    with pytest.raises(ReservationError):
        bid_reserves([almost], taxed, 0)


def test_one_reservation_a_member_and_interval_which_only_rises() -> None:
    ledger = Ledger(DENOMINATIONS)
    member = AccountName(AccountKind.MEMBER_MONEY, b"ada")
    held = AccountName(AccountKind.RESERVATIONS)
    ledger.apply([opening_balance(ledger, member, 1000, 1)], Logged(0, 10))
    holding = Holding(
        ledger.open(member), ledger.open(held), interval_reference("main", 900_000), 2_000_000
    )

    (first,) = raised(None, holding, 600, Cause(b"one", 11))
    assert ledger.apply([first], Logged(1, 11)) == (Outcome.CREATED,)
    assert raised(first, holding, 600, Cause(b"two", 12)) == ()
    assert raised(None, holding, 0, Cause(b"two", 12)) == ()

    too_much = raised(first, holding, 1001, Cause(b"three", 13))
    assert ledger.apply(too_much, Logged(2, 13)) == (
        Outcome.LINKED_FAILED,
        Outcome.EXCEEDS_CREDITS,
    )
    assert list(ledger.reservations()) == [first]

    more = raised(first, holding, 1000, Cause(b"four", 14))
    assert ledger.apply(more, Logged(3, 14)) == (Outcome.CREATED,) * 2
    assert list(ledger.reservations()) == [more[1]]
    assert ledger.balance(member).available == 0

    gate = at_gate(more[1], 700, 15)
    assert ledger.apply([gate], Logged(4, 15)) == (Outcome.CREATED,)
    assert (ledger.balance(member).available, ledger.balance(held).posted) == (300, 700)


def test_at_the_gate_nothing_cleared_releases_all_and_more_than_held_takes_all() -> None:
    ledger = Ledger(DENOMINATIONS)
    member = AccountName(AccountKind.MEMBER_MONEY, b"ada")
    ledger.open(member)
    ledger.set_limit(member, 500)
    held = ledger.open(AccountName(AccountKind.RESERVATIONS))
    outcomes: list[Outcome] = []
    for start in (900_000, 1_800_000):
        holding = Holding(ledger.open(member), held, interval_reference("main", start), 0)
        (order,) = raised(None, holding, 200, Cause(b"one", 11))
        end = at_gate(order, 0 if start == 900_000 else 250, 11)
        outcomes += ledger.apply([order, end], Logged(1, 11))
    assert outcomes == [Outcome.CREATED] * 4
    assert ledger.balance(member).posted == -200
    assert list(ledger.reservations()) == []
