"""What the home offers, and at what price."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.depin.chain import Chain
from custom_components.depin.home_key import make_key
from custom_components.depin.market import Forecast, GridTariff, highest_bid, truthful_curves
from custom_components.depin.protocol.bounds import MAX_ENERGY, MAX_PRICE
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.identifiers import member_id
from custom_components.depin.protocol.settlement.charges import Fees, Taxed, Vat
from custom_components.depin.protocol.statements.envelope import read_statement
from custom_components.depin.protocol.statements.membership import ChainOpening
from custom_components.depin.protocol.statements.trading import Curve, Order, Side

_START = 1_790_000_100_000
_KEY = make_key()
_COOP = to_text(bytes(16))
_SALT = to_text(bytes(16))
_, _CHAIN = Chain(_COOP, member_id(_COOP, _KEY.public), "trading", to_text(bytes(16))).write(
    ChainOpening(), _KEY, _START, _SALT
)
_PRICES = st.integers(-MAX_PRICE, MAX_PRICE)
_FEES = st.integers(0, MAX_PRICE)
_RATES = st.integers(1, 1_000).flatmap(
    lambda denominator: st.builds(
        Vat,
        st.integers(0, denominator),
        st.just(denominator),
        st.integers(0, Taxed.EVERYTHING.value).map(Taxed),
    )
)


def _paid(limit: int, fees: Fees, vat: Vat) -> Fraction:
    """Return what a watt-hour costs a buyer in all at his limit."""
    taxed = {
        Taxed.ENERGY: limit,
        Taxed.GRID_FEE: fees.grid_fee,
        Taxed.LEVIES: fees.levies,
        Taxed.COOP_FEE: fees.coop_fee,
    }
    tax = sum(amount for part, amount in taxed.items() if part & vat.on)
    return sum(taxed.values()) + tax * Fraction(vat.numerator, vat.denominator)


@given(_PRICES, st.builds(Fees, _FEES, _FEES, _FEES), _RATES)
def test_the_highest_bid_is_worth_the_grid_s_energy(retail: int, fees: Fees, vat: Vat) -> None:
    """At the limit the home pays no more than the grid takes, one unit higher it would."""
    limit = highest_bid(GridTariff(retail, 0), fees, vat)
    assert _paid(limit, fees, vat) <= retail < _paid(limit + 1, fees, vat)


def test_the_highest_bid_by_hand() -> None:
    """36 ct in all, of which 6 ct of fees and 20 % VAT on everything, leave 24 ct a kWh."""
    fees = Fees(grid_fee=40_000, levies=15_000, coop_fee=5_000)
    assert highest_bid(GridTariff(360_000, 80_000), fees, Vat(20, 100)) == 240_000


def test_surplus_is_offered_and_need_is_bid_for() -> None:
    """Each at the worth that the grid gives it, and nothing where there is nothing."""
    grid, fees, vat = GridTariff(300_000, 80_000), Fees(grid_fee=50_000), Vat()
    ask = Curve(_START, "ask", ((80_000, 500),))
    bid = Curve(_START, "bid", ((250_000, 200),))
    for surplus, need, curves in (
        (500, 0, (ask,)),
        (0, 200, (bid,)),
        (500, 200, (bid, ask)),
        (0, 0, ()),
    ):
        forecast = Forecast(_START, surplus, need)
        assert truthful_curves(forecast, grid, fees, vat) == curves


_ANY = st.integers(-(2**70), 2**70)


@given(
    st.builds(Forecast, st.just(_START), _ANY, _ANY),
    st.builds(GridTariff, _ANY, _ANY),
    st.builds(Fees, _FEES, _FEES, _FEES),
    _RATES,
)
def test_every_curve_can_be_signed(
    forecast: Forecast, grid: GridTariff, fees: Fees, vat: Vat
) -> None:
    """Whatever the forecast and the tariff, the node reads what the home signs."""
    curves = truthful_curves(forecast, grid, fees, vat)
    for curve in curves:
        order = Order("street", (curve,))
        statement, _ = _CHAIN.write(order, _KEY, _START, _SALT)
        assert read_statement(statement.wire).body == order


@pytest.mark.parametrize(
    ("retail", "feed_in", "curves"),
    [
        (MAX_PRICE + 1, MAX_PRICE, [("bid", MAX_PRICE), ("ask", MAX_PRICE)]),
        (-MAX_PRICE, -MAX_PRICE - 1, [("bid", -MAX_PRICE), ("ask", -MAX_PRICE)]),
        (-MAX_PRICE - 1, MAX_PRICE + 1, []),
    ],
)
def test_beyond_the_bounds_less_is_said_and_nothing_worse(
    retail: int, feed_in: int, curves: list[tuple[Side, int]]
) -> None:
    """Prices and quantities end at what an order can hold, where that is no loss to the home."""
    forecast = Forecast(_START, MAX_ENERGY + 1, MAX_ENERGY + 1)
    assert truthful_curves(forecast, GridTariff(retail, feed_in), Fees(), Vat()) == tuple(
        Curve(_START, side, ((price, MAX_ENERGY),)) for side, price in curves
    )
