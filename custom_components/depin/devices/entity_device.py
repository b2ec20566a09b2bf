"""A device whose points are entities that Home Assistant already has, whoever made them."""

import enum
from collections.abc import Iterable, Mapping
from typing import Any, Final

from .message_device import SILENCE_MS
from .points import NO_POINTS, Points, Reading, Role, Status
from .quantities import UNITS, finished, number

_ENERGY: Final = frozenset({"mWh", "Wh", "kWh", "MWh", "GWh"})
_POWER: Final = frozenset({"mW", "W", "kW", "MW"})
_TOTALS: Final = frozenset({"total", "total_increasing"})


class EntityFault(enum.StrEnum):
    """Why an entity cannot be a point."""

    POINT = "no_number"
    UNIT = "wrong_unit"
    STATE_CLASS = "wrong_state_class"


def entity_fault(point: str, unit: str | None, state_class: str | None) -> EntityFault | None:
    """Tell why an entity cannot stand for a point, None where it can."""
    units = _units(point)
    if not units:
        return EntityFault.POINT
    if unit not in units:
        return EntityFault.UNIT
    if point.endswith("_wh") and state_class not in _TOTALS:
        return EntityFault.STATE_CLASS
    if not point.endswith("_wh") and state_class in _TOTALS:
        return EntityFault.STATE_CLASS
    return None


class EntityDevice:
    """A pushed source in one role: it is told of states, and asked what they say."""

    def __init__(self, role: Role, points: Iterable[str], *, silence_ms: int = SILENCE_MS) -> None:
        """Take the points that have an entity."""
        self._role = role
        self._points: dict[str, float | None] = dict.fromkeys(points)
        self._silence_ms = silence_ms
        self.heard_at: int | None = None
        self._times: dict[str, int] = {}

    def hear(self, point: str, state: str, unit: str | None, at: int) -> None:
        """Take in a state as it was last reported; one that is no number ends the value."""
        if point not in self._points:
            return
        amount = number(state) if unit in _units(point) else None
        value = None if amount is None or unit is None else amount * UNITS[unit]
        self._points[point] = finished(point, value)
        self._times[point] = at
        if value is not None:
            self.heard_at = at if self.heard_at is None else max(self.heard_at, at)

    def times(self) -> Mapping[Role, Mapping[str, int]]:
        """Return when each point was last reported."""
        return {self._role: dict(self._times)}

    def reading(self, now: int) -> Reading:
        """Return what the states say, or that the device is unavailable."""
        if self.heard_at is not None:
            # A clock that was ahead and put back hides no silence.
            self.heard_at = min(self.heard_at, now)
        if self.heard_at is None or now - self.heard_at > self._silence_ms:
            return Reading(Points(status=Status.UNAVAILABLE), {self._role: NO_POINTS})
        values: Mapping[str, Any] = self._points
        return Reading(NO_POINTS, {self._role: Points(**values)})


def _units(point: str) -> frozenset[str]:
    """Return the units that a point can be given in."""
    if point.endswith("_wh"):
        return _ENERGY
    if point.endswith("_w"):
        return _POWER
    return {"soc_percent": frozenset({"%"}), "frequency_hz": frozenset({"Hz"})}.get(
        point, frozenset()
    )
