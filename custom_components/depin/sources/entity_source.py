"""Entities that Home Assistant already has, as a device: kept by their registry ids."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.components.sensor import ATTR_LAST_RESET, ATTR_STATE_CLASS
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import (
    async_track_entity_registry_updated_event,
    async_track_state_change_event,
    async_track_state_report_event,
)

from ..devices.entity_device import EntityDevice, EntityFault, entity_fault
from ..devices.points import Reading, Role

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


class EntitySource:
    """A pushed device made of entities, each a point."""

    def __init__(self, hass: HomeAssistant, role: Role, registry_ids: Mapping[str, str]) -> None:
        """Take the registry id of each point's entity."""
        self._hass = hass
        self._registry_ids = registry_ids
        self._device = EntityDevice(role, registry_ids, silence_ms=SILENCE_MS)
        self._points: dict[str, str] = {}
        self._tell: Callable[[], None]
        self._warn: Callable[[str, str | None], None]
        self._heard: dict[str, list[Any]] = {}
        self._stop_tracking: list[CALLBACK_TYPE] = []

    @callback
    def async_start(
        self,
        tell: Callable[[], None],
        warn: Callable[[str, str | None], None],
    ) -> CALLBACK_TYPE:
        """Follow the entities; say when one has reported, and what is wrong with one."""
        self._tell = tell
        self._warn = warn
        self._async_track()
        return self._async_stop

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
    def _async_track(self) -> None:
        """Look up what the entities are called by now."""
        registry = er.async_get(self._hass)
        self._points = {}
        for point, registry_id in self._registry_ids.items():
            entity_id = er.async_resolve_entity_id(registry, registry_id)
            if entity_id is None:
                self._warn(point, _GONE)
            else:
                self._points[entity_id] = point
        names = list(self._points)
        self._stop_tracking = [
            async_track_state_change_event(self._hass, names, self._async_changed),
            async_track_state_report_event(self._hass, names, self._async_reported),
            async_track_entity_registry_updated_event(self._hass, names, self._async_renamed),
        ]
        for entity_id in names:
            if state := self._hass.states.get(entity_id):
                self._async_hear(state)

    @callback
    def _async_stop(self) -> None:
        while self._stop_tracking:
            self._stop_tracking.pop()()

    @callback
    def _async_renamed(self, _: Event[er.EventEntityRegistryUpdatedData]) -> None:
        self._async_stop()
        self._async_track()

    @callback
    def _async_changed(self, event: Event[EventStateChangedData]) -> None:
        if state := event.data["new_state"]:
            self._async_hear(state)

    @callback
    def _async_reported(self, event: Event[EventStateReportedData]) -> None:
        self._async_hear(event.data["new_state"])

    @callback
    def _async_hear(self, state: State) -> None:
        point = self._points[state.entity_id]
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
        at = int(state.last_reported_timestamp * 1000)
        self._heard[point] = [state.state, unit, at]
        problem = entity_problem(point, state)
        self._warn(point, problem)
        self._device.hear(point, STATE_UNKNOWN if problem else state.state, unit, at)
        self._tell()
