"""What the grid meter's registers will count next, and how sure that is.

It looks at days that were alike: the same time of day, of late, and with about as much sun as is
forecast now. So whatever a battery does with the sun is in it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import accumulate
from math import exp, log
from typing import Final, NamedTuple

from .protocol.durations import MINUTE

QUARTER: Final = 15 * MINUTE
LEAST_DAYS: Final = 14
"""Of fewer days nothing is concluded."""
DAYS: Final = 56
"""How far back it looks."""
LEVELS: Final = 20
"""Distributions are told at each twentieth between nothing and certainty."""

_RECENT_DAYS: Final = 14.0
"""What is this much older counts half."""
_LIKE_DAY: Final = 0.3
"""A day's sun that differs by this factor's logarithm counts for 61 % of one alike."""
_LEAST_SUN: Final = 500.0
"""Days with less than some such Wh are all dark."""
_LEAST_LIKENESS: Final = 0.02
"""No day is so unlike that it counts for nothing: the sky keeps no promises."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a number may be: its values at 1/20, 2/20 ... 19/20, ascending; none if unknown."""

    values: tuple[int, ...] = ()

    def at(self, part: int, whole: int) -> int:
        """Return the value below which it lies with this likelihood; below 1/20 nothing is."""
        if whole <= 0 or not self.values or part * LEVELS < whole:
            return 0
        level, beyond = divmod(part * LEVELS, whole)
        if level >= len(self.values):
            return self.values[-1]
        below, above = self.values[level - 1], self.values[level]
        return below + (above - below) * beyond // whole

    def scaled(self, part: int, whole: int) -> Distribution:
        """Return what a part of it may be, rounded down."""
        return Distribution(tuple(value * part // whole for value in self.values))


class Forecast(NamedTuple):
    """What the grid meter will count in one interval, in Wh."""

    start: int
    exported: Distribution
    imported: Distribution


@dataclass(frozen=True, slots=True)
class History:
    """What was counted in past quarters of an hour, in Wh by their starts."""

    exported: Mapping[int, float] = field(default_factory=dict)
    imported: Mapping[int, float] = field(default_factory=dict)
    produced: Mapping[int, float] = field(default_factory=dict)

    def netted(self) -> History:
        """Return the history of a meter whose registers cancel within a quarter of an hour."""
        starts = self.exported.keys() | self.imported.keys()
        net = {at: self.exported.get(at, 0.0) - self.imported.get(at, 0.0) for at in starts}
        return History(
            {at: max(0.0, wh) for at, wh in net.items()},
            {at: max(0.0, -wh) for at, wh in net.items()},
            self.produced,
        )

    def days(self, zone: tzinfo) -> int:
        """Count the days of which something is known."""
        return len({_day(at, zone) for at in self.imported.keys() | self.exported.keys()})


class _Weighed(NamedTuple):
    """A value that was, and how much it counts."""

    value: float
    weight: float


class _Earlier(NamedTuple):
    """The same time of an earlier day, and how much that day counts."""

    at: int
    weight: float

    def around(self) -> Iterator[tuple[int, float]]:
        """Yield it, and the quarters of an hour before and after, which count half."""
        yield self.at - QUARTER, self.weight / 2
        yield self.at, self.weight
        yield self.at + QUARTER, self.weight / 2


def forecast(
    history: History,
    starts: Iterable[int],
    length: int,
    zone: tzinfo,
    sun: Mapping[date, float] | None = None,
) -> list[Forecast]:
    """Tell what will be counted in intervals; nothing, if too few days are known.

    `sun` is the production that is forecast, in Wh by local day.
    """
    if history.days(zone) < LEAST_DAYS:
        return []
    produced = _by_day(history.produced, zone)
    told = []
    for start in starts:
        today = (sun or {}).get(_day(start, zone))
        past = [
            _Earlier(then, _recency(days) * _likeness(today, produced.get(_day(then, zone))))
            for days in range(1, DAYS + 1)
            for then in [_days_before(start, days, zone)]
        ]
        told.append(
            Forecast(
                start,
                _told(_samples(history.exported, past, length)),
                _told(_samples(history.imported, past, length)),
            )
        )
    return told


def likely_prices(prices: Mapping[int, int], start: int, zone: tzinfo) -> Distribution:
    """Tell at what price an interval may clear, from those at the same time of earlier days."""
    past = [
        _Earlier(_days_before(start, days, zone), _recency(days)) for days in range(1, DAYS + 1)
    ]
    return _told(
        [
            _Weighed(prices[at], weight)
            for then in past
            for at, weight in then.around()
            if at in prices
        ]
    )


def _samples(
    register: Mapping[int, float], past: Iterable[_Earlier], length: int
) -> list[_Weighed]:
    """Collect what a register counted then."""
    return [
        _Weighed(counted, weight)
        for then in past
        for at, weight in then.around()
        if (counted := _counted(register, at, length)) is not None
    ]


def _counted(register: Mapping[int, float], start: int, length: int) -> float | None:
    """Return what was counted in a span; None where a part of it is not known."""
    end, at, total = start + length, start, 0.0
    while at < end:
        quarter = at // QUARTER * QUARTER
        upto = min(quarter + QUARTER, end)
        if quarter not in register:
            return None
        total += register[quarter] * (upto - at) / QUARTER
        at = upto
    return total


def _told(samples: Sequence[_Weighed]) -> Distribution:
    """Tell the distribution of what was; each value counts by its weight."""
    if not samples:
        return Distribution()
    ordered = sorted(samples)
    upto = list(accumulate(sample.weight for sample in ordered))
    values = []
    for level in range(1, LEVELS):
        at = bisect_right(upto, upto[-1] * level / LEVELS)
        values.append(int(ordered[min(at, len(ordered) - 1)].value))
    return Distribution(tuple(values))


def _likeness(expected: float | None, was: float | None) -> float:
    if expected is None or was is None:
        return 1.0
    ratio = log((expected + _LEAST_SUN) / (was + _LEAST_SUN)) / _LIKE_DAY
    return max(_LEAST_LIKENESS, exp(-ratio * ratio / 2))


def _recency(days: int) -> float:
    return float(0.5 ** (days / _RECENT_DAYS))


def _days_before(start: int, days: int, zone: tzinfo) -> int:
    """Return the instant at which clocks on the wall showed the same, some days before."""
    wall = datetime.fromtimestamp(start / 1000, zone).replace(tzinfo=None) - timedelta(days=days)
    return round(wall.replace(tzinfo=zone).astimezone(UTC).timestamp()) * 1000


def _day(at: int, zone: tzinfo) -> date:
    return datetime.fromtimestamp(at / 1000, zone).date()


def _by_day(register: Mapping[int, float], zone: tzinfo) -> dict[date, float]:
    totals: dict[date, float] = {}
    for at, wh in register.items():
        day = _day(at, zone)
        totals[day] = totals.get(day, 0.0) + wh
    return totals
