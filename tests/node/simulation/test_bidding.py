"""How simulated homes foresee and bid, and the most that they could gain."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.clearing.book import Book, Order
from depin_protocol.clearing.uniform import clear
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.settlement.charges import Charges, Fees, Taken, Taxed, Vat
from settlement_node.simulation.forecasts import Forecast, ForecastError
from settlement_node.simulation.households import Tariffs, worth_before_charges
from settlement_node.simulation.optimum import Side, most_welfare
from settlement_node.simulation.shapes import DAY, Shape
from settlement_node.simulation.strategies import Bidder, Strategy, Worth

WORTH = Worth(buying=300_000, selling=80_000, low=0, high=1_000_000, tick=100)
NET = np.arange(-DAY, DAY)


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def home() -> Shape:
    return Shape(np.maximum(NET, 0), np.maximum(-NET, 0), np.zeros_like(NET))


def test_a_perfect_forecast_is_what_comes() -> None:
    imported, exported = Forecast.read("perfect").of(home(), DAY, chance())
    assert imported.tolist() == home().imported.tolist()
    assert exported.tolist() == home().exported.tolist()


def test_persistence_expects_what_was_a_day_ago() -> None:
    imported, exported = Forecast.read("persistence").of(home(), DAY, chance())
    assert not imported[:DAY].any()
    assert not exported[:DAY].any()
    assert exported[DAY:].tolist() == home().exported[:DAY].tolist()


def test_an_error_is_as_large_as_stated() -> None:
    net = np.full(400 * DAY, 10_000)
    shape = Shape(net, np.zeros_like(net), np.zeros_like(net))
    imported, _ = Forecast.read("25%").of(shape, DAY, chance())
    assert abs(float(imported.std()) / 10_000 - 0.25) < 0.02
    assert abs(float(imported.mean()) / 10_000 - 1) < 0.02


@pytest.mark.parametrize("text", ["", "101%", "-5%", "5", "tomorrow", "1e1%"])
def test_no_other_forecast_is_read(text: str) -> None:
    with pytest.raises(ForecastError, match="is no forecast"):
        Forecast.read(text)


def test_the_truthful_bid_what_energy_is_worth() -> None:
    bidder = Bidder(1, Strategy.TRUTHFUL, chance())
    assert bidder.bids(500, WORTH) == ((300_000, 500),)
    assert bidder.asks(400, WORTH) == ((80_000, 400),)
    assert bidder.bids(0, WORTH) == bidder.asks(0, WORTH) == ()


@given(st.integers(-(10**6), 10**6), st.integers(1, 10_000))
def test_limits_are_prices_of_the_market_that_lose_nothing(price: int, tick: int) -> None:
    worth = Worth(buying=price, selling=price, low=0, high=500_000, tick=tick)
    for strategy in Strategy:
        bidder = Bidder(1, strategy, chance())
        for limit, _ in bidder.bids(1, worth):
            assert limit % tick == 0
            assert worth.low <= limit <= min(price, worth.high)
        for limit, _ in bidder.asks(1, worth):
            assert limit % tick == 0
            assert max(price, worth.low) <= limit <= worth.high


def test_the_others_keep_something_for_themselves() -> None:
    shading = Bidder(1, Strategy.SHADING, chance())
    assert shading.bids(1, WORTH) == ((245_000, 1),)
    assert shading.asks(1, WORTH) == ((135_000, 1),)
    drawn = Bidder(1, Strategy.ZERO_INTELLIGENCE, chance())
    limits = [drawn.asks(1, WORTH)[0][0] for _ in range(200)]
    assert 80_000 <= min(limits) < 100_000
    assert 280_000 < max(limits) <= 300_000


def test_who_makes_empty_promises_sells_what_it_has_not() -> None:
    bidders = [Bidder(number, Strategy.EMPTY_PROMISES, chance()) for number in range(10)]
    assert [bidder.boasts for bidder in bidders] == [True, *[False] * 4] * 2
    assert bidders[0].asks(0, WORTH) == ((80_000, 500),)
    assert bidders[1].asks(0, WORTH) == ()


@given(
    st.integers(0, 400_000),
    st.builds(Fees, *[st.integers(0, 100_000)] * 3),
    st.integers(0, 30),
    st.sampled_from([Taxed.NOTHING, Taxed.ENERGY, Taxed.EVERYTHING, Taxed.GRID_FEE]),
)
def test_worth_is_the_highest_price_that_the_charges_leave_room_for(
    retail: int, fees: Fees, rate: int, on: Taxed
) -> None:
    charges = Charges(fees, fees, Vat(rate, 100, on))
    worth = worth_before_charges(retail, charges)

    def cost(price: int) -> int:
        """Cost of 100 Wh, in which no cent of a smallest unit is rounded away."""
        return 100 * price + charges.on(Taken(traded=100, traded_cost=100 * price)).pays

    if worth >= 0:
        assert cost(worth) <= 100 * retail
        assert cost(worth + 1) > 100 * retail


def test_tariffs_lie_between_the_references() -> None:
    rules = MarketRules()
    drawn = [Tariffs.drawn(rules, chance(seed)) for seed in range(50)]
    for tariffs in drawn:
        assert 256_000 <= tariffs.retail <= 300_000
        assert 80_000 <= tariffs.feed_in <= 124_000
    assert len({tariffs.retail for tariffs in drawn}) > 40
    free = replace(rules, band=rules.band)
    assert drawn[0].worth(free).buying == drawn[0].retail


sides = st.lists(st.builds(Side, st.integers(1, 10_000), st.integers(0, 300_000)), max_size=8)


@given(sides, sides)
def test_an_auction_of_the_truthful_reaches_the_optimum(
    needs: list[Side], offers: list[Side]
) -> None:
    book = Book.of(
        [Order(side.wh, side.worth, at) for at, side in enumerate(needs)],
        [Order(side.wh, side.worth, at) for at, side in enumerate(offers)],
    )
    cleared = clear(book)
    gained = int((book.bids.price * cleared.bid_fills).sum())
    spent = int((book.asks.price * cleared.ask_fills).sum())
    assert most_welfare(needs, offers) == gained - spent
