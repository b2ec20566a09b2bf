"""What a home expects of its meter."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from settlement_node.simulation.generated import Chance
from settlement_node.simulation.shapes import Energy, Shape

PERFECT: Final = "perfect"
PERSISTENCE: Final = "persistence"

_TIMES_A_DAY: Final = 12
"""How often the error is another one."""


class ForecastError(ValueError):
    """There is no forecast of this name."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """How homes foresee: what will be, what was a day ago, or what will be with an error."""

    name: str
    error: float = 0.0

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `perfect`, `persistence`, or an error in per cent such as `25%`."""
        if text in {PERFECT, PERSISTENCE}:
            return cls(text)
        per_cent = text.removesuffix("%")
        if text.endswith("%") and per_cent.isascii() and per_cent.isdigit():
            error = int(per_cent) / 100
            if error <= 1:
                return cls(text, error)
        raise ForecastError(
            f"{text} is no forecast: give {PERFECT}, {PERSISTENCE}, or an error up to 100%"
        )

    def of(self, shape: Shape, day: int, chance: Chance) -> tuple[Energy, Energy]:
        """Say what a home expects to import and to export; a day has so many intervals."""
        net = shape.consumed - shape.produced
        if self.name == PERSISTENCE:
            net = np.concatenate([np.zeros(day, dtype=np.int64), net])[: net.size]
        elif self.error:
            # An error lasts: who misjudges the clouds at ten does so at eleven.
            lasts = max(1, day // _TIMES_A_DAY)
            drawn = np.repeat(chance.normal(1, self.error, -(-net.size // lasts)), lasts)
            net = np.rint(net * drawn[: net.size]).astype(np.int64)
        return np.maximum(net, 0), np.maximum(-net, 0)
