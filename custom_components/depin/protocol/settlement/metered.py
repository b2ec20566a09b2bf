"""What a member's meters make of an interval: imported, exported, produced, used of its own."""

import enum
from collections.abc import Sequence
from typing import Final, NamedTuple

from ..bounds import MAX_AMOUNT
from ..metering import Energy, Quality
from ..rules.member_terms import WHOLE, MemberTerms
from ..rules.netting import Netting


class Source(enum.IntFlag):
    """Where a member's figures come from, apart from its own meters."""

    HOME = 0
    IMPORT = 1
    """The grid operator told what was imported."""
    EXPORT = 2
    """The grid operator told what was exported."""
    PRODUCED = 4
    """What was exported counts as produced, since neither roof nor battery has a meter."""


class MeterEnergy(NamedTuple):
    """What one meter counted in an interval, register by register; 0 where that is missing."""

    device: str
    role: str
    quality: Quality
    wh: tuple[int, ...]

    @classmethod
    def of(cls, device: str, role: str, energies: Sequence[Energy]) -> "MeterEnergy":
        """Take a meter's registers together: one that is missing makes all of it so."""
        quality = min(energy.quality for energy in energies)
        if quality is Quality.MISSING:
            return cls(device, role, quality, (0,) * len(energies))
        return cls(device, role, quality, tuple(energy.wh or 0 for energy in energies))


class Told(NamedTuple):
    """What the grid operator told of an interval, None where nothing."""

    imported: Energy | None = None
    exported: Energy | None = None


NOTHING_TOLD: Final = Told()


class Metered(NamedTuple):
    """A member's part in an interval, in Wh; `quality` is the lesser one of what settles.

    Where that is missing, import and export stand as 0: as if nothing had flowed.
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

    def under(self, terms: MemberTerms) -> "Bounds":
        """Believe no more than what comes to a whole number that fits, at a member's own tariff."""
        dearest = max(abs(terms.retail), abs(terms.feed_in), 1)
        return Bounds(self.netting, min(self.most_wh, (MAX_AMOUNT - 1) // dearest))


def metered(
    meters: Sequence[MeterEnergy], told: Told, market: Bounds, terms: MemberTerms
) -> Metered:
    """Make a member's figures of its meters; what the grid operator told goes before them."""
    bounds, participation = market.under(terms), terms.participation
    imported = exported = produced = charged = discharged = 0
    quality = Quality.MEASURED
    roles = set()
    for _, role, known, wh in meters:
        roles.add(role)
        if role == "grid":
            quality = min(quality, known)
            drawn, fed = wh
            if bounds.netting is Netting.REGISTERS:
                drawn, fed = _netted(drawn, fed)
            imported += drawn
            exported += fed
        elif role == "production":
            produced += wh[0]
        else:
            charged += wh[0]
            discharged += wh[1]
    if bounds.netting is Netting.PHASES:
        imported, exported = _netted(imported, exported)
    if "grid" not in roles or not quality or max(imported, exported) > bounds.most_wh:
        imported = exported = 0
        quality = Quality.MISSING
    source = Source.HOME
    if told is not NOTHING_TOLD:
        imported, exported, quality, source = _with_told(imported, exported, quality, told, bounds)
    if roles <= {"grid"}:
        produced = exported
        source |= Source.PRODUCED
    own = max(0, produced + discharged - exported - charged)
    most = bounds.most_wh
    imported, exported, produced, own = (
        wh * participation // WHOLE
        for wh in (imported, exported, min(produced, most), min(own, most))
    )
    return Metered(imported, exported, produced, own, quality, source)


def _with_told(
    imported: int, exported: int, quality: Quality, told: Told, bounds: Bounds
) -> tuple[int, int, Quality, Source]:
    """Put the grid operator's values in the place of the home's."""
    source = Source.HOME
    known = []
    drawn, fed = told
    if drawn is None or drawn.wh is None or drawn.wh > bounds.most_wh:
        known.append(quality)
    else:
        imported, source = drawn.wh, source | Source.IMPORT
        known.append(drawn.quality)
    if fed is None or fed.wh is None or fed.wh > bounds.most_wh:
        known.append(quality)
    else:
        exported, source = fed.wh, source | Source.EXPORT
        known.append(fed.quality)
    return imported, exported, min(known), source


def _netted(drawn: int, fed: int) -> tuple[int, int]:
    both = min(drawn, fed)
    return drawn - both, fed - both
