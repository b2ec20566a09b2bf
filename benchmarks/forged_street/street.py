"""A street on simulated days: one sky over it, panels, rooms, cars, batteries, and its meters.

The sky is made, not measured. Each day is clear, mixed or overcast, and likely to be as the day
before; clear days are commoner in summer. Clouds are noise of all lengths from minutes to hours
that a wind carries over the street: homes see the same clouds one after the other, and each a part
of its own. The sun comes from the oracle's own model of a clear sky, hazier by up to a tenth, and
clouds take the direct light first. Everything happens in steps of a minute, and is counted in whole
Wh every five.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from depin_protocol.durations import DAY
from settlement_node.oracle.courses import MINUTE, Counter, Course
from settlement_node.oracle.planes import Panels
from settlement_node.oracle.sun import Place, Sky, clear_sky

type Watts = NDArray[np.float64]
"""Of each home and minute."""

PLACE: Final = Place(48_200, 16_400, 200)
NEW_YEAR: Final = 1_767_222_000_000
"""Midnight by the street's standard time, in milliseconds."""

STEP: Final = 5 * MINUTE
MINUTES: Final = DAY // MINUTE
FUSE: Final = 17_250
"""W: three phases of 25 A."""

_WIND: Final = 60
"""Minutes of clouds on both sides of the day, for the wind to carry."""

_SHARED: Final = 0.8
"""Part of the clouds' noise that all homes have in common."""

_CLEAR, _MIXED, _OVERCAST = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Homes:
    """What homes have: an entry each."""

    away: NDArray[np.float64]
    """Metres along the wind."""
    tilt: NDArray[np.float64]
    azimuth: NDArray[np.float64]
    peak: NDArray[np.float64]
    inverter: NDArray[np.float64]
    performance: NDArray[np.float64]
    lag: NDArray[np.float64]
    """Minutes by which the inverter tells later than the meter."""
    base: NDArray[np.float64]
    heat_pump: NDArray[np.bool_]
    car: NDArray[np.float64]
    battery: NDArray[np.float64]
    """Wh, 0 for none."""

    @classmethod
    def drawn(cls, count: int, chance: np.random.Generator) -> Self:
        """Draw a street's homes."""
        peak = chance.uniform(3_000, 12_000, count)
        return cls(
            chance.uniform(0, 1_500, count),
            np.rint(chance.uniform(10, 50, count)),
            np.rint(np.clip(chance.normal(180, 45, count), 90, 270)),
            np.rint(peak),
            np.rint(peak * chance.uniform(0.75, 1.1, count)),
            chance.uniform(0.78, 0.93, count),
            chance.uniform(0, 0.5, count),
            chance.uniform(60, 350, count),
            chance.random(count) < 0.4,
            np.where(chance.random(count) < 0.25, chance.choice((3_700, 11_000), count), 0),
            np.where(chance.random(count) < 0.2, chance.uniform(5_000, 12_000, count), 0),
        )

    def panels(self, home: int) -> Panels:
        """Return what a home's owner tells of its panels."""
        return Panels(int(self.tilt[home]), int(self.azimuth[home]), int(self.peak[home]))


@dataclass(frozen=True, slots=True, eq=False)
class Lived:
    """What truly happened in a day: W of each home and minute."""

    start: int
    produced: Watts
    used: Watts
    stored: Watts
    """What batteries gave, less what they took."""
    charged: Watts
    """What cars took, which is part of `used`."""
    clearness: NDArray[np.float64]
    """Of each minute over the middle of the street."""

    @property
    def taken(self) -> Watts:
        """What each home took from the street."""
        return self.used - self.produced - self.stored


class Street:
    """Homes under one sky, day after day."""

    def __init__(self, homes: Homes, seed: int) -> None:
        self.homes = homes
        self._chance = np.random.default_rng(seed)
        self._weather = _MIXED
        self._stored = homes.battery / 2

    def live(self, number: int) -> Lived:
        """Live the next day, which is the given one of the year."""
        start = NEW_YEAR + number * DAY
        homes, count = self.homes, len(self.homes.tilt)
        clouds = self._clouds(number)
        sky = clear_sky(PLACE, start, MINUTE, MINUTES)
        direct = np.clip((clouds - 0.3) / 0.7, 0, 1.3) * sky.direct
        height = np.deg2rad(sky.elevation / 100)
        diffuse = np.maximum(sky.flat * clouds - direct * np.sin(height), sky.diffuse * 0.2)
        diffuse = np.where(sky.flat > 0, diffuse, 0)
        lean = np.deg2rad(homes.tilt)[:, None]
        aside = np.deg2rad(sky.azimuth / 100 - homes.azimuth[:, None])
        facing = np.sin(height) * np.cos(lean) + np.cos(height) * np.sin(lean) * np.cos(aside)
        light = direct * np.maximum(facing, 0) + diffuse * (1 + np.cos(lean)) / 2
        power = light * (homes.peak * homes.performance)[:, None] / 1_000
        produced = np.minimum(power, homes.inverter[:, None])
        used, charged = self._used(number, count)
        return Lived(
            start, produced, used, self._stores(used - produced), charged, clouds.mean(axis=0)
        )

    def _clouds(self, number: int) -> NDArray[np.float64]:
        """Carry the day's clouds over the homes: the light that passes, of each minute."""
        chance = self._chance
        summer = 0.5 - 0.5 * np.cos(2 * np.pi * (number - 15) / 365)
        if chance.random() > 0.45:
            odds = np.array([0.12 + 0.2 * summer, 0.45, 0.43 - 0.2 * summer])
            self._weather = int(chance.choice(3, p=odds))
        haze = chance.uniform(0.9, 1.0)
        count = len(self.homes.away)
        if self._weather == _CLEAR:
            slow = _noise(chance, 1, MINUTES, 2.5)[0]
            return np.tile(haze * (1 + 0.01 * slow), (count, 1))
        shared = _noise(chance, 1, MINUTES + 2 * _WIND, 1.6)[0]
        own = _noise(chance, count, MINUTES, 1.4)
        minutes = np.arange(MINUTES)
        speed = chance.uniform(300, 900)
        seen = np.stack(
            [
                np.interp(minutes + _WIND - away / speed, np.arange(len(shared)), shared)
                for away in self.homes.away
            ]
        )
        field = np.sqrt(_SHARED) * seen + np.sqrt(1 - _SHARED) * own
        if self._weather == _OVERCAST:
            grey: NDArray[np.float64] = chance.uniform(0.15, 0.4) * (1 + 0.25 * field)
            return np.clip(grey, 0.03, 1)
        cover = chance.uniform(-0.7, 0.7)
        open_sky = 1 / (1 + np.exp(-3 * (field - cover)))
        edge = 0.5 * open_sky * (1 - open_sky)
        passed: NDArray[np.float64] = haze * (0.25 + 0.75 * open_sky + edge)
        return passed

    def _used(self, number: int, count: int) -> tuple[Watts, Watts]:
        """Switch on and off what homes have, at no minute in particular."""
        chance, homes = self._chance, self.homes
        cold = 0.5 + 0.5 * np.cos(2 * np.pi * (number - 15) / 365)
        events = chance.poisson(28, count)
        pumps = np.where(homes.heat_pump, chance.poisson(2 + 24 * cold, count), 0)
        owner = np.concatenate(
            (np.repeat(np.arange(count), events), np.repeat(np.arange(count), pumps))
        )
        hours = np.where(
            chance.random(len(owner)) < 0.5,
            chance.choice((7, 12, 18, 20), len(owner)) + chance.normal(0, 1.5, len(owner)),
            chance.uniform(6, 23, len(owner)),
        )
        appliance = np.arange(len(owner)) < events.sum()
        watts = np.where(
            appliance, chance.choice((60, 150, 400, 900, 2_000, 2_200), len(owner)), 1_600
        )
        length = np.where(
            appliance, chance.exponential(18, len(owner)) + 2, chance.uniform(15, 40, len(owner))
        )
        length = np.where(appliance & (watts > 1_000), np.minimum(length, 25), length)
        used = _switched(count, owner, hours * 60, length, watts)
        used += homes.base[:, None] + _fridges(chance, count)
        cars = np.flatnonzero((homes.car > 0) & (chance.random(count) < 0.5))
        begins = np.where(chance.random(len(cars)) < 0.4, 11 * 60, 18 * 60) + chance.normal(
            0, 60, len(cars)
        )
        charged = _switched(
            count, cars, begins, chance.uniform(60, 200, len(cars)), homes.car[cars]
        )
        return used + charged, charged

    def _stores(self, wanted: Watts) -> Watts:
        """Let batteries take what is over and give what is wanted, minute by minute."""
        given = np.zeros_like(wanted)
        chosen = np.flatnonzero(self.homes.battery)
        full, held = self.homes.battery[chosen], self._stored[chosen]
        for minute in range(wanted.shape[1]):
            flow = np.clip(wanted[chosen, minute], -4_000, 4_000)
            flow = np.clip(flow, (held - full) * 60, held * 60)
            held = held - flow / 60
            given[chosen, minute] = flow
        self._stored[chosen] = held
        return given


def counted(watts: Watts) -> Counter:
    """Count one home's day in whole Wh every five minutes, from zero."""
    edges = np.concatenate(([0.0], np.cumsum(watts) / 60))[:: STEP // MINUTE]
    return Counter(course(np.floor(edges + 1e-6)), STEP)


def course(values: Watts) -> Course:
    """Return whole numbers, all of them known."""
    return Course(values.astype(np.int64), np.ones(len(values), np.bool_))


def later(watts: Watts, minutes: float) -> Watts:
    """Return what is told some part of a minute late."""
    before = np.concatenate((watts[:1], watts[:-1]))
    return (1 - minutes) * watts + minutes * before


@cache
def sky_of(start: int) -> Sky:
    """Return the sky that the oracle judges a day by."""
    return clear_sky(PLACE, start, STEP, DAY // STEP)


def _noise(
    chance: np.random.Generator, count: int, length: int, slope: float
) -> NDArray[np.float64]:
    """Draw noise whose power falls with frequency, of mean 0 and square mean 1 within a day."""
    frequencies = np.fft.rfftfreq(length)
    shape = np.zeros(len(frequencies))
    # Waves longer than five hours are no stronger than those.
    shape[1:] = np.maximum(frequencies[1:], 1 / 300) ** (-slope / 2)
    spectrum = shape * (
        chance.standard_normal((count, len(shape)))
        + 1j * chance.standard_normal((count, len(shape)))
    )
    noise: NDArray[np.float64] = np.fft.irfft(spectrum, length, axis=1)
    noise -= noise.mean(axis=1, keepdims=True)
    noise /= noise.std(axis=1, keepdims=True)
    return noise


def _switched(
    count: int,
    owner: NDArray[np.int64],
    begins: NDArray[np.float64],
    length: NDArray[np.float64],
    watts: NDArray[np.float64],
) -> Watts:
    changes = np.zeros((count, MINUTES + 1))
    first = np.clip(begins, 0, MINUTES - 1).astype(np.int64)
    last = np.clip(begins + length, 1, MINUTES).astype(np.int64)
    np.add.at(changes, (owner, first), watts)
    np.add.at(changes, (owner, np.maximum(last, first + 1)), -watts)
    return np.cumsum(changes, axis=1)[:, :-1]


def _fridges(chance: np.random.Generator, count: int) -> Watts:
    phase = chance.uniform(0, 45, count)[:, None]
    return np.where((np.arange(MINUTES) + phase) % 45 < 15, 90.0, 0.0)
