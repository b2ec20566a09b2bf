"""What a meter counted in quarters of an hour: codes, levels of quality, and series of values."""

import enum
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from depin_protocol.bounds import MAX_ENERGY

_POINT: Final = re.compile("[A-Z]{2}[0-9A-Z]{31}|(?!AT)[0-9A-Z]{1,33}")


class QuarterHourError(ValueError):
    """Values that no sheet could hold."""


class Direction(enum.StrEnum):
    """Which way energy flows at a metering point."""

    CONSUMPTION = "CONSUMPTION"
    GENERATION = "GENERATION"


class Code(enum.StrEnum):
    """What a value is, in the words of Austria's communities; T: times the participation factor."""

    MEASURED = "G.01"
    MEASURED_SHARE = "G.01T"
    OFFERED = "G.02"
    COVERED = "G.03"
    SURPLUS = "P.01T"


class Quality(enum.StrEnum):
    """How sure a value is."""

    L0 = "L0"
    """Nobody said how sure, or there is no value."""
    L1 = "L1"
    """Measured."""
    L2 = "L2"
    """A substitute that can be relied on."""
    L3 = "L3"
    """A substitute that cannot."""


_OF_CONSUMERS: Final = {Code.OFFERED, Code.COVERED}
_OF_PRODUCERS: Final = {Code.SURPLUS}


@dataclass(frozen=True, slots=True, order=True)
class Channel:
    """A metering point, which way energy flows there, and what its values are."""

    point: str
    direction: Direction
    code: Code

    def __post_init__(self) -> None:
        """Refuse a point's id and a code that cannot be."""
        if _POINT.fullmatch(self.point) is None:
            raise QuarterHourError(
                f"{self.point[:40]!r} is no metering point: write its id of 33 capitals and digits"
            )
        other = _OF_PRODUCERS if self.direction is Direction.CONSUMPTION else _OF_CONSUMERS
        if self.code in other:
            raise QuarterHourError(
                f"{self.code} is no code of {self.direction}: correct the direction or the code"
            )


@dataclass(frozen=True, slots=True)
class QuarterHour:
    """A value from an instant on; None where there is none, which is not zero."""

    start: int
    wh: int | None
    quality: Quality

    def __post_init__(self) -> None:
        """Refuse what no interval can hold."""
        if self.wh is not None and not 0 <= self.wh <= MAX_ENERGY:
            raise QuarterHourError(f"{self.wh} Wh in a quarter of an hour: give 0 to {MAX_ENERGY}")


@dataclass(frozen=True, slots=True)
class Series:
    """A channel's values, oldest first, and the name shown with it."""

    channel: Channel
    name: str
    values: tuple[QuarterHour, ...]

    def __post_init__(self) -> None:
        """Refuse values out of order."""
        starts = [value.start for value in self.values]
        if any(before >= after for before, after in pairwise(starts)):
            raise QuarterHourError(f"{self.channel.point} {self.channel.code} is out of order")

    @property
    def wh(self) -> int:
        """Add up what is known."""
        return sum(value.wh or 0 for value in self.values)

    @property
    def levels(self) -> Counter[Quality]:
        """Count the values of each level."""
        return Counter(value.quality for value in self.values)

    @property
    def complete(self) -> bool:
        """Tell whether every quarter has a value."""
        return all(value.wh is not None for value in self.values)
