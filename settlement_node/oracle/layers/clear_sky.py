"""Whether the sun can have given it."""

from typing import Final

import numpy as np

from settlement_node.oracle.courses import Integers
from settlement_node.oracle.evidence import SolarDay
from settlement_node.oracle.layer import Checked, Remembered
from settlement_node.oracle.verdicts import Finding, Outcome

_NIGHT: Final = -300
"""Hundredths of a degree of the sun's height, below which no panel gives anything."""

_NIGHT_WH: Final = 50
"""Wh that a meter may creep in a night."""

_QUARTER: Final = 900_000
_TOLD: Final = 125, 105
"""Percent of a quarter of an hour, to which the edges of clouds add light, and of a day."""

_FITTED: Final = 150, 130
"""The same where the panels' place follows from a home's own days of another season."""


def no_sun(day: SolarDay, _: Remembered) -> Checked:
    """Reject a day in which panels gave energy at night."""
    if day.sky is None:
        return Checked()
    wh = int(day.counter.energy().values[day.sky.elevation < _NIGHT].sum())
    if wh <= _NIGHT_WH:
        return Checked()
    return Checked((Finding("night-production", {"wh": wh}, Outcome.REJECTED),))


def clear_sky(day: SolarDay, _: Remembered) -> Checked:
    """Cut a day down to what the brightest sky can give.

    Where the panels' place was fitted from the home's own days a person looks first.
    """
    if day.sky is None or day.panels is None:
        return Checked()
    energy, step = day.counter.energy().values, day.counter.step
    # Sums of W x ms, so that nothing is rounded before the end.
    possible, counted = day.panels.most_under(day.sky) * step, energy * 3_600_000
    width = max(1, _QUARTER // step)
    of_quarter, of_day = _FITTED if day.panels.fitted else _TOLD
    quarters = np.minimum(_by(counted, width), _by(possible, width) * of_quarter // 100)
    most = min(int(quarters.sum()), int(possible.sum()) * of_day // 100) // 3_600_000
    claimed = int(energy.sum())
    # Each quarter of an hour may have got a Wh of the next.
    if claimed <= most + len(quarters):
        return Checked()
    numbers = {"claimed": claimed, "most": most}
    if day.panels.fitted:
        return Checked((Finding("over-fitted-sky", numbers, review=True),))
    return Checked((Finding("over-clear-sky", numbers, Outcome.REDUCED, most=most),))


def _by(values: Integers, width: int) -> Integers:
    """Add up stretches of a width; the last may be shorter."""
    added: Integers = np.add.reduceat(values, np.arange(0, len(values), width))
    return added
