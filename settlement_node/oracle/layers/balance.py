"""Whether the grid meter feels what the device says, without knowing what the home uses.

It opens a review, never more: a device that nobody meters looks like an inflated one.
"""

from typing import Final

import numpy as np

from settlement_node.oracle.courses import Course
from settlement_node.oracle.evidence import MeteredDay
from settlement_node.oracle.layer import Checked, Remembered
from settlement_node.oracle.steps import informative, part_of, sums_of
from settlement_node.oracle.verdicts import Finding

DAYS: Final = 30
"""With clouds, over which parts are summed up."""

PART: Final = 40
"""Per mille that may be missing."""

CERTAINTY: Final = 300
"""Hundredths, from which on a part is more than chance."""

_LAG: Final = 250
"""Per mille of a step, from which on clocks that are apart are what is looked at."""

_BELOW: Final = 100
"""W below nothing that a home may seem to use, by rounding and by a moment's delay."""

_OFTEN: Final = 50
"""Per mille of a day's steps."""

_OVER_FUSE: Final = 130
"""Percent: fuses carry more for a while."""


def produced(day: MeteredDay, before: Remembered) -> Checked:
    """Compare what the home seems to use with what its panels say they give."""
    if day.site is None:
        return Checked()
    power = day.counter.power()
    used = day.site.beside() + power
    return _together(day, before, power, used, _possible(day.site.fuse, used))


def taken(day: MeteredDay, before: Remembered) -> Checked:
    """Compare what else the home seems to use with what its charger says it takes."""
    if day.site is None:
        return Checked()
    power = day.counter.power()
    used = day.site.beside() - power
    # What the charger says too much is missing from the rest: the other way round.
    missing = Course(-used.values, used.known)
    return _together(day, before, power, missing, _possible(day.site.fuse, used))


def _together(
    day: MeteredDay,
    before: Remembered,
    power: Course,
    missing: Course,
    findings: tuple[Finding, ...],
) -> Checked:
    sums = sums_of(power, missing) if informative(power, day.most()) else None
    if sums is None:
        return Checked(findings)
    days = [*before[-(DAYS - 1) :], sums]
    part = part_of(days)
    if part is None:
        return Checked(findings, sums)
    if part.part > PART and part.certainty > CERTAINTY:
        numbers = {"days": len(days), "missing": part.part, "certainty": part.certainty}
        if abs(part.lag) > _LAG:
            seconds = abs(part.lag) * day.counter.step // 1_000_000
            return Checked((*findings, Finding("lag", {"seconds": seconds}, review=True)), sums)
        return Checked((*findings, Finding("not-in-the-meter", numbers, review=True)), sums)
    return Checked(findings, sums)


def _possible(fuse: int, used: Course) -> tuple[Finding, ...]:
    """Look at what the home seems to use: not less than nothing, not more than its fuse."""
    known = used.values[used.known]
    if not known.size:
        return ()
    below = int((known < -_BELOW).sum()) * 1_000 // known.size
    most = int(np.max(known))
    found = []
    if below > _OFTEN:
        found.append(Finding("energy-from-nowhere", {"share": below}, review=True))
    if most * 100 > fuse * _OVER_FUSE:
        found.append(Finding("over-fuse", {"watts": most, "fuse": fuse}, review=True))
    return tuple(found)
