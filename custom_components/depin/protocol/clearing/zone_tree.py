"""A market's zones: a tree whose edges have a fee and a capacity in each direction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from ..bounds import MAX_ENERGY, MAX_PRICE

MAX_ZONES: Final = 1024
"""Most zones of a market, which keeps every sum over a chain of them within 64 bits."""


class ZoneError(ValueError):
    """The zones are no tree, or what is said of them does not fit them."""


@dataclass(frozen=True, slots=True)
class Way:
    """One direction of an edge: the fee per Wh that crosses, and the most Wh of an interval."""

    fee: int = 0
    capacity: int = 0


@dataclass(frozen=True, slots=True)
class Zone:
    """A place with one price, and the ways to the zone above it and from there.

    The top zone has no edge, so no parent, and ways without fee and capacity.
    """

    name: str
    parent: str | None = None
    up: Way = Way()
    down: Way = Way()

    def __post_init__(self) -> None:
        """Refuse an edge out of bounds."""
        for way in (self.up, self.down):
            if not 0 <= way.fee <= MAX_PRICE:
                msg = f"zone {self.name!r}: the fee must be from 0 to {MAX_PRICE}"
                raise ZoneError(msg)
            if not 0 <= way.capacity <= MAX_ENERGY:
                msg = f"zone {self.name!r}: the capacity must be from 0 to {MAX_ENERGY} Wh"
                raise ZoneError(msg)
        if self.parent is None and (self.up, self.down) != (Way(), Way()):
            msg = f"zone {self.name!r} has no parent, so it can have no fee and no capacity"
            raise ZoneError(msg)

    def charged(self, flow: int) -> int:
        """Tell the fees on a flow, which is positive towards the parent."""
        return self.up.fee * flow if flow > 0 else self.down.fee * -flow


@dataclass(frozen=True, slots=True)
class ZoneTree:
    """All zones of a market, with exactly one at the top."""

    zones: tuple[Zone, ...]

    def __post_init__(self) -> None:
        """Refuse zones that are no tree."""
        if len(self.zones) > MAX_ZONES:
            msg = f"a market has at most {MAX_ZONES} zones, not {len(self.zones)}"
            raise ZoneError(msg)
        names = {zone.name for zone in self.zones}
        if len(names) != len(self.zones):
            msg = "every zone needs a name of its own"
            raise ZoneError(msg)
        for zone in self.zones:
            if zone.parent is not None and zone.parent not in names:
                msg = f"zone {zone.name!r}: its parent {zone.parent!r} is not a zone of this market"
                raise ZoneError(msg)
        tops = [zone for zone in self.zones if zone.parent is None]
        if len(tops) != 1:
            msg = f"a market needs exactly one zone without a parent, not {len(tops)}"
            raise ZoneError(msg)
        reached = {zone.name for zone in self.from_the_top()}
        if reached != names:
            msg = f"zone {min(names - reached)!r}: its parents lead in a circle"
            raise ZoneError(msg)

    @classmethod
    def single(cls, name: str) -> Self:
        """Make the tree of a market without zones."""
        return cls((Zone(name),))

    def below(self) -> dict[str, list[Zone]]:
        """List the children of each zone by the bytes of their names."""
        children: dict[str, list[Zone]] = {zone.name: [] for zone in self.zones}
        for zone in sorted(self.zones, key=lambda zone: zone.name.encode()):
            if zone.parent is not None:
                children[zone.parent].append(zone)
        return children

    def from_the_top(self) -> list[Zone]:
        """List the zones, each after its parent."""
        below = self.below()
        ordered = [zone for zone in self.zones if zone.parent is None]
        for zone in ordered:
            ordered += below[zone.name]
        return ordered

    def edges(self) -> list[tuple[Zone, str]]:
        """List each zone that has a parent, with it, the upper edges first."""
        return [(zone, zone.parent) for zone in self.from_the_top() if zone.parent is not None]

    def sent_out(self, flows: Mapping[str, int]) -> dict[str, int]:
        """Tell what each zone's own book sends out, given what each sends to its parent."""
        net = {zone.name: 0 for zone in self.zones}
        for zone, parent in self.edges():
            net[zone.name] += flows[zone.name]
            net[parent] -= flows[zone.name]
        return net

    def crossed(self, flows: Mapping[str, int]) -> set[str]:
        """Name the zones over whose edges anything flows."""
        busy = [(zone.name, parent) for zone, parent in self.edges() if flows[zone.name]]
        return {name for names in busy for name in names}
