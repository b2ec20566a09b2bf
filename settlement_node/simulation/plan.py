"""What is to be simulated."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from depin_protocol.durations import DAY
from depin_protocol.rules.market_rules import MarketRules
from settlement_node.simulation.forecasts import Forecast
from settlement_node.simulation.generated import Chance, generated
from settlement_node.simulation.own_files import from_files
from settlement_node.simulation.shapes import QUARTER, Shape, Span
from settlement_node.simulation.simbench import PACKAGE, from_simbench
from settlement_node.simulation.strategies import Strategy

MIDSUMMER: Final = int(datetime(2026, 6, 15, tzinfo=UTC).timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many homes, for how long, and how they and their market behave."""

    homes: int
    days: int
    seed: int
    start: int = MIDSUMMER
    """The first midnight, in UTC."""
    profiles: str | None = None
    """A folder of one's own files, SimBench's wheel, or its name; else shapes are generated."""
    strategy: Strategy = Strategy.TRUTHFUL
    forecast: Forecast = field(default_factory=lambda: Forecast.read("perfect"))
    rules: MarketRules = field(default_factory=MarketRules)

    @property
    def intervals(self) -> int:
        """How many intervals there are."""
        return self.days * self.a_day

    @property
    def a_day(self) -> int:
        """How many intervals a day has."""
        return DAY // self.rules.interval

    def starts(self, first: int, count: int) -> range:
        """Return the starts of some intervals."""
        length = self.rules.interval
        begin = self.start + first * length
        return range(begin, begin + count * length, length)

    def shapes(self, chance: Chance) -> list[Shape]:
        """Give each home its shape, by the market's intervals."""
        span = Span(self.start, self.days * DAY // QUARTER)
        if self.profiles is None:
            shapes = generated(self.homes, span, chance)
        elif self.profiles == PACKAGE:
            shapes = from_simbench(None, self.homes, span, chance)
        elif (place := Path(self.profiles)).is_dir():
            shapes = from_files(place, self.homes, span)
        else:
            shapes = from_simbench(place, self.homes, span, chance)
        return [shape.every(self.rules.interval) for shape in shapes]
