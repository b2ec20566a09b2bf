"""Adding a device that Home Assistant already has, as some of its entities."""

from secrets import token_bytes
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    TextSelector,
)

from .chosen_entity import choose
from .const import CONF_ENTITIES, CONF_IMPORT_ONLY, CONF_ROLE
from .device_flow import MOST_WATTS, DeviceFlow, grid_fault, role_field, whole
from .devices.points import Role
from .devices.roles import Use, counters
from .protocol.encoding import to_text
from .sensed_device import limit_of, uses_in
from .sources.entity_source import entity_problem, shows_value

_NAME_SIZE: Final = 16


class EntitiesFlow(DeviceFlow):
    """Adds entities as a device of one role, each in the place of a point."""

    _role: Role

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask what the device is in this home."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._role = Role(user_input[CONF_ROLE])
            if self._role is not Role.GRID or not self._other_grids():
                return await self.async_step_entities()
            errors[CONF_ROLE] = "second_grid"
        return self.async_show_form(
            step_id="user",
            data_schema=vol.Schema({vol.Required(CONF_ROLE): role_field(map(str, Role))}),
            errors=errors,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Begin with the entities: a device of another role is another device."""
        self._data = dict(self._get_reconfigure_subentry().data)
        self._role = uses_in(self._data)[0].role
        return await self.async_step_entities(user_input)

    async def async_step_entities(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask which entities stand for the device's counters, power and charge."""
        errors: dict[str, str] = {}
        if user_input is not None:
            given = {point: user_input[point] for point in self._fields() if point in user_input}
            registered: dict[str, str] = {}
            for point, entity_id in given.items():
                registry_id, problem = self._checked(point, entity_id)
                registered[point] = registry_id
                if problem:
                    errors[point] = problem
                elif registry_id in [each for name, each in registered.items() if name != point]:
                    errors[point] = "same_entity"
            if not given:
                errors["base"] = "no_entity"
            elif self._role is Role.GRID and not errors:
                fault = grid_fault(given, import_only=user_input[CONF_IMPORT_ONLY])
                if fault:
                    errors["base"] = fault
            if not errors:
                self._data[CONF_ENTITIES] = registered
                self._abort_if_known()
                return self._finish(user_input, [self._use()])
        fields: dict[Any, Any] = {
            vol.Required(CONF_NAME): TextSelector(),
            **{
                vol.Optional(point): EntitySelector(
                    EntitySelectorConfig(
                        filter=EntityWithDeviceFilterSelectorConfig(
                            domain="sensor", device_class=kind
                        )
                    )
                )
                for point, kind in self._fields().items()
            },
            vol.Optional(limit_of(self._role)): whole(1, MOST_WATTS, "W"),
        }
        if self._role is Role.GRID:
            fields[vol.Required(CONF_IMPORT_ONLY, default=False)] = BooleanSelector()
        return self.async_show_form(
            step_id="entities",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(fields), user_input or self._known()
            ),
            errors=errors,
        )

    def _fields(self) -> dict[str, SensorDeviceClass]:
        """Return the points that a device of this role can have, and the kind of their entities."""
        kinds = dict.fromkeys(counters(self._role), SensorDeviceClass.ENERGY)
        kinds["power_w"] = SensorDeviceClass.POWER
        if self._role is Role.BATTERY:
            kinds["soc_percent"] = SensorDeviceClass.BATTERY
        return kinds

    def _checked(self, point: str, entity_id: str) -> tuple[str, str | None]:
        """Return the registry id of an entity, and why it cannot stand for a point."""
        chosen = choose(self.hass, entity_id)
        if isinstance(chosen, str):
            return "", chosen
        registry_id, state = chosen
        problem = entity_problem(point, state)
        return registry_id, problem or (None if shows_value(point, state) else "no_value")

    def _known(self) -> dict[str, Any]:
        """Return what is known of the device as a form has it."""
        registry = er.async_get(self.hass)
        entities = {
            point: entity_id
            for point, registry_id in self._data.get(CONF_ENTITIES, {}).items()
            if (entity_id := er.async_resolve_entity_id(registry, registry_id))
        }
        plain = (limit_of(self._role), CONF_IMPORT_ONLY)
        rated = {name: self._data[name] for name in plain if name in self._data}
        title = {CONF_NAME: self._get_reconfigure_subentry().title} if self._changes else {}
        return {**title, **entities, **rated}

    def _use(self) -> Use:
        if self._changes:
            return uses_in(self._data)[0]
        return Use(self._role, self._role, to_text(token_bytes(_NAME_SIZE)))

    @override
    def _points(self) -> dict[str, list[str]]:
        return {self._role.value: sorted(self._data[CONF_ENTITIES])}

    @override
    def _identity(self) -> str:
        return " ".join(sorted(self._data[CONF_ENTITIES].values()))
