"""A member's settled interval: all that went in and all that came out, as one line."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Final, Self

from depin_protocol.metering import Energy, Quality
from depin_protocol.settlement.certificates import CertificateLine
from depin_protocol.settlement.charges import ChargeLine
from depin_protocol.settlement.interval import GridMemo, MemberLines
from depin_protocol.settlement.pool import PoolLine
from depin_protocol.settlement.trades import TradeLine
from settlement_node.market.rules.rulebook import MemberTerms
from settlement_node.market.settling.metered import (
    NOTHING_TOLD,
    Metered,
    MeterEnergy,
    Source,
    Told,
)

_TRADE: Final = attrgetter(*(one.name for one in fields(TradeLine)))
_POOL: Final = attrgetter(*(one.name for one in fields(PoolLine)))
_CHARGES: Final = attrgetter(*(one.name for one in fields(ChargeLine)))
_PASSED: Final = attrgetter(*(one.name for one in fields(CertificateLine)))
_GRID: Final = attrgetter(*(one.name for one in fields(GridMemo)))


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
    from_mix: int = 0
    """Certified Wh that came out of what all gave."""
    preferred: tuple[tuple[str, int], ...] = ()
    """Certified Wh that came from homes that the member prefers."""

    @property
    def net(self) -> int:
        """What the member owes for the interval, or below 0 is owed."""
        return self.lines.pays - self.lines.receives

    def line(self) -> dict[str, object]:
        """Write the line that a decision has for the member."""
        terms, lines = self.terms, self.lines
        return {
            "member": self.member,
            "terms": [
                terms.retail,
                terms.feed_in,
                terms.zone,
                terms.pool_weight,
                terms.participation,
                terms.seller_rate,
            ],
            "traded": [self.traded.bought, self.traded.sold, self.traded.held],
            "meters": [[device, role, int(known), *wh] for device, role, known, wh in self.meters],
            "told": [None if one is None else [one.wh, int(one.quality)] for one in self.told],
            "metered": list(map(int, self.metered)),
            "certificates": self.certificates,
            "prices": [
                self.prices.trade,
                self.prices.cover,
                self.prices.back,
                self.prices.pool,
            ],
            "trade": _row(_TRADE, lines.trade),
            "pool": _row(_POOL, lines.pool),
            "charges": _row(_CHARGES, lines.charges),
            "passed": _row(_PASSED, lines.certificates),
            "grid": _row(_GRID, lines.grid),
            "sums": [lines.pays, lines.receives],
            "mix": [self.into_mix, self.from_mix],
            "preferred": [list(one) for one in self.preferred],
        }

    @classmethod
    def read(cls, line: object) -> Self:
        """Read what `line` wrote."""
        match line:
            case {
                "member": str(member),
                "terms": [*terms],
                "traded": [*traded],
                "meters": [*meters],
                "told": [*told],
                "metered": [imported, exported, produced, own_use, quality, source],
                "certificates": int(certificates),
                "prices": [*prices],
                "trade": [*trade],
                "pool": [*pool],
                "charges": [*charges],
                "passed": [*passed],
                "grid": [*grid],
                "sums": [pays, receives],
                "mix": [into_mix, from_mix],
                "preferred": [*preferred],
            }:
                return cls(
                    member,
                    MemberTerms(*terms),
                    Traded(*traded),
                    tuple(
                        MeterEnergy(device, role, Quality(known), tuple(wh))
                        for device, role, known, *wh in meters
                    ),
                    _told(*told),
                    Metered(
                        imported, exported, produced, own_use, Quality(quality), Source(source)
                    ),
                    certificates,
                    Prices(*prices),
                    MemberLines(
                        TradeLine(*trade),
                        PoolLine(*pool),
                        ChargeLine(*charges),
                        CertificateLine(*passed),
                        GridMemo(*grid),
                        pays,
                        receives,
                    ),
                    into_mix,
                    from_mix,
                    tuple((home, wh) for home, wh in preferred),
                )
        raise ValueError("this is not the line of a settled interval")


def _told(imported: list[int] | None, exported: list[int] | None) -> Told:
    if imported is None and exported is None:
        return NOTHING_TOLD
    return Told(_energy(imported), _energy(exported))


def _energy(written: list[int] | None) -> Energy | None:
    return None if written is None else Energy(written[0], Quality(written[1]))


def _row(figures: Callable[[Any], tuple[int, ...]], part: object) -> list[int]:
    """Write the figures of a part in the order in which it has them."""
    return list(figures(part))
