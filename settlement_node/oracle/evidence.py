"""What a claim rests on: what was said, by which key, and what else is known of the place."""

from dataclasses import dataclass, field
from typing import Final, Literal

from settlement_node.oracle.courses import Counter, Course, Integers
from settlement_node.oracle.planes import Panels
from settlement_node.oracle.sun import Sky

type KeyTier = Literal["software", "secure_element", "meter"]

TIER_QUALITY: Final[dict[KeyTier, int]] = {"software": 800, "secure_element": 900, "meter": 1000}
"""Per mille: how much harder the key is to use for something else than the device."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """How the day's statements came: their key, contradictions, and how late each was."""

    tier: KeyTier = "software"
    forks: int = 0
    """Statements that contradict others at the same place of a chain."""
    delays: tuple[int, ...] = ()
    """Milliseconds from the time that a statement names until the node had it."""


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """What a home's grid meter counted in W, and what was metered behind it beside the device."""

    imported: Course
    exported: Course
    behind: Course
    """What other metered devices gave the home, less what they took."""
    fuse: int
    """W that the connection carries."""

    def beside(self) -> Course:
        """Return what the home took that the device under judgement does not explain."""
        return self.imported - self.exported + self.behind


@dataclass(frozen=True, slots=True, eq=False)
class Neighbour:
    """Another's panels near by: their power in W, and how clear it was above them."""

    power: Course
    clearness: Course


@dataclass(frozen=True, slots=True, eq=False)
class MeteredDay:
    """A day of one device that counts energy."""

    said: Provenance
    counter: Counter
    nameplate: int | None
    site: Site | None = None
    second_path: int | None = None
    """Wh by a source that is independent of the home."""

    @property
    def energy(self) -> int:
        """The Wh that it counted."""
        return int(self.counter.energy().values.sum())

    def most(self) -> int:
        """Return the most W that it can have that day, as far as that is known."""
        return self.nameplate or int(self.counter.power().values.max(initial=0))


@dataclass(frozen=True, slots=True, eq=False)
class SolarDay(MeteredDay):
    """A day of solar panels, under a sky."""

    sky: Sky | None = None
    panels: Panels | None = None
    neighbours: tuple[Neighbour, ...] = ()
    feeder: Course | None = None
    """W that the street's meter counts as used beyond what its homes say they use."""

    def clear(self) -> Integers | None:
        """Return the W that a clear sky would have given at most, where that can be told."""
        if self.sky is None or self.panels is None:
            return None
        return self.panels.under(self.sky)

    def most(self) -> int:
        """Return the most W that the sun can have given."""
        clear = self.clear()
        return super().most() if clear is None else int(clear.max(initial=0))


@dataclass(frozen=True, slots=True)
class TradedDay:
    """What settlement says of a member's day: Wh delivered, and how surely it was metered."""

    said: Provenance
    given: int
    received: int
    measured: int
    """Intervals with measured values, of those that were traded in."""
    intervals: int


@dataclass(frozen=True, slots=True, eq=False)
class ObservedDay:
    """A day of sensors: a value a minute and quantity, in the units of `ranges.py`."""

    said: Provenance
    observed: dict[str, Course]
    neighbours: dict[str, Course] = field(default_factory=dict)
    """The middle of what others near by observed."""
    sun: Course | None = None
    """W/m2 that the sky gave on flat ground, by the neighbours' panels."""
