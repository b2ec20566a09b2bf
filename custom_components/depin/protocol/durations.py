"""Lengths of time, in the milliseconds in which instants are counted."""

from typing import Final

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
