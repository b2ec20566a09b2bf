"""Adding devices with registers: by a profile, or by SunSpec."""

from typing import Any, Final, override

import voluptuous as vol
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_PORT, CONF_TYPE, CONF_VERIFY_SSL
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SerialPortSelector,
    TextSelector,
)

from .const import (
    CONF_BASE,
    CONF_BAUDRATE,
    CONF_LINK,
    CONF_PARITY,
    CONF_POLL_SECONDS,
    CONF_PROFILE,
    CONF_STOPBITS,
    CONF_UNIT,
    CONF_UNITS,
)
from .device_flow import ProfileFlow, whole
from .devices.points import Role, SilentError
from .devices.roles import METERS
from .devices.sampler import POLL_MS
from .sources.links import PARITIES, Link, LinkKind
from .sources.shared_modbus import async_modbus_probe

_DEFAULT_PORTS: Final = {LinkKind.TLS: 802}
_LAST_UNIT: Final = 255
_LAST_REGISTER: Final = 0xFFFF
_UNIT_OF: Final = "unit_of_"
_LINKS: Final = SelectSelector(SelectSelectorConfig(options=list(LinkKind), translation_key="link"))
_PARITIES: Final = SelectSelector(
    SelectSelectorConfig(options=list(PARITIES), translation_key="parity")
)


class RegistersFlow(ProfileFlow):
    """Asks how a device with registers is reached, and reads it once."""

    _kind: LinkKind
    _given: dict[str, Any] | None = None
    """The address at which the device said that another choice fits it."""

    @override
    async def _async_after_choices(self) -> SubentryFlowResult:
        if self._kind is LinkKind.SERIAL:
            return await self.async_step_serial(self._given)
        return await self.async_step_network(self._given)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Begin with what is known."""
        self._data = dict(self._get_reconfigure_subentry().data)
        return await self.async_step_link(user_input)

    async def async_step_link(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask what carries Modbus to the device."""
        if user_input is not None:
            self._kind = LinkKind(user_input[CONF_TYPE])
            return await self.async_step_choices()
        before = self._data.get(CONF_LINK, {}).get(CONF_TYPE, LinkKind.TCP.value)
        return self.async_show_form(
            step_id="link",
            data_schema=vol.Schema({vol.Required(CONF_TYPE, default=before): _LINKS}),
        )

    async def async_step_network(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the device's address in the network."""
        port = _DEFAULT_PORTS.get(self._kind, self._profile.reading.get("port", 502))
        fields: dict[Any, Any] = {
            vol.Required(CONF_HOST): TextSelector(),
            vol.Required(CONF_PORT, default=port): whole(1, 0xFFFF),
        }
        if self._kind is LinkKind.TLS:
            fields[vol.Required(CONF_VERIFY_SSL, default=True)] = BooleanSelector()
        return await self._async_address("network", fields, user_input)

    async def async_step_serial(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the serial line, and how it is set."""
        fields: dict[Any, Any] = {
            vol.Required(CONF_DEVICE): SerialPortSelector(),
            vol.Required(CONF_BAUDRATE, default=9600): whole(300, 1_000_000),
            vol.Required(CONF_PARITY, default="none"): _PARITIES,
            vol.Required(CONF_STOPBITS, default=1): whole(1, 2),
        }
        return await self._async_address("serial", fields, user_input)

    async def _async_address(
        self, step: str, fields: dict[Any, Any], given: dict[str, Any] | None
    ) -> SubentryFlowResult:
        """Ask for the fields of a link and for the units behind it, until the device answers."""
        errors: dict[str, str] = {}
        why = ""
        link_fields = [str(field) for field in fields]
        fields[vol.Required(CONF_UNIT, default=self._profile.unit_id or 1)] = whole(0, _LAST_UNIT)
        for name in self._profile.units:
            fields[vol.Optional(_UNIT_OF + name)] = whole(0, _LAST_UNIT)
        if self._profile.transport == "sunspec":
            fields[vol.Optional(CONF_BASE)] = whole(0, _LAST_REGISTER)
        if given is not None:
            link = {name: given[name] for name in link_fields}
            self._data[CONF_LINK] = {CONF_TYPE: self._kind.value, **link}
            self._data[CONF_UNIT] = given[CONF_UNIT]
            self._data[CONF_UNITS] = {
                name: given[_UNIT_OF + name]
                for name in self._profile.units
                if _UNIT_OF + name in given
            }
            self._data.pop(CONF_BASE, None)
            if CONF_BASE in given:
                self._data[CONF_BASE] = given[CONF_BASE]
            self._data.setdefault(CONF_POLL_SECONDS, POLL_MS // 1000)
            problem, why = await self._async_probe()
            if problem is None:
                self._abort_if_known()
                if self._told and self._given is None and not self._keeps_choices():
                    self._given = given
                    return await self.async_step_choices()
                return await self.async_step_roles()
            errors["base"] = problem
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(fields), given or self._known()
            ),
            errors=errors,
            description_placeholders={
                "device": self._profile.name,
                "notes": "\n".join(f"- {note}" for note in self._profile.notes) or "-",
                "error": why,
            },
        )

    def _known(self) -> dict[str, Any]:
        """Return what is known of the device's address as a form has it."""
        units = {_UNIT_OF + name: unit for name, unit in self._data.get(CONF_UNITS, {}).items()}
        own = {name: self._data[name] for name in (CONF_UNIT, CONF_BASE) if name in self._data}
        return {**self._data.get(CONF_LINK, {}), **own, **units}

    async def _async_probe(self) -> tuple[str | None, str]:
        """Read the device once; return what is wrong, if anything, and why."""
        link = Link.of(self._data[CONF_LINK])
        try:
            async with async_modbus_probe(self.hass, self._profile, link, self._data) as source:
                if await source.is_another() and not await source.told():
                    return "another_device", self._profile.identified_by
                self._reading = await source.read()
                self._told = await source.told()
                self._takes_limit = await source.takes_limit()
        except SilentError as error:
            return "no_answer", str(error)
        except HomeAssistantError as error:
            return "link_in_use", str(error)
        return None, ""

    @override
    def _identity(self) -> str:
        serial = self._reading.flat.serial
        if serial:
            return f"{self._profile.key} {serial}"
        return f"{Link.of(self._data[CONF_LINK]).place} {self._data[CONF_UNIT]}"


class ModbusFlow(RegistersFlow):
    """Adds a device that has a profile of its registers."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which device it is."""
        if user_input is not None:
            self._data[CONF_PROFILE] = user_input[CONF_PROFILE]
            return await self.async_step_link()
        return self.async_show_form(
            step_id="user",
            data_schema=vol.Schema(
                {vol.Required(CONF_PROFILE): await self._async_profiles({"modbus"})}
            ),
        )


class SunSpecFlow(RegistersFlow):
    """Adds a device that describes its own registers."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin with the one profile that there is."""
        self._data[CONF_PROFILE] = "sunspec"
        return await self.async_step_link(user_input)

    @override
    def _could_count(self, part: Role) -> set[str]:
        """Count as what may come the other counter of a meter: 0 is SunSpec's word for none yet."""
        there = super()._could_count(part)
        both = {"import_wh", "export_wh"}
        return there | both if part in METERS and there & both else there

    @override
    def _points(self) -> dict[str, list[str]]:
        return {
            part: sorted({*seen, *self._could_count(Role(part))})
            for part, seen in super()._points().items()
        }
