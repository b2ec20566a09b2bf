"""One home of a simulated street: what it tells the node of its tariffs, meters and wishes."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import batched
from typing import Final, Self

import numpy as np

from depin_protocol.clearing.rule import Rule
from depin_protocol.encoding import to_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.settlement.charges import Charges, Taxed
from depin_protocol.statements.bodies import Body
from depin_protocol.statements.measuring import Device, Readings
from depin_protocol.statements.money import Constant, Tariff
from depin_protocol.statements.trading import MAX_INTERVALS, Curve, Order, Side, Step
from settlement_node.simulation.forecasts import Forecast
from settlement_node.simulation.generated import Chance
from settlement_node.simulation.shapes import Energy, Shape
from settlement_node.simulation.speaking import Dice, Speaker
from settlement_node.simulation.strategies import Bidder, Strategy, Worth

_WIDE: Final = 0.2
"""The part of the way between the reference prices over which the homes' own tariffs lie."""

_CENT: Final = 10_000
"""Of a kWh, in billionths for a Wh; tariffs are hundredths of it."""


@dataclass(frozen=True, slots=True)
class Tariffs:
    """What the home's supplier takes and gives for a Wh."""

    retail: int
    feed_in: int

    @classmethod
    def drawn(cls, rules: MarketRules, chance: Chance) -> Self:
        """Draw tariffs within the market's references, as a co-op that sets these well has them."""
        retail, feed_in = rules.references.retail, rules.references.feed_in
        apart = (retail - feed_in) * _WIDE
        below, above = chance.uniform(0, apart, 2).tolist()
        step = _CENT // 100
        return cls(
            max(feed_in, retail - int(below) // step * step),
            min(retail, feed_in + int(above) // step * step),
        )

    def worth(self, rules: MarketRules) -> Worth:
        """Say what a Wh of a neighbour is worth, and what one's own is."""
        return Worth(
            worth_before_charges(self.retail, rules.charges),
            self.feed_in,
            rules.band.low,
            rules.band.high,
            rules.tick,
        )


def worth_before_charges(retail: int, charges: Charges) -> int:
    """Return the highest price that, with a trade's fees and VAT, costs no more than retail."""
    fees, vat = charges.traded, charges.vat
    parts = (
        (Taxed.GRID_FEE, fees.grid_fee),
        (Taxed.LEVIES, fees.levies),
        (Taxed.COOP_FEE, fees.coop_fee),
    )
    taxed = sum(fee for part, fee in parts if part in vat.on)
    every = fees.grid_fee + fees.levies + fees.coop_fee
    left = (retail - every) * vat.denominator - taxed * vat.numerator
    return left // (vat.denominator + vat.numerator * (Taxed.ENERGY in vat.on))


def in_lots(steps: tuple[Step, ...], rules: MarketRules) -> tuple[Step, ...]:
    """Cut what a home wants to what the market takes: whole lots, or one lot by McAfee's rule."""
    most = rules.most_wh if rules.clearing is Rule.UNIFORM else rules.lot_wh
    cut = ((price, min(wh, most) // rules.lot_wh * rules.lot_wh) for price, wh in steps)
    return tuple((price, wh) for price, wh in cut if wh)


class Household:
    """A home with its shape, which foresees, bids and reads its meters."""

    def __init__(
        self, speaker: Speaker, shape: Shape, tariffs: Tariffs, bidder: Bidder, dice: Dice
    ) -> None:
        """Begin with counters at nothing."""
        self.speaker = speaker
        self.shape = shape
        self.tariffs = tariffs
        self.bidder = bidder
        self._grid = to_text(dice(ID_LENGTH))
        self._roof = to_text(dice(ID_LENGTH)) if shape.produced.any() else None
        self._imported, self._exported, self._produced = (
            _counter(wh) for wh in (shape.imported, shape.exported, shape.produced)
        )
        self._expected: tuple[Energy, Energy] = (shape.imported, shape.exported)

    def foresee(self, forecast: Forecast, day: int) -> None:
        """Expect what the forecast says; `day` is how many intervals one has."""
        self._expected = forecast.of(self.shape, day, self.bidder.chance)

    @property
    def is_truthful(self) -> bool:
        """Tell whether the home bids what energy is worth to it, and offers what it has."""
        return not self.bidder.boasts and self.bidder.strategy in {
            Strategy.TRUTHFUL,
            Strategy.EMPTY_PROMISES,
        }

    @property
    def bill_alone(self) -> int:
        """What the grid alone would cost."""
        bought, sold = int(self.shape.imported.sum()), int(self.shape.exported.sum())
        return self.tariffs.retail * bought - self.tariffs.feed_in * sold

    def introduction(self, market: str) -> Iterator[Body]:
        """Tell tariffs and devices."""
        yield Tariff(market, Constant(self.tariffs.retail), Constant(self.tariffs.feed_in))
        yield Device(self._grid, "grid", {"import": 1, "export": 1})
        if self._roof is not None:
            yield Device(self._roof, "production", {"production": 1})

    def orders(self, market: str, rules: MarketRules, first: int, starts: range) -> Iterator[Order]:
        """Bid for intervals, the first of which is the one of this number."""
        worth = self.tariffs.worth(rules)
        needs, haves = self._expected
        curves = []
        for at, start in enumerate(starts, first):
            both: tuple[tuple[Side, tuple[tuple[int, int], ...]], ...] = (
                ("bid", in_lots(self.bidder.bids(int(needs[at]), worth), rules)),
                ("ask", in_lots(self.bidder.asks(int(haves[at]), worth), rules)),
            )
            told = [Curve(start, side, steps) for side, steps in both if steps]
            # McAfee's rule takes one lot of a member, so one side.
            curves.append(told if rules.clearing is Rule.UNIFORM else told[:1])
        filled = [pair for pair in curves if pair]
        for several in batched(filled, MAX_INTERVALS):
            yield Order(market, tuple(curve for pair in several for curve in pair))

    def readings(self, number: int, at: int) -> Iterator[Readings]:
        """Read the meters at the start of the interval of this number."""
        grid = {"import": self._imported[number], "export": self._exported[number]}
        yield Readings(self._grid, (at,), {name: (int(wh),) for name, wh in grid.items()})
        if self._roof is not None:
            yield Readings(self._roof, (at,), {"production": (int(self._produced[number]),)})


def _counter(wh: Energy) -> Energy:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(wh)])
