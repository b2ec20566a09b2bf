"""Sell surplus solar to the neighbours, and check every answer of the co-op's node."""

from typing import Final

from homeassistant.const import CONF_ADDRESS, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError

from .attestation import KeyUnreadableError, async_load_key, async_remove_key
from .const import CONF_COOP, CONF_MEMBER, DOMAIN
from .membership import DepinConfigEntry, Membership, MembershipState

PLATFORMS: Final = [Platform.SENSOR]


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
    entry.runtime_data = Membership(
        coop=coop,
        member=member,
        address=entry.data[CONF_ADDRESS],
        state=MembershipState.INVITED,
        key=key,
    )
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    # Home Assistant 2026.10 takes nothing but True for a success.
    return True


async def async_unload_entry(hass: HomeAssistant, entry: DepinConfigEntry) -> bool:
    """Stop showing a membership."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: DepinConfigEntry) -> None:
    """Erase the key of a home that was invited and never joined: nobody else knows it."""
    await async_remove_key(hass, entry.data[CONF_MEMBER])
