"""What the home offers, and at what price."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.depin.chain import Chain
from custom_components.depin.forecast import LEVELS, Distribution, Forecast
from custom_components.depin.home_key import make_key
from custom_components.depin.market import (
    GridTariff,
    OpenInterval,
    Strategy,
    Wishes,
    highest_bid,
    strategic_curves,
)
from custom_components.depin.protocol.bounds import MAX_ENERGY, MAX_PRICE
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.identifiers import member_id
from custom_components.depin.protocol.settlement.charges import Fees, Taxed, Vat
from custom_components.depin.protocol.statements.envelope import read_statement
from custom_components.depin.protocol.statements.membership import ChainOpening
from custom_components.depin.protocol.statements.trading import Curve, Order

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
_INTERVAL = OpenInterval(
    start=_START,
    end=_START + 900_000,
    gate=_START - 300_000,
    low=0,
    high=1_000_000,
    tick=100,
    lot=1,
    most=2**20,
    cover=300_000,
    back=80_000,
    fees=Fees(grid_fee=50_000),
    vat=Vat(),
    grid=GridTariff(300_000, 80_000),
    participation=10_000,
)
_EVEN = Distribution(tuple(range(100, 2_000, 100)))
"""100 Wh at 5 %, 200 Wh at 10 % ... 1,900 Wh at 95 %."""
_NOTHING = Distribution((0,) * (LEVELS - 1))
_SURPLUS = Forecast(_START, _EVEN, _NOTHING)
_NEED = Forecast(_START, _NOTHING, _EVEN)
_UNKNOWN = Distribution()
_KNOWN = Distribution(tuple(range(110_000, 300_000, 10_000)))


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


def _said(
    forecast: Forecast,
    prices: Distribution = _UNKNOWN,
    **wishes: Any,  # noqa: ANN401 - any of its fields
) -> dict[str, tuple[tuple[int, int], ...]]:
    chosen = replace(Wishes(Strategy.SIMPLE), **wishes)
    curves = strategic_curves(chosen, _INTERVAL, forecast, prices)
    assert all(start == _START for start, _ in curves)
    return {side: steps for (_, side), steps in curves.items()}


def test_off_says_nothing() -> None:
    both = Forecast(_START, _EVEN, _EVEN)
    assert _said(both, _KNOWN, strategy=Strategy.OFF) == {}


def test_simple_offers_and_bids_for_what_is_four_fifths_sure() -> None:
    """At what the grid gives, or the owner's own limits; 5 ct of fees come off a bid."""
    assert _said(_SURPLUS) == {"ask": ((80_000, 400),)}
    assert _said(_SURPLUS, reserve=123_450) == {"ask": ((123_500, 400),)}
    assert _said(_SURPLUS, share=30) == {"ask": ((80_000, 120),)}
    assert _said(_SURPLUS, share=0) == {}
    assert _said(_SURPLUS, reserve=1_000_001) == {}
    assert _said(_NEED) == {"bid": ((250_000, 400),)}
    assert _said(_NEED, maximum=199_999) == {"bid": ((199_900, 400),)}
    assert _said(_NEED, maximum=400_000) == {"bid": ((250_000, 400),)}
    assert _said(_NEED, maximum=-1) == {}
    assert _said(Forecast(_START, _NOTHING, _NOTHING)) == {}
    assert _said(Forecast(_START, Distribution(), Distribution())) == {}


def test_nothing_is_offered_below_zero_unless_the_owner_wants_it() -> None:
    """Where the grid takes money for energy, it is worth paying a neighbour less to take it."""
    band = replace(_INTERVAL, low=-100_000, grid=GridTariff(300_000, -50_000))
    guarded = strategic_curves(Wishes(Strategy.SIMPLE), band, _SURPLUS, _KNOWN)
    assert guarded == {(_START, "ask"): ((0, 400),)}
    free = Wishes(Strategy.SIMPLE, guarded=False)
    assert strategic_curves(free, band, _SURPLUS, _KNOWN) == {(_START, "ask"): ((-50_000, 400),)}


def test_a_member_that_takes_part_by_half_offers_half() -> None:
    half = replace(_INTERVAL, participation=5_000)
    assert strategic_curves(Wishes(Strategy.SIMPLE), half, _SURPLUS, _KNOWN) == {
        (_START, "ask"): ((80_000, 200),)
    }


def test_lots_and_the_market_s_most_bound_what_is_said() -> None:
    small = replace(_INTERVAL, lot=150, most=350)
    assert strategic_curves(Wishes(Strategy.SIMPLE), small, _SURPLUS, _KNOWN) == {
        (_START, "ask"): ((80_000, 300),)
    }


def test_adaptive_offers_more_where_an_error_costs_less() -> None:
    """At 19 ct a Wh too much costs as much as one too little: one that is as likely as not."""
    asked = _said(_SURPLUS, _KNOWN, strategy=Strategy.ADAPTIVE)["ask"]
    assert sum(wh for price, wh in asked if price <= 190_000) == 1_000
    assert sum(wh for price, wh in asked if price <= 240_000) > 1_200
    assert [price for price, _ in asked] == sorted({price for price, _ in asked})
    bids = _said(_NEED, _KNOWN, strategy=Strategy.ADAPTIVE)["bid"]
    assert [price for price, _ in bids] == sorted({price for price, _ in bids}, reverse=True)
    # 16.5 ct are in the middle between 25 ct, which is the grid's worth, and 8 ct.
    assert 900 < sum(wh for price, wh in bids if price >= 170_000) < 1_000


def test_adaptive_is_simple_until_it_knows_prices() -> None:
    assert _said(_SURPLUS, strategy=Strategy.ADAPTIVE) == _said(_SURPLUS)


def test_adaptive_gains_at_least_what_simple_does() -> None:
    """Over all that may come at the price that clears, as the rules settle what is not there."""

    def gain(strategy: Strategy, price: int) -> int:
        steps = _said(_SURPLUS, _KNOWN, strategy=strategy)["ask"]
        sold = sum(wh for limit, wh in steps if limit <= price)
        cover, feed_in = _INTERVAL.cover, _INTERVAL.grid.feed_in
        return sum(
            sold * price - max(0, sold - exported) * cover + max(0, exported - sold) * feed_in
            for exported in range(0, 2_001, 10)
        )

    for price in (120_000, 150_000, 190_000, 230_000, 280_000):
        simple, adaptive = (gain(one, price) for one in (Strategy.SIMPLE, Strategy.ADAPTIVE))
        assert adaptive >= simple
    assert gain(Strategy.ADAPTIVE, 230_000) > gain(Strategy.SIMPLE, 230_000)


_ANY = st.integers(-(2**70), 2**70)
_ENERGIES = st.lists(st.integers(0, 2 * MAX_ENERGY), min_size=19, max_size=19).map(
    lambda values: Distribution(tuple(sorted(values)))
)


@given(
    st.sampled_from([Strategy.SIMPLE, Strategy.ADAPTIVE]),
    st.builds(GridTariff, _PRICES, _PRICES),
    st.tuples(_PRICES, _PRICES).map(sorted),
    st.integers(1, 2**30),
    _ENERGIES,
    _ENERGIES,
    st.lists(_PRICES, max_size=19).map(lambda prices: Distribution(tuple(sorted(prices)))),
    st.none() | _ANY,
    st.none() | _ANY,
)
def test_any_curve_can_be_signed(
    strategy: Strategy,
    grid: GridTariff,
    band: list[int],
    tick: int,
    exported: Distribution,
    imported: Distribution,
    prices: Distribution,
    reserve: int | None,
    maximum: int | None,
) -> None:
    """Whatever a home has, wishes and expects, what it says is within the market's rules."""
    low, high = band
    interval = replace(_INTERVAL, grid=grid, low=low, high=high, tick=tick, most=MAX_ENERGY)
    forecast = Forecast(_START, exported, imported)
    wishes = Wishes(strategy, reserve, maximum)
    curves = strategic_curves(wishes, interval, forecast, prices)
    for (_, side), steps in curves.items():
        for price, _ in steps:
            assert price % tick == 0
            assert low <= price <= high
            assert reserve is None or side == "bid" or price >= reserve
            assert maximum is None or side == "ask" or price <= maximum
    if not curves:
        return
    order = Order(
        "street",
        tuple(
            Curve(*slot, steps)
            for slot, steps in sorted(curves.items(), key=lambda curve: curve[0][1] == "ask")
        ),
    )
    statement, _ = _CHAIN.write(order, _KEY, _START, _SALT)
    assert read_statement(statement.wire).body == order


@pytest.mark.parametrize(
    ("part", "whole", "value"),
    [(1, 5, 400), (1, 1, 1_900), (0, 1, 0), (1, 0, 0), (1, 40, 0), (7, 40, 350)],
)
def test_a_distribution_is_read_on_the_safe_side(part: int, whole: int, value: int) -> None:
    assert _EVEN.at(part, whole) == value
