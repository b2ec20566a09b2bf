"""Home Assistant's shared Modbus connections, asked for when the first device needs one."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.importlib import async_import_module
from homeassistant.requirements import async_get_integration_with_requirements

from ..const import CONF_LINK
from ..devices.learned import Learned
from ..devices.profiles import Profile
from .links import Link

if TYPE_CHECKING:
    from .modbus_source import ModbusSource


async def async_modbus_source(
    hass: HomeAssistant,
    entry: ConfigEntry,
    profile: Profile,
    data: Mapping[str, Any],
    learned: Learned,
) -> ModbusSource:
    """Return a device on a connection that lives as long as the entry is loaded.

    Raises HomeAssistantError where the connection is in use with other settings.
    """
    modbus = await _async_modbus(hass)
    from . import modbus_source  # noqa: PLC0415 - its library has come with modbus just now

    params = modbus_source.params_of(Link.of(data[CONF_LINK]))
    return modbus_source.ModbusSource(
        profile, lambda number: modbus.async_get_unit(hass, entry, params, number), data, learned
    )


@asynccontextmanager
async def async_modbus_probe(
    hass: HomeAssistant, profile: Profile, link: Link, data: Mapping[str, Any]
) -> AsyncIterator[ModbusSource]:
    """Give a device on a connection for as long as a flow looks at it.

    Raises HomeAssistantError where the connection is in use with other settings.
    """
    modbus = await _async_modbus(hass)
    from . import modbus_source  # noqa: PLC0415 - its library has come with modbus just now

    params = modbus_source.params_of(link)
    async with AsyncExitStack() as held:
        units = {
            number: await held.enter_async_context(
                modbus.async_get_temporary_unit(hass, params, number)
            )
            for number in modbus_source.unit_numbers(data)
        }
        yield modbus_source.ModbusSource(profile, units.__getitem__, data, Learned())


async def _async_modbus(hass: HomeAssistant) -> Any:  # noqa: ANN401 - its type is not there yet
    """Return Home Assistant's modbus, with what it needs installed.

    As a dependency it would keep us from loading whenever a hub of the owner's is broken.
    """
    integration = await async_get_integration_with_requirements(hass, "modbus")
    component = await integration.async_get_component()
    await async_import_module(hass, f"{__package__}.modbus_source")
    return component
