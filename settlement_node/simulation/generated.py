"""Shapes of homes out of a seed: the sun over Central Europe, clouds, habits and cars."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from settlement_node.simulation.shapes import DAY, QUARTER, Shape, Span, whole

type Curve = NDArray[np.float64]
type Chance = np.random.Generator

_LATITUDE: Final = np.radians(48.1)
_EAST: Final = 11.6
"""Degrees of longitude: how much earlier than in Greenwich it is noon."""

_CLOCK: Final = 1
"""Hours by which the street's clocks are ahead of UTC."""

_ROOFS: Final = 0.5
_CARS: Final = 0.3
_TILT: Final = np.radians(35)
_YIELD: Final = 0.85
"""What reaches the meter of what the modules could give."""

_DRIVES: Final = 0.75
"""On so many days a car comes home with less than it left."""

_SOCKETS: Final = (3_700, 11_000)
"""What a car can charge with, in W."""

_KETTLE: Final = (1, 2_000)
_LAUNDRY: Final = (5, 700)
"""Quarter-hours and W of what is switched on."""

_KETTLES: Final = 0.7
"""The part of these that is short."""

_MORNING: Final = (7.0, 1.3, 0.9)
_NOON: Final = (12.5, 1.5, 0.5)
_EVENING: Final = (19.3, 2.2, 1.6)
"""When people are at home: the hour, how many hours around it, and how much."""


def generated(homes: int, span: Span, chance: Chance) -> list[Shape]:
    """Draw homes of one street: half of them with a roof, a third with a car."""
    hours = (span.start // QUARTER + np.arange(span.quarters) + 0.5) / 4
    sky = _sky(span.quarters, chance)
    return [_home(hours, sky, chance) for _ in range(homes)]


def _home(hours: Curve, sky: Curve, chance: Chance) -> Shape:
    used = _used(hours, chance)
    produced = np.zeros_like(used)
    if chance.random() < _ROOFS:
        facing = np.radians(chance.normal(180, 40))
        peak = chance.uniform(3_000, 12_000)
        own_clouds = np.clip(chance.normal(1, 0.05, used.size), 0.7, 1.1)
        produced = _sun(hours, facing) * sky * own_clouds * peak * _YIELD / 4
    charged = np.zeros_like(used)
    if chance.random() < _CARS:
        charged = _charged(hours, chance)
    return Shape(whole(used), whole(produced), whole(charged))


def _sun(hours: Curve, facing: float) -> Curve:
    """Tell what a clear sky gives to a plane, as a part of its peak."""
    day = hours / 24 % 365.25
    declination = np.radians(-23.44) * np.cos(2 * np.pi * (day + 10) / 365.25)
    angle = np.radians((hours % 24 + _EAST / 15 - 12) * 15)
    height = np.sin(_LATITUDE) * np.sin(declination)
    height = height + np.cos(_LATITUDE) * np.cos(declination) * np.cos(angle)
    above = np.maximum(height, 0.02)
    # Meinel's formula: what the air leaves of the beam, by how much of it the beam passes.
    beam = np.where(height > 0, 1.36 * 0.7 ** (above**-0.678), 0.0)
    south = (height * np.sin(_LATITUDE) - np.sin(declination)) / np.cos(_LATITUDE)
    west = np.cos(declination) * np.sin(angle)
    toward = -south * np.cos(facing) - west * np.sin(facing)
    on_plane = np.maximum(height * np.cos(_TILT) + toward * np.sin(_TILT), 0)
    given: Curve = np.minimum(beam * on_plane + 0.1 * beam * np.maximum(height, 0), 1.1)
    return given


def _sky(quarters: int, chance: Chance) -> Curve:
    """Draw how clear the street's sky is: days differ, and clouds pass."""
    days = -(-quarters // DAY)
    clear = np.repeat(chance.uniform(0.25, 1, days), DAY)[:quarters]
    cloud = np.zeros(quarters)
    for at, drawn in enumerate(chance.normal(0, 0.08, quarters)):
        cloud[at] = 0.85 * cloud[at - 1] + drawn
    return np.clip(clear + cloud, 0.06, 1)


def _used(hours: Curve, chance: Chance) -> Curve:
    """Draw what a household uses: what always runs, habits, and things that are switched on."""
    base = chance.uniform(60, 180)
    people = chance.uniform(0.5, 1.8)
    late = chance.normal(0, 0.7)
    habits = np.zeros_like(hours)
    for hour, around, much in (_MORNING, _NOON, _EVENING):
        apart = (hours + _CLOCK - hour - late + 12) % 24 - 12
        habits += much * np.exp(-((apart / around) ** 2) / 2)
    used = base + 160 * people * habits * chance.gamma(4, 0.25, hours.size)
    begun = np.flatnonzero(chance.random(hours.size) < 0.06 * people * (habits + 0.1))
    for at in begun.tolist():
        length, power = _KETTLE if chance.random() < _KETTLES else _LAUNDRY
        used[at : at + length] += power
    return used / 4


def _charged(hours: Curve, chance: Chance) -> Curve:
    """Draw when a car comes home, and let it charge until it is full."""
    charged = np.zeros_like(hours)
    power = _SOCKETS[int(chance.integers(2))]
    for first in range(0, hours.size, DAY):
        arrives = first + int(np.clip(chance.normal(17.5 * 4, 6), 0, DAY - 1))
        missing = chance.uniform(3_000, 14_000) * (chance.random() < _DRIVES)
        for at in range(arrives, hours.size):
            if missing <= 0:
                break
            taken = min(power / 4 - charged[at], missing)
            charged[at] += taken
            missing -= taken
    return charged
