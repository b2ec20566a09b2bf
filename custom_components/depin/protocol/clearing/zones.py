"""A market's zones: a tree whose edges have a fee and a capacity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ..bounds import MAX_ENERGY, MAX_PRICE
from .book import Book
from .uniform import EVEN_SHARE, Clearing, clear


class ZoneError(ValueError):
    """The zones are no tree, or the books do not fit them."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A place with one price, and the edge to the zone above it.

    The fee is per watt-hour that crosses the edge, either way; the capacity is in Wh of the
    interval. The top zone has no edge, so no parent and 0 for both.
    """

    name: str
    parent: str | None = None
    fee: int = 0
    capacity: int = 0

    def __post_init__(self) -> None:
        """Refuse an edge out of bounds."""
        if not 0 <= self.fee <= MAX_PRICE:
            msg = f"zone {self.name!r}: the fee must be from 0 to {MAX_PRICE}"
            raise ZoneError(msg)
        if not 0 <= self.capacity <= MAX_ENERGY:
            msg = f"zone {self.name!r}: the capacity must be from 0 to {MAX_ENERGY} Wh"
            raise ZoneError(msg)
        if self.parent is None and (self.fee or self.capacity):
            msg = f"zone {self.name!r} has no parent, so it can have no fee and no capacity"
            raise ZoneError(msg)


@dataclass(frozen=True, slots=True)
class ZoneTree:
    """All zones of a market, with exactly one at the top."""

    zones: tuple[Zone, ...]

    def __post_init__(self) -> None:
        """Refuse zones that are no tree."""
        below: dict[str | None, list[str]] = {zone.name: [] for zone in self.zones}
        if len(below) != len(self.zones):
            msg = "every zone needs a name of its own"
            raise ZoneError(msg)
        below[None] = []
        for zone in self.zones:
            if zone.parent not in below:
                msg = f"zone {zone.name!r}: its parent {zone.parent!r} is not a zone of this market"
                raise ZoneError(msg)
            below[zone.parent].append(zone.name)
        if len(below[None]) != 1:
            msg = f"a market needs exactly one zone without a parent, not {len(below[None])}"
            raise ZoneError(msg)
        reached = list(below[None])
        for name in reached:
            reached.extend(below[name])
        if len(reached) != len(self.zones):
            circling = min(below.keys() - {None, *reached}, key=str)
            msg = f"zone {circling!r}: its parents lead in a circle"
            raise ZoneError(msg)

    @classmethod
    def single(cls, name: str) -> Self:
        """Make the tree of a market without zones."""
        return cls((Zone(name),))


@dataclass(frozen=True, slots=True, eq=False)
class MarketClearing:
    """What a market clears to: each zone by name, and the Wh on each edge by its lower zone.

    A flow is positive towards the parent.
    """

    zones: Mapping[str, Clearing]
    flows: Mapping[str, int]


def clear_market(
    tree: ZoneTree, books: Mapping[str, Book], seller_share: tuple[int, int] = EVEN_SHARE
) -> MarketClearing:
    """Clear a market of one zone; one of several is refused."""
    if len(tree.zones) > 1:
        msg = f"only a market of one zone can be cleared; this one has {len(tree.zones)}"
        raise ZoneError(msg)
    names = {zone.name for zone in tree.zones}
    if books.keys() != names:
        msg = f"there must be one book for each zone: {', '.join(sorted(names))}"
        raise ZoneError(msg)
    return MarketClearing({name: clear(books[name], seller_share) for name in names}, {})
