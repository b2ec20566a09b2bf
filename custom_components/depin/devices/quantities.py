"""Exact arithmetic from what a device gives to integers of watt-hours and watts."""

import re
from fractions import Fraction
from typing import Final

# A value of this size in a 32-bit float is the largest there is, which some devices mean as none.
_LARGEST_FLOAT32: Final = float.fromhex("0x1.fffffep+127")
_LARGEST_WH: Final = 2**62
_LARGEST_W: Final = 2**31
_FULL: Final = 100
_MAINS_HZ: Final = (40, 70)
_NUMBER: Final = re.compile(r"\s*([+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?)\s*")

UNITS: Final = {
    "mW": Fraction(1, 1000),
    "W": Fraction(1),
    "kW": Fraction(1000),
    "MW": Fraction(10**6),
    "mWh": Fraction(1, 1000),
    "Ws": Fraction(1, 3600),
    "Wh": Fraction(1),
    "kWh": Fraction(1000),
    "MWh": Fraction(10**6),
    "GWh": Fraction(10**9),
    "Hz": Fraction(1),
    "%": Fraction(1),
}
"""What a unit is in the unit of our points: watts, watt-hours, hertz, per cent."""


def exact(value: float) -> Fraction | None:
    """Return a device's number without any error; what stands for no number is None."""
    if not isinstance(value, int) and not -_LARGEST_FLOAT32 < value < _LARGEST_FLOAT32:
        return None
    return Fraction(value)


def number(text: str) -> Fraction | None:
    """Read a plain number; None for anything else, such as `nan` or nothing at all."""
    match = _NUMBER.fullmatch(text)
    return Fraction(match[1]) if match else None


def ratio(value: float | str) -> Fraction:
    """Return a factor as it was written: 0.1 is a tenth."""
    return Fraction(str(value))


def finished(name: str, value: Fraction | None) -> float | None:
    """Return a number as the point of that name has it: None out of its bounds."""
    finish = _FINISH.get(name) or (energy if name.endswith("_wh") else power)
    return finish(value)


def energy(value: Fraction | None) -> int | None:
    """Return a counter in whole watt-hours."""
    if value is None or not 0 <= value < _LARGEST_WH:
        return None
    return round(value)


def power(value: Fraction | None) -> int | None:
    """Return power in whole watts."""
    return None if value is None or abs(value) > _LARGEST_W else round(value)


def share(value: Fraction | None) -> float | None:
    """Return a state of charge in per cent."""
    return None if value is None or not 0 <= value <= _FULL else float(round(value, 3))


def frequency(value: Fraction | None) -> float | None:
    """Return the mains' frequency; some firmware gives it tenfold, and a plain 0 is no reading."""
    if value is None:
        return None
    low, high = _MAINS_HZ
    hertz = value / 10 if 10 * low <= value <= 10 * high else value
    return float(round(hertz, 3)) if low <= hertz <= high else None


_FINISH: Final = {"soc_percent": share, "frequency_hz": frequency}
