"""Whose energy each member consumed: preferred homes first, then one mix for all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..shares import proportional
from .limits import SettlementError

type _Part = tuple[int, int]


class UnbalancedDeliveryError(SettlementError):
    """What was given is not what was received."""


class PreferenceError(SettlementError):
    """A member prefers a home that isn't there, itself, or one home twice."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Watt-hours of one home that a member consumed."""

    consumer: int
    producer: int
    wh: int


@dataclass(frozen=True, slots=True)
class Roofs:
    """Whose energy each member consumed in an interval; members go by position, in tie order.

    Beside the preferred attributions, member i received `from_pool[i]` of one mix that
    all share: `into_pool[j]` of home j in `sum(into_pool)`.
    """

    preferred: tuple[Attribution, ...]
    into_pool: tuple[int, ...]
    from_pool: tuple[int, ...]

    def all(self) -> list[Attribution]:
        """State every Wh once, by consumer and then by producer.

        What each home gave and what each member received sum up exactly.
        """
        return _summed([*self.preferred, *self._mixed(range(len(self.from_pool)), self._pool())])

    def of(self, consumer: int) -> list[Attribution]:
        """State what one member received, without working out what everybody did."""
        preferred = [item for item in self.preferred if item.consumer == consumer]
        everybody = range(len(self.from_pool))
        return _summed([*preferred, *self._mixed(everybody, self._pool(), consumer)])

    def _pool(self) -> list[_Part]:
        return [(producer, wh) for producer, wh in enumerate(self.into_pool) if wh]

    def _mixed(
        self, members: range, parts: list[_Part], only: int | None = None
    ) -> Iterator[Attribution]:
        """Divide what some members received of the mix: between two halves, and so on."""
        if not parts or (only is not None and only not in members):
            return
        if len(members) == 1:
            yield from (Attribution(members[0], producer, wh) for producer, wh in parts)
            return
        first, second = members[: len(members) // 2], members[len(members) // 2 :]
        due = sum(self.from_pool[member] for member in first)
        shares = proportional([wh for _, wh in parts], due)
        given = [(producer, share) for (producer, _), share in zip(parts, shares, strict=True)]
        rest = [
            (producer, wh - share) for (producer, wh), (_, share) in zip(parts, given, strict=True)
        ]
        yield from self._mixed(first, [part for part in given if part[1]], only)
        yield from self._mixed(second, [part for part in rest if part[1]], only)


def attribute(
    given: Sequence[int], received: Sequence[int], prefers: Sequence[Sequence[int]]
) -> Roofs:
    """Attribute what members received to those who gave it, all in tie order.

    Each member names the homes that it prefers, best first. That changes whose energy a
    member received, never how much, its own or anybody else's.
    """
    _require_sound(given, received, prefers)
    into_pool, from_pool = list(given), list(received)
    preferred = _take_preferred(prefers, into_pool, from_pool)
    return Roofs(tuple(preferred), tuple(into_pool), tuple(from_pool))


def _take_preferred(
    prefers: Sequence[Sequence[int]], into_pool: list[int], from_pool: list[int]
) -> list[Attribution]:
    """Take the preferred watt-hours out of the pool: all first choices, then all second."""
    preferred = []
    choosers = [member for member, homes in enumerate(prefers) if homes]
    choice = 0
    while choosers:
        asking: dict[int, list[int]] = {}
        for consumer in choosers:
            asking.setdefault(prefers[consumer][choice], []).append(consumer)
        for producer in sorted(asking):
            consumers = asking[producer]
            wanted = [from_pool[consumer] for consumer in consumers]
            shares = proportional(wanted, min(into_pool[producer], sum(wanted)))
            for consumer, wh in zip(consumers, shares, strict=True):
                from_pool[consumer] -= wh
                into_pool[producer] -= wh
                if wh:
                    preferred.append(Attribution(consumer, producer, wh))
        choice += 1
        choosers = [member for member in choosers if len(prefers[member]) > choice]
    return preferred


def _summed(items: Sequence[Attribution]) -> list[Attribution]:
    """Add up what is of one pair."""
    wh: dict[tuple[int, int], int] = {}
    for item in items:
        pair = (item.consumer, item.producer)
        wh[pair] = wh.get(pair, 0) + item.wh
    return [Attribution(*pair, wh[pair]) for pair in sorted(wh)]


def _require_sound(
    given: Sequence[int], received: Sequence[int], prefers: Sequence[Sequence[int]]
) -> None:
    """Refuse deliveries that don't balance, and preferences that name nobody."""
    if not len(given) == len(received) == len(prefers):
        msg = "each member must have a figure given, one received, and its preferences"
        raise UnbalancedDeliveryError(msg)
    if sum(given) != sum(received):
        msg = f"{sum(given)} Wh given but {sum(received)} Wh received: pass on one whole interval"
        raise UnbalancedDeliveryError(msg)
    for member, homes in enumerate(prefers):
        named = set(homes)
        if len(named) < len(homes) or member in named:
            msg = f"member {member} must prefer other homes, each once"
            raise PreferenceError(msg)
        if any(not 0 <= other < len(prefers) for other in named):
            msg = f"member {member} prefers a home that is not in this interval: leave it out"
            raise PreferenceError(msg)
