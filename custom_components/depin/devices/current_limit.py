"""Where a charger takes a limit of its current, as its profile says that it may be set."""

from dataclasses import dataclass

from .formulas import Check, Measured
from .places import RegisterPlace


@dataclass(frozen=True, slots=True)
class CurrentLimit:
    """A register that limits the current of each phase; its bounds are in whole amperes."""

    place: RegisterPlace
    steps_per_ampere: int
    lowest: int
    highest: int
    shown: Measured
    """The limit that holds, in amperes, as the charger gives it."""
    only_if: Check
    """What tells the chargers for which this is known."""
    about: str
    """What its owner should know before others may set it."""

    def word(self, amperes: float) -> int:
        """Return what is written for a limit, which never leaves the bounds."""
        return round(min(max(amperes, self.lowest), self.highest) * self.steps_per_ampere)
