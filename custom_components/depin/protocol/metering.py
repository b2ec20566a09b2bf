"""The energy of an interval, from a register's samples."""

import enum
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from .bounds import MAX_ENERGY
from .durations import HOUR

MEASURED_GAP_MS: Final = 6 * 60_000
"""Samples further apart measure nothing between them: one each 5 minutes, and its delay."""

ESTIMATED_GAP_MS: Final = 6 * 3_600_000
"""Across a longer silence no boundary value is even estimated."""

FINE_WH: Final = 10
"""A counter in larger steps is shaped by power."""

_WORK_PER_WH: Final = 2 * HOUR
_MAX_COUNTER: Final = 2**62
_MAX_POWER: Final = 2**40


class MeteringError(ValueError):
    """These samples, rules or instants cannot be metered."""


class Quality(enum.IntEnum):
    """How well a value is known; of several, the least counts."""

    MISSING = 0
    ESTIMATED = 1
    MEASURED = 2


class Flag(enum.Flag):
    """What the home says of a sample, in the bits of a readings statement."""

    NONE = 0
    RESET = 1
    STALE = 2
    CLOCK = 4
    CALCULATED = 8
    DOUBTFUL = STALE | CLOCK | CALCULATED


@dataclass(frozen=True, slots=True)
class Sample:
    """A register's counter in Wh and power in W at an instant, None where not read."""

    at: int
    counter: int | None = None
    power: int | None = None
    flags: Flag = Flag.NONE

    def __post_init__(self) -> None:
        """Refuse figures that no meter shows."""
        if self.counter is not None and not 0 <= self.counter < _MAX_COUNTER:
            msg = f"counter {self.counter} Wh at {self.at}: leave it out, or give less than 2^62"
            raise MeteringError(msg)
        if self.power is not None and abs(self.power) > _MAX_POWER:
            msg = f"power {self.power} W at {self.at}: leave it out, or give at most 2^40"
            raise MeteringError(msg)


@dataclass(frozen=True, slots=True)
class Rules:
    """How a register is metered.

    `sign` is 1 where positive power raises the register, -1 where negative power does.
    A rise faster than `most_power` (the fuse, the nameplate) is not believed.
    """

    resolution: int = 1
    sign: int = 1
    most_power: int | None = None
    measured_gap: int = MEASURED_GAP_MS
    estimated_gap: int = ESTIMATED_GAP_MS

    def __post_init__(self) -> None:
        """Refuse rules that mean nothing."""
        if not 1 <= self.resolution <= MAX_ENERGY:
            msg = f"resolution {self.resolution}: give the Wh of one count, 1 to {MAX_ENERGY}"
            raise MeteringError(msg)
        if self.sign not in (1, -1):
            msg = f"sign {self.sign}: give 1 or -1"
            raise MeteringError(msg)
        if self.most_power is not None and not 0 <= self.most_power <= _MAX_POWER:
            msg = f"most power {self.most_power}: give watts from 0 to {_MAX_POWER}"
            raise MeteringError(msg)
        if not 0 <= self.measured_gap <= self.estimated_gap:
            msg = "the estimated gap must be at least the measured gap, and neither negative"
            raise MeteringError(msg)


@dataclass(frozen=True, slots=True)
class Boundary:
    """A register's value at an instant, None exactly where it is missing."""

    value: int | None
    quality: Quality


@dataclass(frozen=True, slots=True)
class Energy:
    """A register's energy over an interval, None exactly where it is missing."""

    wh: int | None
    quality: Quality


_NO_BOUNDARY: Final = Boundary(None, Quality.MISSING)
_NO_ENERGY: Final = Energy(None, Quality.MISSING)


class Register:
    """One register's samples, and its value at any instant that they surround."""

    def __init__(self, samples: Sequence[Sample], rules: Rules) -> None:
        """Read samples, given in order of time, by the register's rules."""
        for sample, following in pairwise(samples):
            if sample.at >= following.at:
                msg = f"samples at {sample.at} and {following.at}: give one an instant, in order"
                raise MeteringError(msg)
        believed = _without_false_zeros(samples)
        self._rules = rules
        self._readings = _read(believed, rules)
        self._times = [reading.at for reading in self._readings]
        self._changes = _changes(self._readings)
        self._power = _PowerCurve(believed, rules)

    def at(self, instant: int) -> Boundary:
        """Value the register at an instant; intervals that meet there share the value."""
        right = bisect_left(self._times, instant)
        left = bisect_right(self._times, instant) - 1
        if left < 0 or right == len(self._times):
            return _NO_BOUNDARY
        before, after = self._readings[left], self._readings[right]
        gap = after.at - before.at
        if before.segment != after.segment or gap > self._rules.estimated_gap:
            return _NO_BOUNDARY
        sure = gap <= self._rules.measured_gap and not (before.doubtful or after.doubtful)
        if self._rules.resolution > FINE_WH:
            value, shaped_surely = self._shaped(instant, left)
            sure = sure and shaped_surely
        elif gap:
            value = _between(before.counter, after.counter, instant - before.at, gap)
        else:
            value = before.counter
        return Boundary(value, Quality.MEASURED if sure else Quality.ESTIMATED)

    def energy(self, start: int, end: int) -> Energy:
        """Measure the energy from `start` to `end`, as the difference of their values."""
        if start >= end:
            msg = f"interval from {start} to {end}: give its end after its start"
            raise MeteringError(msg)
        before, after = self.at(start), self.at(end)
        if before.value is None or after.value is None:
            return _NO_ENERGY
        if self._segment(start) != self._segment(end) or after.value - before.value > MAX_ENERGY:
            return _NO_ENERGY
        return Energy(after.value - before.value, min(before.quality, after.quality))

    def _segment(self, instant: int) -> int:
        """Name the segment of the last reading up to an instant."""
        return self._readings[bisect_right(self._times, instant) - 1].segment

    def _shaped(self, instant: int, left: int) -> tuple[int, bool]:
        """Value a coarse counter between two changes of its count, and tell if that is sure."""
        change = bisect_right(self._changes, left) - 1
        index = self._changes[change]
        start = self._readings[index]
        sure = self._seen(index)
        if instant == start.at:
            return start.counter, sure
        done = self._power.work(start.at, instant)
        most = start.counter + self._rules.resolution - 1
        end = self._next_change(change)
        if end is None:
            value = min(start.counter + _rounded(done, _WORK_PER_WH), most)
            return value, sure and not done and self._power.covers(start.at, instant)
        stop = self._readings[end]
        total = self._power.work(start.at, stop.at)
        sure = sure and self._seen(end) and self._power.covers(start.at, stop.at)
        if not total:
            sure, done, total = False, instant - start.at, stop.at - start.at
        value = _between(start.counter, stop.counter, done, total)
        if instant <= self._times[end - 1]:
            value = min(value, most)
        return value, sure

    def _seen(self, index: int) -> bool:
        """Tell whether a count was read soon after it was reached."""
        if index == 0:
            return False
        last, reading = self._readings[index - 1], self._readings[index]
        soon = reading.at - last.at <= self._rules.measured_gap
        return soon and reading.segment == last.segment and not reading.doubtful

    def _next_change(self, change: int) -> int | None:
        """Find the reading at which the count changes next, within the segment."""
        if change + 1 == len(self._changes):
            return None
        index = self._changes[change + 1]
        same = self._readings[index].segment == self._readings[index - 1].segment
        return index if same else None


@dataclass(frozen=True, slots=True)
class _Reading:
    """A believed counter, and the unbroken segment of readings that it is in."""

    at: int
    counter: int
    doubtful: bool
    segment: int


class _PowerCurve:
    """The power between samples, straight from one to the next, and its integral.

    The integral, `work`, is in half watt-milliseconds, rounded down at each instant.
    """

    def __init__(self, samples: Sequence[Sample], rules: Rules) -> None:
        """Read the power samples; between two that are too far apart nothing is known."""
        known = [(sample.at, sample.power) for sample in samples if sample.power is not None]
        self._times = [at for at, _ in known]
        self._watts = [max(0, rules.sign * power) for _, power in known]
        self._work = [0]
        self._holes = [0]
        for (at, before), (until, after) in pairwise(zip(self._times, self._watts, strict=True)):
            hole = until - at > rules.measured_gap
            work = 0 if hole else (before + after) * (until - at)
            self._work.append(self._work[-1] + work)
            self._holes.append(self._holes[-1] + hole)

    def work(self, start: int, end: int) -> int:
        """Integrate the power from `start` to `end`."""
        return self._until(end) - self._until(start)

    def covers(self, start: int, end: int) -> bool:
        """Tell whether the power is known all the way."""
        first = bisect_right(self._times, start) - 1
        last = bisect_left(self._times, end)
        return first >= 0 and last < len(self._times) and self._holes[first] == self._holes[last]

    def _until(self, instant: int) -> int:
        """Integrate the power from the first sample."""
        index = bisect_right(self._times, instant) - 1
        if index < 0:
            return 0
        work = self._work[index]
        if index + 1 == len(self._times) or self._holes[index] < self._holes[index + 1]:
            return work
        span = self._times[index + 1] - self._times[index]
        elapsed = instant - self._times[index]
        rise = self._watts[index + 1] - self._watts[index]
        return work + elapsed * (2 * self._watts[index] * span + rise * elapsed) // span


def _without_false_zeros(samples: Sequence[Sample]) -> list[Sample]:
    """Leave out samples whose counter fell to zero unannounced: a failed read, not a value."""
    believed = []
    last = 0
    reset = False
    for sample in samples:
        reset = reset or Flag.RESET in sample.flags
        if sample.counter is not None:
            if last and not sample.counter and not reset:
                continue
            last, reset = sample.counter, False
        believed.append(sample)
    return believed


def _read(samples: Sequence[Sample], rules: Rules) -> list[_Reading]:
    """Put counters into segments, within which they can be compared."""
    readings: list[_Reading] = []
    segment = 0
    reset = False
    for sample in samples:
        reset = reset or Flag.RESET in sample.flags
        if sample.counter is None:
            continue
        if readings and (reset or _breaks(readings[-1], sample.at, sample.counter, rules)):
            segment += 1
        reset = False
        doubtful = bool(Flag.DOUBTFUL & sample.flags)
        readings.append(_Reading(sample.at, sample.counter, doubtful, segment))
    return readings


def _breaks(last: _Reading, at: int, counter: int, rules: Rules) -> bool:
    """Tell whether a counter went back, or further than power could take it."""
    rise = counter - last.counter
    if not 0 <= rise <= MAX_ENERGY:
        return True
    if rules.most_power is None:
        return False
    # One count may have been nearly full before.
    return (rise - rules.resolution) * HOUR > rules.most_power * (at - last.at)


def _changes(readings: Sequence[_Reading]) -> list[int]:
    """Find the readings at which the count changes or a segment begins."""
    return [
        index
        for index, reading in enumerate(readings)
        if index == 0
        or reading.counter != readings[index - 1].counter
        or reading.segment != readings[index - 1].segment
    ]


def _rounded(numerator: int, denominator: int) -> int:
    """Divide, rounding half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def _between(start: int, end: int, done: int, total: int) -> int:
    """Go the part `done` of `total` on the way from `start` to `end`."""
    return start + _rounded((end - start) * done, total)
