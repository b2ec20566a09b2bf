"""The sun above a place: where it stood, and what a clear sky would have given.

Floats end here: what leaves are whole numbers, which another machine may miss by one.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from settlement_node.oracle.courses import Integers

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TURBIDITY: Final = 2.5
"""Linke's, of very clear air, so that the bound lies above what usual air lets through."""

_PRESSURE: Final = 1_013.25
"""hPa."""

_TEMPERATURE: Final = 12.0
_DELTA_T: Final = 69.0
"""Seconds between the earth's turning and atomic time; a minute of error moves the sun by 15'."""

_REFRACTION: Final = 0.5667
_HORIZON: Final = 90
_CENTIDEGREES: Final = 100


class Place(NamedTuple):
    """The middle of a feeder section, in millidegrees and metres: never a home's address."""

    latitude: int
    longitude: int
    altitude: int


@dataclass(frozen=True, slots=True, eq=False)
class Sky:
    """The middle of each step: the sun in hundredths of a degree, and its light in W/m2."""

    elevation: Integers
    azimuth: Integers
    direct: Integers
    """On a plane that faces the sun."""
    diffuse: Integers
    """On flat ground, from everywhere but the sun."""
    flat: Integers
    """All of it on flat ground."""


def clear_sky(place: Place, start: int, step: int, steps: int) -> Sky:
    """Return the sky over equal steps from an instant on, all in milliseconds."""
    # A second of importing and 110 MiB, which only who judges a day's sun pays.
    from pvlib import atmosphere, clearsky, irradiance, spa  # noqa: PLC0415

    middles = (start + step // 2 + step * np.arange(steps, dtype=np.int64)) / 1_000.0
    latitude, longitude = place.latitude / 1_000, place.longitude / 1_000
    zenith, _, _, elevation, azimuth, _ = spa.solar_position(
        *(middles, latitude, longitude, float(place.altitude)),
        *(_PRESSURE, _TEMPERATURE, _DELTA_T, _REFRACTION),
    )
    day = np.datetime64(start + step * steps // 2, "ms").astype("datetime64[D]")
    of_year = int((day - day.astype("datetime64[Y]")).astype(int)) + 1
    up = zenith < _HORIZON
    light = clearsky.ineichen(
        zenith[up],
        atmosphere.get_absolute_airmass(
            atmosphere.get_relative_airmass(zenith[up]), _PRESSURE * 100
        ),
        _TURBIDITY,
        altitude=place.altitude,
        dni_extra=irradiance.get_extra_radiation(of_year),
    )

    def whole(name: str) -> Integers:
        values = np.zeros(steps, np.int64)
        values[up] = np.rint(light[name]).astype(np.int64)
        return values

    def hundredths(degrees: "NDArray[np.float64]") -> Integers:
        return np.rint(degrees * _CENTIDEGREES).astype(np.int64)

    return Sky(
        *(hundredths(elevation), hundredths(azimuth)),
        *(whole("dni"), whole("dhi"), whole("ghi")),
    )
