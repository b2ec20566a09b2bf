"""Whether the home's clock is right, from how late its statements came."""

from statistics import median_low
from typing import Final

from settlement_node.oracle.layer import Checked, Remembered
from settlement_node.oracle.layers.chain import Said
from settlement_node.oracle.verdicts import Finding

_AHEAD: Final = 60_000
"""Milliseconds that a statement can come before its time by two honest clocks."""

_BEHIND: Final = 600_000
"""Milliseconds that a home waits at most before it says a quarter of an hour, and some."""

_EVEN: Final = 60_000
"""Milliseconds: a home that catches up says things more unevenly late than that."""

_FEW: Final = 12


def right_time(day: Said, _: Remembered) -> Checked:
    """Ask for a look at a clock that is ahead, or behind all day by the same."""
    delays = day.said.delays
    if not delays:
        return Checked()
    least = min(delays)
    if least < -_AHEAD:
        return Checked((Finding("clock-ahead", {"seconds": -least // 1_000}, review=True),))
    even = len(delays) >= _FEW and median_low(delays) - least < _EVEN
    if least > _BEHIND and even:
        return Checked((Finding("clock-behind", {"seconds": least // 1_000}, review=True),))
    return Checked()
