"""A market's zones in JSON: a row each."""

from typing import Final

from ..bounds import MAX_ENERGY, MAX_PRICE
from ..clearing.zone_tree import Way, Zone, ZoneError, ZoneTree
from ..statements.fields import MARKET, BodyError, integer, matching, row

MAX_ZONES: Final = 256
"""Most zones of a market: its rules and its prices have to fit an entry."""

_TOP: Final = 1
_BELOW: Final = 6


def zone_rows(tree: ZoneTree) -> list[list[object]]:
    """Write zones: the top one's name, of others name, parent, and fee and capacity each way."""
    return [
        [zone.name]
        if zone.parent is None
        else [
            zone.name,
            zone.parent,
            zone.up.fee,
            zone.up.capacity,
            zone.down.fee,
            zone.down.capacity,
        ]
        for zone in tree.zones
    ]


def read_zones(rows: tuple[Zone, ...], path: str) -> ZoneTree:
    """Make the tree of zones that were read."""
    try:
        return ZoneTree(rows)
    except ZoneError as error:
        raise BodyError(f"{path}: {error}") from None


def read_zone(value: object, path: str) -> Zone:
    """Read one zone."""
    if isinstance(value, list) and len(value) == _TOP:
        return Zone(matching(value[0], f"{path}[0]", MARKET))
    name, parent, *ways = row(value, path, _BELOW)
    up_fee, up_capacity, down_fee, down_capacity = (
        integer(number, f"{path}[{at}]", 0, most)
        for at, (number, most) in enumerate(
            zip(ways, (MAX_PRICE, MAX_ENERGY, MAX_PRICE, MAX_ENERGY), strict=True), 2
        )
    )
    return Zone(
        matching(name, f"{path}[0]", MARKET),
        matching(parent, f"{path}[1]", MARKET),
        Way(up_fee, up_capacity),
        Way(down_fee, down_capacity),
    )
