"""The home's side of the market: what to offer, and at what price."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .forecast import Distribution, Forecast
from .protocol.settlement.charges import Fees, Taxed, Vat
from .protocol.statements.trading import MAX_STEPS, Side, Slot, Step

type Curves = Mapping[Slot, tuple[Step, ...]]
"""What is wanted, by the interval's start and the side of its book."""

WHOLE: Final = 10_000
"""A member's full part in a market, in basis points."""

SAFE_LEVEL: Final = (1, 5)
"""Of what the simple strategy sells or buys, it is this likely that the meter counts less."""


class Strategy(StrEnum):
    """How the home trades by itself."""

    OFF = "off"
    SIMPLE = "simple"
    ADAPTIVE = "adaptive"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the owner allows the strategy; prices are limits, without fees and VAT."""

    strategy: Strategy = Strategy.OFF
    reserve: int | None = None
    """Sell for no less; None: for no less than the grid pays."""
    maximum: int | None = None
    """Buy for no more; None: for no more than the grid's energy is worth."""
    share: int = 100
    """Percent of the surplus that may be sold."""
    guarded: bool = True
    """Whether nothing is ever offered below zero."""


@dataclass(frozen=True, slots=True)
class GridTariff:
    """What a home has without neighbours, per watt-hour in the currency's smallest unit."""

    retail: int
    """All that a watt-hour from the grid costs, with fees and VAT."""
    feed_in: int
    """What the grid pays for one."""


@dataclass(frozen=True, slots=True)
class OpenInterval:
    """An interval that can be ordered in, and what holds in it for this home."""

    start: int
    end: int
    gate: int
    low: int
    high: int
    """The band: the lowest and the highest price of an order."""
    tick: int
    lot: int
    most: int
    cover: int
    """What a Wh costs at least that was sold and is not delivered."""
    back: int
    """What a Wh brings at most that was bought and is not used."""
    fees: Fees
    vat: Vat
    grid: GridTariff
    participation: int
    """The home's part in this market, in basis points of what its meter counts."""

    @property
    def worth(self) -> int:
        """The highest limit at which a neighbour's Wh costs no more than the grid's."""
        return highest_bid(self.grid, self.fees, self.vat)


def strategic_curves(
    wishes: Wishes, interval: OpenInterval, forecast: Forecast, prices: Distribution
) -> Curves:
    """Say what a strategy orders in an interval, given the prices that it may clear at."""
    if wishes.strategy is Strategy.OFF:
        return {}
    # Who knows no prices yet cannot weigh risks at them.
    strategy = wishes.strategy if prices.values else Strategy.SIMPLE
    floor = max(interval.grid.feed_in if wishes.reserve is None else wishes.reserve, interval.low)
    if wishes.guarded:
        floor = max(floor, 0)
    cap = min(interval.worth, interval.high)
    if wishes.maximum is not None:
        cap = min(cap, wishes.maximum)
    floor, cap = -(-floor // interval.tick) * interval.tick, cap // interval.tick * interval.tick
    asks, bids = [floor], [cap]
    if strategy is Strategy.ADAPTIVE:
        between = sorted({price // interval.tick * interval.tick for price in prices.values})
        asks += _thinned([price for price in between if floor < price < interval.high])
        bids += _thinned([price for price in between if interval.low < price < cap])[::-1]
    wanted: dict[Slot, tuple[Step, ...]] = {}
    part = interval.participation
    if floor <= interval.high:
        shared = forecast.exported.scaled(part * wishes.share, WHOLE * 100)
        wanted[interval.start, "ask"] = _steps(strategy, "ask", interval, asks, shared)
    if cap >= interval.low:
        wanted[interval.start, "bid"] = _steps(
            strategy, "bid", interval, bids, forecast.imported.scaled(part, WHOLE)
        )
    return {slot: steps for slot, steps in wanted.items() if steps}


def _thinned(prices: list[int]) -> list[int]:
    """Keep as many as a curve has room for beside its first."""
    room = MAX_STEPS - 1
    if len(prices) <= room:
        return prices
    return [prices[at * len(prices) // room] for at in range(room)]


def _steps(
    strategy: Strategy,
    side: Side,
    interval: OpenInterval,
    prices: list[int],
    energy: Distribution,
) -> tuple[Step, ...]:
    """Put at each price as much as is worth its risk there, best price first."""
    steps: list[Step] = []
    placed = 0
    for price in prices:
        level = SAFE_LEVEL
        if strategy is Strategy.ADAPTIVE:
            level = _selling_level(interval, price) if side == "ask" else _buying(interval, price)
        wanted = min(energy.at(*level), interval.most) // interval.lot * interval.lot
        if wanted > placed:
            steps.append((price, wanted - placed))
            placed = wanted
    return tuple(steps)


def _selling_level(interval: OpenInterval, price: int) -> tuple[int, int]:
    """Weigh a Wh exported and not sold against one that is sold and not delivered."""
    gained = max(0, price - interval.grid.feed_in)
    return gained, gained + max(0, interval.cover - price)


def _buying(interval: OpenInterval, price: int) -> tuple[int, int]:
    """Weigh a Wh imported and not bought against one that is bought and not used."""
    gained = max(0, interval.worth - price)
    return gained, gained + max(0, price - interval.back)


def highest_bid(grid: GridTariff, fees: Fees, vat: Vat) -> int:
    """Compute the highest limit at which neighbours' energy costs no more than the grid's.

    Limits are without fees and VAT, which the buyer pays on top.
    """
    parts = {
        Taxed.GRID_FEE: fees.grid_fee,
        Taxed.LEVIES: fees.levies,
        Taxed.COOP_FEE: fees.coop_fee,
    }
    taxed_fees = sum(fee for part, fee in parts.items() if part in vat.on)
    energy_rate = vat.numerator if Taxed.ENERGY in vat.on else 0
    left = (grid.retail - sum(parts.values())) * vat.denominator - taxed_fees * vat.numerator
    return left // (vat.denominator + energy_rate)
