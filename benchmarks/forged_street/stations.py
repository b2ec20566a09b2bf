"""Weather stations on simulated days: outdoors, indoors, covered and stuck."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.forged_street.street import MINUTES, Lived
from settlement_node.oracle.courses import Course
from settlement_node.oracle.evidence import ObservedDay, Provenance
from settlement_node.oracle.sun import Sky

SITUATIONS: Final = ("outdoors", "indoors", "covered", "stuck")
_LOST: Final = 0.02
"""Part of the minutes of which nothing is heard."""


class Weather:
    """What the air did in a day, carried on from the day before."""

    def __init__(self, seed: int) -> None:
        self._chance = np.random.default_rng(seed)
        self._front = 0.0
        self._pressure = 98_900.0

    def day(self, lived: Lived, sky: Sky, number: int) -> dict[str, NDArray[np.float64]]:
        """Return what an instrument without error would read in each minute."""
        chance = self._chance
        minutes = np.arange(MINUTES)
        before = self._front
        self._front = 0.7 * before + chance.normal(0, 2.5)
        light = sky.flat * np.clip(lived.clearness, 0, 1.1)
        season = 11 - 10 * np.cos(2 * np.pi * (number - 20) / 365)
        # The ground gives back through the afternoon what the sun gave it since the morning.
        warmed = np.convolve(light, np.exp(-np.arange(400) / 150) / 150)[:MINUTES] * 0.012
        front = np.interp(minutes, (0, MINUTES), (before, self._front))
        gusts = _wandering(chance, 0.97)
        air = season + front + warmed + 0.15 * gusts
        ends = self._pressure, np.clip(self._pressure + chance.normal(0, 500), 96_500, 101_500)
        self._pressure = float(ends[1])
        return {
            "temperature": air * 100,
            "humidity": np.clip(75 - 2.2 * warmed + 3 * _wandering(chance, 0.99), 15, 100) * 100,
            "air_pressure": np.interp(minutes, (0, MINUTES), ends),
            "wind_speed": np.maximum(1.5 + 1.2 * gusts, 0) * 100,
            "irradiance": light,
        }


def observed(
    air: dict[str, NDArray[np.float64]],
    situation: str,
    chance: np.random.Generator,
    neighbours: dict[str, Course],
    sun: Course,
) -> ObservedDay:
    """Return what a station in some situation says of the air."""
    values = dict(air)
    if situation == "indoors":
        outside = values["temperature"]
        heated = 2_150 + 0.08 * (outside - outside.mean()) + 30 * _wandering(chance, 0.995)
        values |= {"temperature": heated, "humidity": 4_500 + 150 * _wandering(chance, 0.99)}
        values |= {"wind_speed": np.zeros(MINUTES), "irradiance": 0.05 * values["irradiance"]}
    if situation == "covered":
        values["irradiance"] = 0.15 * values["irradiance"]
    if situation == "stuck":
        values["temperature"] = np.full(MINUTES, 2_140.0)
    heard = chance.random(MINUTES) >= _LOST
    said = {name: _said(name, value, heard, chance) for name, value in values.items()}
    if situation == "stuck":
        said["temperature"] = Course(np.full(MINUTES, 2_140), heard)
    return ObservedDay(Provenance(), said, neighbours, sun)


def middle_of(days: list[ObservedDay]) -> dict[str, Course]:
    """Return the middle of what stations observed."""
    names = ("temperature", "humidity", "air_pressure")
    return {
        name: Course(
            np.sort(np.stack([day.observed[name].values for day in days]), axis=0)[len(days) // 2],
            np.all([day.observed[name].known for day in days], axis=0),
        )
        for name in names
    }


def _said(
    name: str, value: NDArray[np.float64], heard: NDArray[np.bool_], chance: np.random.Generator
) -> Course:
    grain = {"irradiance": 1, "humidity": 100}.get(name, 10)
    noise = {"irradiance": 0.5, "wind_speed": 10.0, "humidity": 30.0}.get(name, 4.0)
    noisy = np.where(value == 0, 0, value + noise * chance.standard_normal(MINUTES))
    whole = np.maximum(np.rint(noisy / grain), -10_000).astype(np.int64) * grain
    return Course(np.maximum(whole, 0) if name != "temperature" else whole, heard)


def _wandering(chance: np.random.Generator, memory: float) -> NDArray[np.float64]:
    """Draw a course that comes back to 0, of square mean about 1."""
    shocks = chance.standard_normal(MINUTES + 600) * np.sqrt(1 - memory**2)
    kernel = memory ** np.arange(600)
    course: NDArray[np.float64] = np.convolve(shocks, kernel)[600 : 600 + MINUTES]
    return course
