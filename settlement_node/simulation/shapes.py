"""What homes use, produce and charge, quarter-hour by quarter-hour."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

type Energy = NDArray[np.int64]
"""Wh of one quarter-hour after the other."""

QUARTER: Final = 900_000
"""Milliseconds."""

DAY: Final = 96
"""Quarter-hours."""


class ShapesError(ValueError):
    """These are no shapes of homes; the message says what to mend."""


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """The quarter-hours that are simulated: the first one's instant, and how many there are."""

    start: int
    quarters: int


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One home: what its rooms use, what its roof gives, and what its car takes."""

    used: Energy
    produced: Energy
    charged: Energy

    @property
    def consumed(self) -> Energy:
        """All that the home needs."""
        return self.used + self.charged

    @property
    def imported(self) -> Energy:
        """What its grid meter counts coming in."""
        wh: Energy = np.maximum(self.consumed - self.produced, 0)
        return wh

    @property
    def exported(self) -> Energy:
        """What its grid meter counts going out."""
        wh: Energy = np.maximum(self.produced - self.consumed, 0)
        return wh

    def every(self, length: int) -> "Shape":
        """Return the same home by intervals of another length, in milliseconds."""
        return Shape(*(_cut(wh, length) for wh in (self.used, self.produced, self.charged)))


def _cut(wh: Energy, length: int) -> Energy:
    """Divide quarter-hours evenly, or put them together; no Wh is lost."""
    total = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(wh)])
    at = np.arange(0, wh.size * QUARTER + 1, length)
    before, within = at // QUARTER, at % QUARTER
    following = np.append(wh, 0)
    return np.diff(total[before] + following[before] * within // QUARTER)


def whole(wh: NDArray[np.float64]) -> Energy:
    """Round to whole Wh, and carry what is cut to the quarter-hours after."""
    total = np.floor(np.cumsum(wh) + 0.5)
    return np.diff(total, prepend=0.0).astype(np.int64)
