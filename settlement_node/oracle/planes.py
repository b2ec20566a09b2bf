"""Solar panels: what a sky gives on their plane, told by their owner or fitted from their days."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from settlement_node.oracle.courses import MOST_WATTS, Course, Integers
from settlement_node.oracle.sun import Sky

_ALBEDO: Final = 0.2
_STANDARD: Final = 1_000
"""W/m2 under which a panel gives its nameplate."""

_TILTS: Final = (0, 10, 20, 30, 40, 50, 70, 90)
_AZIMUTHS: Final = tuple(range(60, 301, 20))

_BRIGHT: Final = 200
"""W/m2 on a plane, below which a ratio says little of it."""

_SMOOTH: Final = 20
"""Per mille of the day's most power by which a clear sky's course may bend in a step."""

_NEAR: Final = 30
"""Per mille around the usual ratio."""

_ENOUGH: Final = 150
"""Steps under a clear sky without which nothing is fitted."""


@dataclass(frozen=True, slots=True)
class Panels:
    """Where panels look, in whole degrees from flat and from north, and their peak in W."""

    tilt: int
    azimuth: int
    peak: int
    fitted: bool = False
    """From their own days, rather than told by their owner."""

    def under(self, sky: Sky) -> Integers:
        """Return the W that a sky gives on them in each step."""
        return self._of(light_on(sky, self.tilt, self.azimuth))

    def most_under(self, sky: Sky) -> Integers:
        """Return the W that any sky gives: bright clouds light what looks away from the sun."""
        seen = (1 + np.cos(np.deg2rad(self.tilt))) / 2
        clouds = np.rint(sky.flat * seen).astype(np.int64)
        return self._of(np.maximum(light_on(sky, self.tilt, self.azimuth), clouds))

    def _of(self, light: Integers) -> Integers:
        return light * min(self.peak, MOST_WATTS) // _STANDARD


def light_on(sky: Sky, tilt: int, azimuth: int) -> Integers:
    """Return the W/m2 on a plane: the sun's, the sky's and the ground's."""
    lean = np.deg2rad(tilt)
    height = np.deg2rad(sky.elevation / 100)
    aside = np.deg2rad(sky.azimuth / 100 - azimuth)
    facing = np.sin(height) * np.cos(lean) + np.cos(height) * np.sin(lean) * np.cos(aside)
    seen = (1 + np.cos(lean)) / 2
    light = (
        sky.direct * np.maximum(facing, 0) + sky.diffuse * seen + sky.flat * _ALBEDO * (1 - seen)
    )
    whole: Integers = np.rint(light).astype(np.int64)
    return whole


def fitted(days: Sequence[tuple[Course, Sky]]) -> Panels | None:
    """Find the plane on which most clear moments of some days have one ratio of power to light.

    None where too few moments were clear.
    """
    moments = [(sky, course, _smooth(course)) for course, sky in days]
    best = max(_trials(moments), default=None)
    if best is None or best[0] < _ENOUGH:
        return None
    _, ratio, tilt, azimuth = best
    return Panels(tilt, azimuth, ratio, fitted=True)


def _trials(
    moments: Sequence[tuple[Sky, Course, Integers]],
) -> Iterator[tuple[int, int, int, int]]:
    """Say for each plane how many moments agree, and on how many W per 1000 W/m2."""
    planes = [(tilt, azimuth) for tilt, azimuth in product(_TILTS, _AZIMUTHS) if tilt]
    for tilt, azimuth in [(0, 180), *planes]:
        ratios = []
        for sky, course, smooth in moments:
            light = light_on(sky, tilt, azimuth)[smooth]
            bright = light > _BRIGHT
            ratios.append(course.values[smooth][bright] * _STANDARD // light[bright])
        found = np.sort(np.concatenate(ratios)) if ratios else np.zeros(0, np.int64)
        if found.size:
            # For each ratio as the lower end: how many lie at most so far above it.
            upto = np.searchsorted(found, found * (1_000 + 2 * _NEAR) // 1_000, "right")
            agree = upto - np.arange(found.size)
            place = int(np.argmax(agree))
            middle = int(found[place + int(agree[place]) // 2])
            yield int(agree[place]), middle, tilt, azimuth


def _smooth(course: Course) -> Integers:
    """Find the steps at which a day's course bends as little as under a clear sky."""
    most = int(course.values.max(initial=0))
    bends = np.abs(np.diff(course.values, 2)) * 1_000 <= _SMOOTH * most
    known = course.known[2:] & course.known[1:-1] & course.known[:-2]
    high = course.values[1:-1] * 5 > most
    return np.flatnonzero(bends & known & high) + 1
