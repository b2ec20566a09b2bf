"""The zones' prices: what follows from each zone's own limits and from what crosses the edges."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .uniform import Limits
from .zone_tree import Zone, ZoneError, ZoneTree

type Band = tuple[int, int]

# Beyond every price that orders and fees can lead to, so it counts as no bound at all.
_FAR: Final = 2**60


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision says of a market's zones: each one's limits, and each edge's flow.

    A flow goes by the name of its lower zone, and is positive towards the parent.
    """

    tree: ZoneTree
    limits: Mapping[str, Limits]
    flows: Mapping[str, int]

    def __post_init__(self) -> None:
        """Refuse what is not of these zones."""
        if self.limits.keys() != {zone.name for zone in self.tree.zones}:
            msg = "the decision does not state the limits of each zone, and of no other"
            raise ZoneError(msg)
        if self.flows.keys() != {zone.name for zone, _ in self.tree.edges()}:
            msg = "the decision does not state the flow of each edge, and of no other"
            raise ZoneError(msg)

    def bands(self) -> dict[str, Band]:
        """Find the lowest and the highest of each zone's prices in all that clear the market.

        The lowest of all zones clear it together, and so do the highest, and so do prices that
        divide every band in one proportion, each rounded down. Refuse what leaves a zone none.
        """
        lowest = {name: -_FAR if low is None else low for name, (low, _) in self.limits.items()}
        highest = {name: _FAR if high is None else high for name, (_, high) in self.limits.items()}
        edges = [
            (zone.name, parent, *_least_rises(zone, self.flows[zone.name]))
            for zone, parent in self.tree.edges()
        ]
        # What binds one zone binds the others over the edges: first all the way up, then down.
        for way in (reversed(edges), edges):
            for child, parent, up, down in way:
                if up is not None:
                    lowest[parent] = max(lowest[parent], lowest[child] + up)
                    highest[child] = min(highest[child], highest[parent] - up)
                if down is not None:
                    lowest[child] = max(lowest[child], lowest[parent] + down)
                    highest[parent] = min(highest[parent], highest[child] - down)
        for name, low in lowest.items():
            if low > highest[name]:
                msg = f"zone {name!r} has no price at which the stated flows are right"
                raise ZoneError(msg)
        return {name: (low, highest[name]) for name, low in lowest.items()}


def _least_rises(zone: Zone, flow: int) -> tuple[int | None, int | None]:
    """Tell by how much the price rises at least, from a zone to its parent and from there.

    It rises by the fee or more along a flow, and by no more than the fee along a way with
    room left, or more would flow there. None where nothing binds it.
    """
    up, down = zone.up, zone.down
    if not -down.capacity <= flow <= up.capacity:
        msg = f"the stated flow of {flow} Wh is more than the edge of zone {zone.name!r} lets pass"
        raise ZoneError(msg)
    has_room_up, has_room_down = flow < up.capacity, -flow < down.capacity
    if flow > 0:
        return up.fee, -up.fee if has_room_up else None
    if flow < 0:
        return -down.fee if has_room_down else None, down.fee
    return -down.fee if has_room_down else None, -up.fee if has_room_up else None
