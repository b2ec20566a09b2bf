"""Days of weather stations, made by hand."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from settlement_node.oracle.courses import Course
from settlement_node.oracle.evidence import ObservedDay, Provenance

MINUTES: Final = 1_440


def told(values: ArrayLike) -> Course:
    whole = np.asarray(values).astype(np.int64)
    return Course(whole, np.ones(len(whole), np.bool_))


def air(day: int, noise: int = 1) -> dict[str, Course]:
    """Tell of a day with a warm noon, as a station whose instruments have some noise."""
    chance = np.random.default_rng(1_000 * day + noise)
    hours = np.arange(MINUTES) / 60
    sun = np.maximum(0, np.sin((hours - 6) / 12 * np.pi))

    def noisy(values: ArrayLike, by: int) -> Course:
        return told(np.asarray(values) + chance.integers(-by, by + 1, MINUTES))

    return {
        "temperature": noisy(1_200 + 900 * sun, 10),
        "humidity": noisy(7_000 - 2_500 * sun, 60),
        "air_pressure": noisy(98_000 + 10 * hours, 8),
        "wind_speed": noisy(300 + 0 * sun, 150),
        "irradiance": told(np.where(sun > 0, 800 * sun + chance.integers(0, 9, MINUTES), 0)),
    }


def observed(day: int, **instead: Course) -> ObservedDay:
    others = air(day, noise=2)
    neighbours = {name: others[name] for name in ("temperature", "humidity", "air_pressure")}
    return ObservedDay(Provenance(), {**air(day), **instead}, neighbours, others["irradiance"])
