"""When a car is to be charged: in the cheapest intervals, or only with neighbours' energy."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final, NamedTuple

from .forecast import Distribution
from .market import Curves, OpenInterval
from .protocol.durations import DAY, HOUR, MINUTE
from .protocol.statements.trading import MAX_STEPS, Side, Slot, Step

SPARE: Final = 15 * MINUTE
"""So much earlier than it must, charging begins at the latest: a car never takes all it could."""

_BID: Final[Side] = "bid"


class Mode(StrEnum):
    """How a car is charged."""

    OFF = "off"
    CHEAPEST = "cheapest"
    """As cheap as possible, and full in time whatever neighbours offer."""
    NEIGHBOURS = "neighbours_sun"
    """Only with what neighbours sell."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an owner wants for a car."""

    mode: Mode = Mode.OFF
    needed: int = 0
    """The Wh that have still to be charged."""
    ready: int = 7 * 60
    """By when the car is wanted, in minutes of the local day."""
    maximum: int | None = None
    """Buy from neighbours for no more; None: for no more than the grid's energy is worth."""
    until: int | None = None
    """When the energy that is needed has to be there, or is no longer needed."""


class Bid(NamedTuple):
    """What was bid for a car in an interval."""

    end: int
    wh: int
    others: int
    """What the home bid besides, which comes first."""


class Tariff(NamedTuple):
    """What the grid's energy costs in an interval."""

    end: int
    retail: int


class Moment(NamedTuple):
    """An instant, the start of its interval, and what was won for the car in that."""

    at: int
    start: int
    won: int


def ready_at(ready: int, now: int, zone: tzinfo) -> int:
    """Return the next instant at which clocks on the wall show a time."""
    today = datetime.fromtimestamp(now / 1000, zone).date()
    wall = time(ready // 60, ready % 60)
    moments = (
        datetime.combine(today + timedelta(days=days), wall, zone).astimezone(UTC)
        for days in range(3)
    )
    return next(at for at in (round(one.timestamp()) * 1000 for one in moments) if at > now)


def horizon(wish: Wish, now: int) -> int | None:
    """Return until when bids are wanted; None where none are."""
    if wish.mode is Mode.OFF or wish.needed <= 0:
        return None
    return now + DAY if wish.until is None else min(wish.until, now + DAY)


def bids(
    wish: Wish,
    power: int,
    intervals: Iterable[OpenInterval],
    prices: Mapping[int, Distribution],
    won: int = 0,
) -> dict[int, Step]:
    """Choose the intervals in which energy for a car is likely to be cheapest.

    `won` is what lies in intervals that are cleared and have not ended yet.
    """
    choice = []
    for one in intervals:
        limit = min(one.worth, one.high)
        if wish.maximum is not None:
            limit = min(limit, wish.maximum)
        limit = limit // one.tick * one.tick
        most = min(power * (one.end - one.start) // HOUR, one.most) // one.lot * one.lot
        if (wish.until is None or one.end <= wish.until) and limit >= one.low and most > 0:
            likely = prices.get(one.start, Distribution())
            cost = min(likely.at(1, 2), one.worth) if likely.values else one.worth
            choice.append((cost, one.start, limit, most, one.lot))
    left = wish.needed - won
    chosen: dict[int, Step] = {}
    for _, start, limit, most, lot in sorted(choice):
        wanted = min(most, -(-left // lot) * lot)
        if wanted <= 0:
            break
        chosen[start] = limit, wanted
        left -= wanted
    return chosen


def charges_now(wish: Wish, power: int, moment: Moment, tariffs: Mapping[int, Tariff]) -> bool:
    """Tell whether a car is to be charged at a moment.

    What was won is charged from the interval's beginning. What was won nowhere comes from the
    grid where it is cheapest until the car is wanted, and as late as possible where it is alike
    or unknown.
    """
    if wish.mode is Mode.OFF or wish.needed <= 0:
        return False
    if moment.won > 0 and moment.at < moment.start + moment.won * HOUR // power:
        return True
    if wish.mode is Mode.NEIGHBOURS or wish.until is None:
        return False
    lasts = wish.needed * HOUR // power
    if moment.at >= wish.until - lasts - SPARE:
        return True
    return moment.start in _cheapest(lasts, wish.until, moment.start, tariffs)


def _cheapest(lasts: int, until: int, start: int, tariffs: Mapping[int, Tariff]) -> Iterator[int]:
    """Yield the intervals that are cheaper than the dearest and last as long as charging does."""
    ahead = sorted(
        (tariff.retail, -at, tariff.end - at)
        for at, tariff in tariffs.items()
        if at >= start and tariff.end <= until
    )
    for retail, at, length in ahead:
        if lasts <= 0 or retail == ahead[-1][0]:
            return
        yield -at
        lasts -= length


def with_car(wanted: Curves, car: Mapping[int, Step], most: Mapping[int, int]) -> Curves:
    """Add what is bid for a car to the home's own bids, as far as the market takes it."""
    together: dict[Slot, tuple[Step, ...]] = dict(wanted)
    for start, (limit, wh) in car.items():
        own = dict(wanted.get((start, _BID), ()))
        room = min(wh, most[start] - sum(own.values()))
        if room <= 0:
            continue
        if limit not in own and len(own) >= MAX_STEPS:
            # A curve has room for so many prices: the car's energy joins the next lower one.
            limit = max((price for price in own if price < limit), default=min(own))  # noqa: PLW2901
        own[limit] = own.get(limit, 0) + room
        together[start, _BID] = tuple(sorted(own.items(), reverse=True))
    return together
