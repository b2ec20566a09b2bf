"""Whether a sensor tells of the weather outside, and is alive."""

from typing import Final

import numpy as np

from settlement_node.oracle.courses import Course
from settlement_node.oracle.evidence import ObservedDay
from settlement_node.oracle.layer import Checked, Remembered
from settlement_node.oracle.minutes import NOTHING, Rest, judged
from settlement_node.oracle.ranges import RANGES, STUCK
from settlement_node.oracle.verdicts import Finding, Outcome

WHOLE: Final = 1_000
"""Units of a sensor's day."""

DAYS: Final = 7
_FEWEST_DAYS: Final = 5
_HOUR: Final = 60
"""Minutes."""

_MOVED: Final = 10_000
"""Square hundredths of a degree by which an hour of the neighbours' moves, in the mean."""

_FELT: Final = 350
"""Per mille of the neighbours' change, below which a thermometer is sheltered from the weather."""

_SEEN: Final = 300
"""Per mille of the sun's light, below which its sensor is."""

_BRIGHT: Final = 1_000
"""Wh/m2 of a day that can be compared."""

_LUX: Final = 120
"""Of a W/m2 of daylight."""

_FAR: Final = 500
"""Per mille of the day far from all neighbours."""


def alive(day: ObservedDay, before: Remembered) -> Checked:
    """Take the part of each quantity that has said one and the same for a day."""
    tabled = [name for name in RANGES if name in day.observed]
    rests = dict(zip(RANGES, _pairs(before[-1]), strict=True)) if before else {}
    stuck = {}
    for name in tabled:
        found = judged(name, day.observed[name], rests.get(name, Rest(NOTHING, 0)))
        rests[name] = found.end
        if found.stuck >= STUCK:
            stuck[name] = found.stuck
    nothing = Rest(NOTHING, 0)
    keep = tuple(number for name in RANGES for number in rests.get(name, nothing))
    most = WHOLE * (len(day.observed) - len(stuck)) // max(1, len(day.observed))
    return Checked(
        tuple(
            Finding("stuck", {"minutes": stuck[name]}, Outcome.REDUCED, most=most, subject=name)
            for name in stuck
        ),
        keep,
    )


def outdoors(day: ObservedDay, before: Remembered) -> Checked:
    """Hold a thermometer that for days did not feel what its neighbours felt."""
    own, theirs = day.observed.get("temperature"), day.neighbours.get("temperature")
    if own is None or theirs is None:
        return Checked()
    mine, other = _hourly(own), _hourly(theirs)
    known = mine.known & other.known
    a, b = mine.values[known], other.values[known]
    sums = (int(known.sum()), int(a @ b), int(b @ b))
    if sums[0] < _HOUR // 5 or sums[2] < sums[0] * _MOVED:
        return Checked()
    days = [*before[-(DAYS - 1) :], sums]
    _, both, square = (sum(column) for column in zip(*days, strict=True))
    felt = both * 1_000 // square
    if len(days) < _FEWEST_DAYS or felt >= _FELT:
        return Checked(keep=sums)
    return Checked((Finding("indoors", _numbers(days, likeness=felt), Outcome.HELD),), sums)


def in_the_light(day: ObservedDay, before: Remembered) -> Checked:
    """Hold a sun sensor that for days saw little of what shone on the neighbours' panels."""
    name, per_watt = ("irradiance", 1) if "irradiance" in day.observed else ("illuminance", _LUX)
    sensed = day.observed.get(name)
    if sensed is None or day.sun is None:
        return Checked()
    known = sensed.known & day.sun.known
    light = np.clip(sensed.values[known], 0, RANGES[name].most)
    sums = (int(light.sum()) // per_watt, int(day.sun.values[known].sum()))
    if sums[1] < _BRIGHT * _HOUR:
        return Checked()
    days = [*before[-(DAYS - 1) :], sums]
    saw, shone = (sum(column) for column in zip(*days, strict=True))
    share = saw * 1_000 // shone
    if len(days) < _FEWEST_DAYS or share >= _SEEN:
        return Checked(keep=sums)
    return Checked((Finding("in-the-dark", _numbers(days, share=share), Outcome.HELD),), sums)


def like_stations(day: ObservedDay, _: Remembered) -> Checked:
    """Ask for a look at a sensor that was far from all its neighbours for half a day."""
    found = []
    for name, theirs in day.neighbours.items():
        limits, own = RANGES.get(name), day.observed.get(name)
        if limits is None or limits.apart is None or own is None:
            continue
        known = own.known & theirs.known
        far = np.abs(own.values - theirs.values)[known] > limits.apart
        share = int(far.sum()) * 1_000 // max(1, int(known.sum()))
        if share >= _FAR:
            found.append(Finding("unlike-stations", {"share": share}, review=True, subject=name))
    return Checked(tuple(found))


def _hourly(course: Course) -> Course:
    """Return by how much each hour's first minute is above that of the hour before."""
    return Course(course.values[::_HOUR], course.known[::_HOUR]).steps()


def _pairs(kept: tuple[int, ...]) -> list[Rest]:
    return [Rest(*kept[place : place + 2]) for place in range(0, len(kept), 2)]


def _numbers(days: list[tuple[int, ...]], **numbers: int) -> dict[str, int]:
    return {"days": len(days), **numbers}
