"""How good a day's evidence is, per mille: for the token's shares, never for an invoice."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from depin_protocol.shares import proportional
from settlement_node.oracle.evidence import TIER_QUALITY, MeteredDay, ObservedDay, TradedDay
from settlement_node.oracle.minutes import judged

_WHOLE: Final = 1_000
_ONE_PATH: Final = 800
"""Per mille, where nothing independent says the same."""

_FRESH: Final = 15
"""Minutes for which a value tells how things are."""


def metered(day: MeteredDay) -> int:
    """Weigh key, completeness, and whether a second path agrees."""
    known = day.counter.readings.known
    complete = int(known.sum()) * _WHOLE // len(known)
    path = _ONE_PATH if day.second_path is None else _WHOLE
    return TIER_QUALITY[day.said.tier] * complete * path // _WHOLE**2


def traded(day: TradedDay) -> int:
    """Weigh how much of the trade was measured rather than estimated."""
    return day.measured * _WHOLE // day.intervals if day.intervals else _WHOLE


def observed(day: ObservedDay) -> int:
    """Take the mean share of good minutes over the quantities."""
    good = [int(judged(name, course).good.sum()) for name, course in day.observed.items()]
    minutes = sum(len(course.values) for course in day.observed.values())
    return TIER_QUALITY[day.said.tier] * sum(good) // minutes if minutes else 0


def fresh(day: ObservedDay) -> int:
    """Take the share of minutes at which the last value was young, over the quantities."""
    young = minutes = 0
    for course in day.observed.values():
        places = np.arange(len(course.values))
        last = np.maximum.accumulate(np.where(course.known, places, -_FRESH - 1))
        young += int((places - last < _FRESH).sum())
        minutes += len(places)
    return young * _WHOLE // minutes if minutes else 0


def saturated(budget: int, units: Sequence[int]) -> list[int]:
    """Share a feeder section's fixed budget: the more sensors of a kind, the less each is worth."""
    return proportional(units, budget) if sum(units) else [0] * len(units)
