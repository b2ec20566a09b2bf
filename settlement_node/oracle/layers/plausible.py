"""Whether counters count as such a device can: never backwards, never more, never frozen."""

from typing import Final

import numpy as np

from settlement_node.oracle.courses import MINUTE, longest_rest
from settlement_node.oracle.evidence import MeteredDay
from settlement_node.oracle.layer import Checked, Remembered
from settlement_node.oracle.verdicts import Finding, Outcome

_OVER: Final = 105
"""Percent of its nameplate that a device may give."""

_FROZEN: Final = 180
"""Minutes at one power below the nameplate: an inverter that is limited does so too."""


def within_nameplate(day: MeteredDay, _: Remembered) -> Checked:
    """Reject a day in which the device gave more than it is declared for."""
    if day.nameplate is None:
        return Checked()
    most = int(day.counter.power().values.max(initial=0))
    # A counter of whole Wh can shift one into a neighbouring step.
    if (most - day.counter.grain()) * 100 <= day.nameplate * _OVER:
        return Checked()
    numbers = {"watts": most, "nameplate": day.nameplate}
    return Checked((Finding("over-nameplate", numbers, Outcome.REJECTED),))


def never_backwards(day: MeteredDay, _: Remembered) -> Checked:
    """Ask for a look at a counter that fell; its steps down count as nothing."""
    rises = day.counter.readings.rises().values
    falls = rises[rises < 0]
    if not falls.size:
        return Checked()
    numbers = {"falls": int(falls.size), "wh": -int(np.sum(falls))}
    return Checked((Finding("counter-fell", numbers, review=True),))


def not_frozen(day: MeteredDay, _: Remembered) -> Checked:
    """Ask for a look at a device that gave one and the same power for hours."""
    power = day.counter.power()
    steps, watts = longest_rest(power)
    minutes = steps * day.counter.step // MINUTE
    full = day.nameplate is not None and watts * 100 >= 95 * day.nameplate
    # A Wh more or less is the least change that the counter can show.
    if minutes < _FROZEN or full or watts <= 5 * day.counter.grain():
        return Checked()
    return Checked((Finding("constant", {"watts": watts, "minutes": minutes}, review=True),))
