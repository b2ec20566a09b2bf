"""Lengths of time, in the milliseconds in which the log counts it."""

from typing import Final

HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR
