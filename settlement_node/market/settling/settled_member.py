"""A member's settled interval: all that went in and all that came out, as one line."""

from dataclasses import astuple, dataclass
from typing import Self

from depin_protocol.metering import Quality
from depin_protocol.settlement.certificates import CertificateLine
from depin_protocol.settlement.charges import ChargeLine
from depin_protocol.settlement.interval import GridMemo, MemberLines
from depin_protocol.settlement.pool import PoolLine
from depin_protocol.settlement.trades import TradeLine
from settlement_node.market.rules.rulebook import MemberTerms
from settlement_node.market.settling.metered import Metered, Source


@dataclass(frozen=True, slots=True)
class Prices:
    """What an interval's Wh cost: the trade's price, for what was not delivered, for what was not
    used, and the pool's; None where there is none.
    """

    trade: int | None
    cover: int
    back: int
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
            ],
            "traded": [self.traded.bought, self.traded.sold, self.traded.held],
            "metered": list(map(int, self.metered)),
            "certificates": self.certificates,
            "prices": [
                self.prices.trade,
                self.prices.cover,
                self.prices.back,
                self.prices.pool,
            ],
            "trade": _row(lines.trade),
            "pool": _row(lines.pool),
            "charges": _row(lines.charges),
            "passed": _row(lines.certificates),
            "grid": _row(lines.grid),
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
                "terms": [retail, feed_in, zone, weight, participation],
                "traded": [*traded],
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
                    MemberTerms(retail, feed_in, zone, weight, participation),
                    Traded(*traded),
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
