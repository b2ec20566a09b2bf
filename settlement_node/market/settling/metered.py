"""What a member's meters make of an interval: imported, exported, produced, used of its own."""

import enum
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from depin_protocol.metering import Energy, Quality
from settlement_node.market.rules.netting import Netting
from settlement_node.market.settling.meter import Meter, Taken

WHOLE: Final = 10_000
"""Basis points of a meter."""


class Source(enum.IntFlag):
    """Which registers the grid operator's values stand for, rather than the home's."""

    HOME = 0
    IMPORT = 1
    EXPORT = 2


class Metered(NamedTuple):
    """A member's energy in an interval, in Wh; `quality` is the lesser one of what settles.

    Where that is missing, the energy stands as 0: the member settles as if nothing had flowed.
    """

    imported: int = 0
    exported: int = 0
    produced: int = 0
    own_use: int = 0
    quality: Quality = Quality.MISSING
    source: Source = Source.HOME


class Bounds(NamedTuple):
    """How a market looks at meters: what it nets, and the most Wh that it believes."""

    netting: Netting
    most_wh: int
    participation: int = WHOLE


type Seen = tuple[Meter, Sequence[Taken] | None]
"""A meter, with the samples to measure by if they are not those that it keeps."""


def metered(
    seen: Iterable[Seen], start: int, end: int, bounds: Bounds, told: Sequence[Energy | None]
) -> Metered:
    """Measure a member's interval; what the grid operator told of import and export goes first."""
    imported = exported = produced = charged = discharged = 0
    grid = production = battery = False
    quality = Quality.MEASURED
    for meter, samples in seen:
        energies = meter.energies(start, end, samples)
        whs = [energy.wh or 0 for energy in energies]
        if meter.role == "grid":
            grid = True
            quality = min(quality, *(energy.quality for energy in energies))
            drawn, fed = whs
            if bounds.netting is Netting.REGISTERS:
                drawn, fed = _netted(drawn, fed)
            imported += drawn
            exported += fed
        elif meter.role == "production":
            production = True
            produced += whs[0]
        else:
            battery = True
            charged += whs[0]
            discharged += whs[1]
    if bounds.netting is Netting.PHASES:
        imported, exported = _netted(imported, exported)
    if not grid or not quality or max(imported, exported) > bounds.most_wh:
        imported = exported = 0
        quality = Quality.MISSING
    imported, exported, quality, source = _with_told(imported, exported, quality, told, bounds)
    if not production and not battery:
        produced = exported
    own = max(0, produced + discharged - exported - charged)
    part = bounds.participation
    shared = [min(wh, bounds.most_wh) * part // WHOLE for wh in (imported, exported, produced, own)]
    return Metered(*shared, quality, source)


def _with_told(
    imported: int, exported: int, quality: Quality, told: Sequence[Energy | None], bounds: Bounds
) -> tuple[int, int, Quality, Source]:
    """Put the grid operator's values in the place of the home's."""
    drawn, fed = told
    source = Source.HOME
    worst = [] if drawn is not None and fed is not None else [quality]
    if drawn is not None and drawn.wh is not None and drawn.wh <= bounds.most_wh:
        imported, source = drawn.wh, source | Source.IMPORT
        worst.append(drawn.quality)
    if fed is not None and fed.wh is not None and fed.wh <= bounds.most_wh:
        exported, source = fed.wh, source | Source.EXPORT
        worst.append(fed.quality)
    return imported, exported, min(worst, default=quality), source


def _netted(drawn: int, fed: int) -> tuple[int, int]:
    both = min(drawn, fed)
    return drawn - both, fed - both
