"""The community pool: metered energy shared at one price."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from ..shares import proportional
from .charges import Charges
from .limits import bounded_amount, require_energy, require_price
from .trades import References


class Key(enum.Enum):
    """How the pool's energy is divided among those who take."""

    STATIC = "static"
    DYNAMIC = "dynamic"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True)
class PoolRule:
    """The pool's price and key."""

    price: int
    key: Key

    def __post_init__(self) -> None:
        """Refuse a price out of bounds."""
        require_price("pool price", self.price)


@dataclass(frozen=True, slots=True)
class Stake:
    """What one member could give or take, its own tariffs and its weight in a static key."""

    offer: int
    need: int
    retail: int
    feed_in: int
    weight: int = 0

    def __post_init__(self) -> None:
        """Refuse figures out of bounds."""
        require_energy("offer", self.offer)
        require_energy("need", self.need)
        require_price("own retail price", self.retail)
        require_price("own feed-in price", self.feed_in)
        require_energy("key weight", self.weight)


@dataclass(frozen=True, slots=True)
class PoolLine:
    """One member's part in the pool: watt-hours, what it pays, what it receives."""

    given: int = 0
    taken: int = 0
    cost: int = 0
    revenue: int = 0


def share_pool(
    stakes: Sequence[Stake], rule: PoolRule, references: References, charges: Charges
) -> tuple[PoolLine, ...]:
    """Share the members' offers among their needs, both given in tie order."""
    offers = [
        stake.offer if references.clip(stake.feed_in) <= rule.price else 0 for stake in stakes
    ]
    needs = [
        stake.need if charges.pool_within(rule.price, references.clip(stake.retail)) else 0
        for stake in stakes
    ]
    taken = _divide(sum(offers), needs, [stake.weight for stake in stakes], rule.key)
    given = proportional(offers, sum(taken))
    return tuple(
        PoolLine(
            given=out,
            taken=into,
            cost=bounded_amount("pool cost", rule.price * into),
            revenue=bounded_amount("pool revenue", rule.price * out),
        )
        for out, into in zip(given, taken, strict=True)
    )


def _divide(offer: int, needs: Sequence[int], weights: Sequence[int], key: Key) -> list[int]:
    """Divide the offer by the key."""
    match key:
        case Key.STATIC:
            return _static(offer, needs, weights)
        case Key.DYNAMIC:
            return _dynamic(offer, needs)
        case Key.HYBRID:
            first = _static(offer, needs, weights)
            rest = [need - part for need, part in zip(needs, first, strict=True)]
            more = _dynamic(offer - sum(first), rest)
            return [part + extra for part, extra in zip(first, more, strict=True)]


def _static(offer: int, needs: Sequence[int], weights: Sequence[int]) -> list[int]:
    """Give each member its fixed share of the offer, as far as it needs it."""
    if not any(weights):
        return [0] * len(needs)
    return [min(pair) for pair in zip(proportional(weights, offer), needs, strict=True)]


def _dynamic(offer: int, needs: Sequence[int]) -> list[int]:
    """Divide the offer pro rata of the needs, as far as they reach."""
    return proportional(needs, min(offer, sum(needs)))
