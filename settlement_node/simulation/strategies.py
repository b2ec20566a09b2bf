"""How homes bid."""

import enum
from dataclasses import dataclass
from typing import Final

from depin_protocol.statements.trading import Step
from settlement_node.simulation.generated import Chance

_SHADED: Final = 0.25
"""The part of the way to the other side's worst price that a shading home keeps for itself."""

_BOASTERS: Final = 5
"""Under empty promises, one home of so many sells what it does not have."""

_BOAST: Final = 500
"""Wh that it promises in each interval, beyond what it has."""


class Strategy(enum.Enum):
    """What a home makes of its forecast and its tariffs."""

    TRUTHFUL = "truthful"
    ZERO_INTELLIGENCE = "zero-intelligence"
    SHADING = "shading"
    EMPTY_PROMISES = "empty-promises"


@dataclass(frozen=True, slots=True)
class Worth:
    """What a Wh is worth to a home at most, and at least, and the prices that the market takes."""

    buying: int
    selling: int
    low: int
    high: int
    tick: int

    def bid(self, price: float) -> int:
        """Bring a limit down to a price of the market."""
        return int(min(price, self.high)) // self.tick * self.tick

    def ask(self, price: float) -> int:
        """Bring a limit up to a price of the market."""
        return -(-int(max(price, self.low)) // self.tick) * self.tick


@dataclass(frozen=True, slots=True)
class Bidder:
    """One home, as it bids."""

    number: int
    strategy: Strategy
    chance: Chance

    @property
    def boasts(self) -> bool:
        """Tell whether this home sells what it does not have."""
        return self.strategy is Strategy.EMPTY_PROMISES and self.number % _BOASTERS == 0

    def bids(self, wh: int, worth: Worth) -> tuple[Step, ...]:
        """Say what the home would pay for what it will import."""
        limit = worth.bid(self._limit(worth.buying, worth.selling))
        return ((limit, wh),) if wh and limit >= worth.low and not self.boasts else ()

    def asks(self, wh: int, worth: Worth) -> tuple[Step, ...]:
        """Say what the home would take for what it will export."""
        wh += _BOAST * self.boasts
        limit = worth.ask(self._limit(worth.selling, worth.buying))
        return ((limit, wh),) if wh and limit <= worth.high else ()

    def _limit(self, own: int, other: int) -> float:
        match self.strategy:
            case Strategy.ZERO_INTELLIGENCE:
                return own + (other - own) * self.chance.random()
            case Strategy.SHADING:
                return own + (other - own) * _SHADED
            case Strategy.TRUTHFUL | Strategy.EMPTY_PROMISES:
                return own
