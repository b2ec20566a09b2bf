"""Contributing a sensor that Home Assistant already has: weather, air, voltage."""

from secrets import token_bytes
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_ENTITY_ID, CONF_NAME
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from .chosen_entity import choose
from .const import CONF_DEVICE_NAME, CONF_ENTITIES, CONF_QUANTITY
from .device_flow import MeasuringFlow
from .protocol.encoding import to_text
from .protocol.identifiers import ID_LENGTH
from .sources.observable import OBSERVABLES, observation_problem, quantity_of

_FORM: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_ENTITY_ID): EntitySelector(
            EntitySelectorConfig(filter=EntityWithDeviceFilterSelectorConfig(domain="sensor"))
        ),
        vol.Optional(CONF_QUANTITY): SelectSelector(
            SelectSelectorConfig(
                options=list(OBSERVABLES),
                translation_key="quantity",
                mode=SelectSelectorMode.DROPDOWN,
            )
        ),
    }
)


class SensorFlow(MeasuringFlow):
    """Adds one sensor, with what it observes."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin with the one form that there is."""
        return await self.async_step_sensor(user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Begin with what is known."""
        self._data = dict(self._get_reconfigure_subentry().data)
        return await self.async_step_sensor(user_input)

    async def async_step_sensor(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask which sensor it is, and what it observes if it does not say so itself."""
        errors: dict[str, str] = {}
        if user_input is not None:
            chosen = self._chosen(user_input)
            if not isinstance(chosen, str):
                self._take(*chosen)
                self._abort_if_known()
                return self._store(user_input[CONF_NAME])
            errors[CONF_QUANTITY if chosen == "no_quantity" else CONF_ENTITY_ID] = chosen
        return self.async_show_form(
            step_id="sensor",
            data_schema=self.add_suggested_values_to_schema(_FORM, user_input or self._known()),
            errors=errors,
        )

    def _chosen(self, wanted: dict[str, Any]) -> tuple[str, str] | str:
        """Return what the sensor observes and its registry id, or why it cannot be contributed."""
        chosen = choose(self.hass, wanted[CONF_ENTITY_ID])
        if isinstance(chosen, str):
            return chosen
        registry_id, state = chosen
        quantity = wanted.get(CONF_QUANTITY) or quantity_of(state)
        if quantity is None:
            return "no_quantity"
        return observation_problem(quantity, state) or (quantity, registry_id)

    def _take(self, quantity: str, registry_id: str) -> None:
        """Keep what was chosen; another quantity is another sensor to the co-op."""
        if self._data.get(CONF_QUANTITY) != quantity:
            self._data[CONF_DEVICE_NAME] = to_text(token_bytes(ID_LENGTH))
        self._data[CONF_QUANTITY] = quantity
        self._data[CONF_ENTITIES] = {quantity: registry_id}

    def _known(self) -> dict[str, Any]:
        """Return what is known of the sensor as a form has it."""
        if not self._changes:
            return {}
        quantity = self._data[CONF_QUANTITY]
        registry = er.async_get(self.hass)
        entity_id = er.async_resolve_entity_id(registry, self._data[CONF_ENTITIES][quantity])
        there = {CONF_ENTITY_ID: entity_id} if entity_id else {}
        title = self._get_reconfigure_subentry().title
        return {CONF_NAME: title, CONF_QUANTITY: quantity, **there}

    @override
    def _identity(self) -> str:
        registry_id: str = self._data[CONF_ENTITIES][self._data[CONF_QUANTITY]]
        return registry_id
