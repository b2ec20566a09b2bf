"""Sell surplus solar to the neighbours, and check every answer of the co-op's node."""

from typing import Final

from homeassistant.const import CONF_ADDRESS, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError

from .attestation import KeyUnreadableError, async_load_key, async_remove_key
from .const import CONF_COOP, CONF_MEMBER, DOMAIN
from .device_memory import async_forget_devices
from .membership import DepinConfigEntry, Membership, MembershipState
from .senses import Senses

PLATFORMS: Final = [Platform.BINARY_SENSOR, Platform.SENSOR]


async def async_setup_entry(hass: HomeAssistant, entry: DepinConfigEntry) -> bool:
    """Take up a membership with the key that was made for it."""
    coop: str = entry.data[CONF_COOP]
    member: str = entry.data[CONF_MEMBER]
    try:
        key = await async_load_key(hass, coop, member)
    except KeyUnreadableError as error:
        raise ConfigEntryError(
            translation_domain=DOMAIN, translation_key="key_unreadable"
        ) from error
    senses = Senses(hass, entry)
    await senses.async_start()
    entry.runtime_data = Membership(
        coop=coop,
        member=member,
        address=entry.data[CONF_ADDRESS],
        state=MembershipState.INVITED,
        key=key,
        senses=senses,
    )
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(entry.add_update_listener(_async_devices_changed))
    # Home Assistant 2026.10 takes nothing but True for a success.
    return True


async def async_unload_entry(hass: HomeAssistant, entry: DepinConfigEntry) -> bool:
    """Stop reading a membership's devices and showing it."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.senses.async_stop()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: DepinConfigEntry) -> None:
    """Erase the key of a home that was invited and never joined: nobody else knows it."""
    await async_remove_key(hass, entry.data[CONF_MEMBER])
    await async_forget_devices(hass, entry)


async def _async_devices_changed(hass: HomeAssistant, entry: DepinConfigEntry) -> None:
    """Begin anew when a device was added, changed or taken away."""
    if entry.runtime_data.senses.are_outdated:
        hass.config_entries.async_schedule_reload(entry.entry_id)
