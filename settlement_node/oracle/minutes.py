"""Which minutes of a sensor's day are good: in range, without jumps, not stuck."""

from typing import Final, NamedTuple

import numpy as np

from settlement_node.oracle.courses import Course, Flags, Integers
from settlement_node.oracle.ranges import DARK, RANGES

_AROUND: Final = 11
"""Minutes: five before, the one itself, five after."""

_ENOUGH: Final = 7
"""Of these that must be known: two thirds."""

NOTHING: Final = -(2**62)
"""In place of a value where there is none."""


class Rest(NamedTuple):
    """The value at a day's end, and for how many minutes it has been that."""

    value: int
    minutes: int


_NO_REST: Final = Rest(NOTHING, 0)


class Judged(NamedTuple):
    """The good minutes of one quantity, its longest rest, and how it rests at the end."""

    good: Flags
    stuck: int
    end: Rest


def judged(quantity: str, course: Course, before: Rest = _NO_REST) -> Judged:
    """Judge each minute of a day that goes on from the rest of the day before."""
    limits = RANGES.get(quantity)
    if limits is None:
        return Judged(course.known, 0, _NO_REST)
    good = course.known & (course.values >= limits.least) & (course.values <= limits.most)
    if limits.jump is not None:
        good &= np.abs(course.values - _middles(course)) <= limits.jump
    rests, end = _rests(course, before)
    awake = (course.values == 0) if quantity in DARK else np.zeros(len(good), np.bool_)
    if limits.rests_at_most is not None:
        awake |= course.values >= limits.rests_at_most
    stuck = int(rests[course.known & ~awake].max(initial=0))
    if limits.rest is not None:
        good &= (rests <= limits.rest) | awake
    return Judged(good, stuck, end)


def _rests(course: Course, before: Rest) -> tuple[Integers, Rest]:
    """Count for each minute how long the last known value has been the same."""
    places = np.flatnonzero(course.known)
    rests = np.zeros(len(course.values), np.int64)
    if not places.size:
        return rests, before
    values = course.values[places]
    changed = np.concatenate(([int(values[0]) != before.value], np.diff(values) != 0))
    began = np.maximum.accumulate(np.where(changed, places, -before.minutes))
    rests[places] = places - began
    return rests, Rest(int(values[-1]), len(course.values) - int(began[-1]))


def _middles(course: Course) -> Integers:
    """Return the middle of the minutes around each, or the value itself where few are known."""
    edge = _AROUND // 2
    unknown = np.iinfo(np.int64).max
    padded = np.pad(np.where(course.known, course.values, unknown), edge, constant_values=unknown)
    around = np.sort(np.lib.stride_tricks.sliding_window_view(padded, _AROUND), axis=1)
    known = (around != unknown).sum(axis=1)
    middle = np.take_along_axis(around, np.maximum(known - 1, 0)[:, None] // 2, axis=1)[:, 0]
    return np.where(known >= _ENOUGH, middle, course.values)
