"""A member's settled interval: all that went in and all that came out, as one line."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import islice
from operator import attrgetter
from typing import Any, Final, Self

from ..metering import Energy, Quality
from ..rules.member_terms import MemberTerms
from .certificates import CertificateLine
from .charges import ChargeLine
from .interval import GridMemo, MemberLines
from .metered import (
    NOTHING_TOLD,
    Metered,
    MeterEnergy,
    Source,
    Told,
)
from .pool import PoolLine
from .trades import TradeLine


@dataclass(frozen=True, slots=True)
class Prices:
    """What an interval's Wh cost, None where there is no price."""

    trade: int | None
    cover: int
    """Of what was sold and not delivered."""
    back: int
    """Of what was bought and not used."""
    pool: int | None


@dataclass(frozen=True, slots=True)
class Traded:
    """What a member had bought and sold, and what the gate took of its money."""

    bought: int = 0
    sold: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class SettledMember:
    """What settlement said of one member's interval, and what it said it from."""

    member: str
    terms: MemberTerms
    traded: Traded
    meters: tuple[MeterEnergy, ...]
    told: Told
    metered: Metered
    certificates: int
    prices: Prices
    lines: MemberLines
    into_mix: int = 0
    """Certified Wh that went to others without being preferred by them."""

    @property
    def is_known(self) -> bool:
        """Tell whether anything was metered or told of it."""
        return self.metered.quality is not Quality.MISSING

    from_mix: int = 0
    """Certified Wh that came out of what all gave."""
    preferred: tuple[tuple[str, int], ...] = ()
    """Certified Wh that came from homes that the member prefers."""

    @property
    def owes(self) -> int:
        """What the member owes for the interval, or below 0 is owed."""
        return self.lines.pays - self.lines.receives

    def line(self) -> dict[str, object]:
        """Write the line that a decision has for the member."""
        line: dict[str, object] = {
            "member": self.member,
            "zone": self.terms.zone,
            "meters": [[device, role, int(known), *wh] for device, role, known, wh in self.meters],
            "figures": list(_figures(self)),
        }
        if self.told is not NOTHING_TOLD:
            line["told"] = [
                None if one is None else [one.wh, int(one.quality)] for one in self.told
            ]
        if self.preferred:
            line["preferred"] = [list(one) for one in self.preferred]
        return line

    def named(self) -> dict[str, int | None]:
        """Give every figure by its name."""
        return dict(zip(FIGURES, _figures(self), strict=True))

    @classmethod
    def read(cls, line: dict[str, Any]) -> Self:
        """Read what `line` wrote."""
        match line:
            case {
                "member": str(member),
                "zone": str(zone),
                "meters": [*meters],
                "figures": [*figures],
            } if len(figures) == len(FIGURES):
                part = iter(figures)

                def some(names: tuple[str, ...]) -> list[Any]:
                    return list(islice(part, len(names)))

                retail, feed_in, *place = some(_TERMS)
                traded = Traded(*some(_TRADED))
                imported, exported, produced, own, quality, source = some(_METERED)
                (certificates,) = some(_HELD)
                prices = Prices(*some(_PRICES))
                lines = MemberLines(
                    TradeLine(*some(_TRADE)),
                    PoolLine(*some(_POOL)),
                    ChargeLine(*some(_CHARGES)),
                    CertificateLine(*some(_PASSED)),
                    GridMemo(*some(_GRID)),
                    *some(_SUMS),
                )
                into_mix, from_mix = some(_MIX)
                return cls(
                    member,
                    MemberTerms(retail, feed_in, zone, *place),
                    traded,
                    tuple(
                        MeterEnergy(device, role, Quality(known), tuple(wh))
                        for device, role, known, *wh in meters
                    ),
                    _told(*line.get("told", (None, None))),
                    Metered(imported, exported, produced, own, Quality(quality), Source(source)),
                    certificates,
                    prices,
                    lines,
                    into_mix,
                    from_mix,
                    tuple((home, wh) for home, wh in line.get("preferred", ())),
                )
        raise ValueError("this is not the line of a settled interval")


def _parts(prefix: str, kind: type) -> tuple[str, ...]:
    return tuple(f"{prefix}.{one.name}" for one in fields(kind))


_TERMS: Final = tuple(name for name in _parts("terms", MemberTerms) if name != "terms.zone")
_TRADED: Final = _parts("traded", Traded)
_METERED: Final = tuple(f"metered.{name}" for name in Metered._fields)
_HELD: Final = ("certificates",)
_PRICES: Final = _parts("prices", Prices)
_TRADE: Final = _parts("lines.trade", TradeLine)
_POOL: Final = _parts("lines.pool", PoolLine)
_CHARGES: Final = _parts("lines.charges", ChargeLine)
_PASSED: Final = _parts("lines.certificates", CertificateLine)
_GRID: Final = _parts("lines.grid", GridMemo)
_SUMS: Final = ("lines.pays", "lines.receives")
_MIX: Final = ("into_mix", "from_mix")
_COLUMNS: Final = (
    *(_TERMS + _TRADED + _METERED + _HELD + _PRICES),
    *(_TRADE + _POOL + _CHARGES + _PASSED + _GRID + _SUMS + _MIX),
)
FIGURES: Final = tuple(name.removeprefix("lines.") for name in _COLUMNS)
"""The names of a line's figures, in their order."""

_figures: Final[Callable[[SettledMember], tuple[int | None, ...]]] = attrgetter(*_COLUMNS)


def _told(imported: list[int] | None, exported: list[int] | None) -> Told:
    if imported is None and exported is None:
        return NOTHING_TOLD
    return Told(_energy(imported), _energy(exported))


def _energy(written: list[int] | None) -> Energy | None:
    return None if written is None else Energy(written[0], Quality(written[1]))
