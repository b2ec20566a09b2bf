"""What sensors of a quantity can say: within which range, how fast, and how long the same.

The limits of weather are those that WeatherXM publishes for its stations. Values are whole
numbers: the quantity's unit times ten to the `scale`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class Range(NamedTuple):
    """The limits of a quantity; None where it has none."""

    scale: int
    least: int
    most: int
    jump: int | None = None
    """From the middle of the ten minutes around."""
    rest: int | None = None
    """Minutes at one value after which a minute counts as bad."""
    apart: int | None = None
    """From the neighbours' middle, at which a value is far from all of them."""
    rests_at_most: int | None = None
    """A value from which on it may stay the same: saturated air, for one."""


STUCK: Final = 1_440
"""Minutes at one value after which no sensor is believed."""

RANGES: Final[Mapping[str, Range]] = MappingProxyType(
    {
        "temperature": Range(2, -4_000, 6_000, jump=200, rest=240, apart=800),
        "humidity": Range(2, 100, 10_000, jump=500, rest=360, apart=3_500, rests_at_most=9_500),
        "air_pressure": Range(2, 54_000, 110_000, jump=50, rest=120, apart=1_000),
        "wind_speed": Range(2, 0, 5_000, jump=2_000, rest=360),
        "irradiance": Range(0, 0, 1_600, rest=120),
        "illuminance": Range(0, 0, 200_000, jump=97_600, rest=120),
        "voltage": Range(1, 1_800, 2_800, rest=240),
        "frequency": Range(3, 45_000, 65_000, rest=240),
        "carbon_dioxide": Range(0, 300, 10_000, rest=360),
        "pm25": Range(1, 0, 10_000, rest=720),
        "pm10": Range(1, 0, 10_000, rest=720),
    }
)
"""A quantity that is not here is judged by its freshness alone."""

WEATHER: Final = (
    *("temperature", "humidity", "air_pressure", "wind_speed", "irradiance", "illuminance"),
)
"""What a weather station is judged by."""

DARK: Final = frozenset({"irradiance", "illuminance"})
"""Quantities that are nothing at night."""
