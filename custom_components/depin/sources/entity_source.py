"""Entities that Home Assistant already has, as a device: kept by their registry ids."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.components.sensor import ATTR_LAST_RESET, ATTR_STATE_CLASS
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, State, callback

from ..devices.entity_device import EntityDevice, EntityFault, entity_fault
from ..devices.points import Reading, Role
from ..devices.quantities import finished, number
from .followed_entities import FollowedEntities

SILENCE_MS: Final = 6 * 3_600_000
"""Many entities report a change alone; that they are unavailable Home Assistant says itself."""

_RESETS: Final = "resets"
_GONE: Final = "gone"


def entity_problem(point: str, state: State) -> str | None:
    """Tell why an entity cannot stand for a point, None where it can, or does not say yet."""
    if state.state in {STATE_UNAVAILABLE, STATE_UNKNOWN} and not state.attributes.get(
        ATTR_STATE_CLASS
    ):
        return None
    fault: EntityFault | None = entity_fault(
        point,
        state.attributes.get(ATTR_UNIT_OF_MEASUREMENT),
        state.attributes.get(ATTR_STATE_CLASS),
    )
    if fault:
        return fault.value
    return _RESETS if state.attributes.get(ATTR_LAST_RESET) else None


def says_nothing(state: State | None) -> bool:
    """Tell whether there is no state yet that tells anything of an entity."""
    return state is None or (
        state.state in {STATE_UNAVAILABLE, STATE_UNKNOWN}
        and ATTR_UNIT_OF_MEASUREMENT not in state.attributes
    )


def shows_value(point: str, state: State) -> bool:
    """Tell whether a state could be a point's value, or has none at the moment."""
    if state.state in {STATE_UNAVAILABLE, STATE_UNKNOWN}:
        return True
    return finished(point, number(state.state)) is not None


class EntitySource:
    """A pushed device made of entities, each a point."""

    def __init__(self, hass: HomeAssistant, role: Role, registry_ids: Mapping[str, str]) -> None:
        """Take the registry id of each point's entity."""
        self._followed = FollowedEntities(hass, registry_ids, self._async_hear, self._async_gone)
        self._device = EntityDevice(role, registry_ids, silence_ms=SILENCE_MS)
        self._tell: Callable[[], None]
        self._warn: Callable[[str, str | None], None]
        self._heard: dict[str, list[Any]] = {}

    @callback
    def async_start(
        self,
        tell: Callable[[], None],
        warn: Callable[[str, str | None], None],
    ) -> CALLBACK_TYPE:
        """Follow the entities; say when one has reported, and what is wrong with one."""
        self._tell = tell
        self._warn = warn
        return self._followed.async_start()

    def reading(self, now: int) -> Reading:
        """Return what the entities say."""
        return self._device.reading(now)

    def times(self) -> Mapping[Role, Mapping[str, int]]:
        """Return when each of them last reported."""
        return self._device.times()

    def capture(self) -> dict[str, Any]:
        """Return the state, unit and time of each point's entity, without its name."""
        return {"entities": dict(sorted(self._heard.items()))}

    @callback
    def _async_gone(self, point: str) -> None:
        self._warn(point, _GONE)

    @callback
    def _async_hear(self, point: str, state: State) -> None:
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
        at = int(state.last_reported_timestamp * 1000)
        self._heard[point] = [state.state, unit, at]
        problem = entity_problem(point, state)
        self._warn(point, problem)
        self._device.hear(point, STATE_UNKNOWN if problem else state.state, unit, at)
        self._tell()
