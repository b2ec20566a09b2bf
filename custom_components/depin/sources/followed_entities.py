"""Entities of others, followed by their registry ids: they may be renamed, and may go."""

from collections.abc import Callable, Mapping

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


class FollowedEntities:
    """Several entities, each under the name of what it stands for."""

    def __init__(
        self,
        hass: HomeAssistant,
        registry_ids: Mapping[str, str],
        hear: Callable[[str, State], None],
        gone: Callable[[str], None],
    ) -> None:
        """Take the registry id of each, and whom to tell of their states, or that one is gone."""
        self._hass = hass
        self._registry_ids = registry_ids
        self._hear = hear
        self._gone = gone
        self._stands_for: dict[str, str] = {}
        self._stop_tracking: list[CALLBACK_TYPE] = []

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Follow them from now on, until the returned function is called."""
        self._async_track()
        return self._async_stop

    @callback
    def _async_track(self) -> None:
        """Look up what the entities are called by now."""
        registry = er.async_get(self._hass)
        self._stands_for = {}
        for name, registry_id in self._registry_ids.items():
            entity_id = er.async_resolve_entity_id(registry, registry_id)
            if entity_id is None:
                self._gone(name)
            else:
                self._stands_for[entity_id] = name
        entity_ids = list(self._stands_for)
        self._stop_tracking = [
            async_track_state_change_event(self._hass, entity_ids, self._async_changed),
            async_track_state_report_event(self._hass, entity_ids, self._async_reported),
            async_track_entity_registry_updated_event(self._hass, entity_ids, self._async_renamed),
        ]
        for entity_id in entity_ids:
            if state := self._hass.states.get(entity_id):
                self._async_heard(state)

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
            self._async_heard(state)

    @callback
    def _async_reported(self, event: Event[EventStateReportedData]) -> None:
        self._async_heard(event.data["new_state"])

    @callback
    def _async_heard(self, state: State) -> None:
        self._hear(self._stands_for[state.entity_id], state)
