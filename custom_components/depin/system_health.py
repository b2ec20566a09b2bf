"""What the page on Home Assistant's health says of the co-ops, without what names them."""

import asyncio
from typing import Any, Final

from homeassistant.components import system_health
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .membership import DepinConfigEntry, Membership
from .outbox_state import STREAMS

_REACHABLE: Final = "ok"


@callback
def async_register(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
    register: system_health.SystemHealthRegistration,
) -> None:
    """Offer it."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Sum up all memberships; the node is asked while the page shows the rest."""
    entries: list[DepinConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    memberships = [entry.runtime_data for entry in entries]
    devices = [device for one in memberships for device in one.senses.devices.values()]
    answering = sum(device.metered.available is True for device in devices)
    waiting = [
        place
        for one in memberships
        for stream in STREAMS
        for place in await one.attestation.async_waiting(stream)
    ]
    checking = [one.verification for one in memberships if one.verification is not None]
    return {
        "memberships": len(memberships),
        "not_set_up": sum(
            entry.state is not ConfigEntryState.LOADED
            for entry in hass.config_entries.async_entries(DOMAIN)
        ),
        "can_reach_node": _async_reach(hass, memberships) if memberships else "unknown",
        "waiting": len(waiting),
        "devices": f"{answering}/{len(devices)}",
        "books_do_not_hold": sum(one.suspicion is not None for one in checking),
        "trading_halted": sum(
            one.trading is not None and one.trading.halted for one in memberships
        ),
    }


async def _async_reach(hass: HomeAssistant, memberships: list[Membership]) -> str | dict[str, str]:
    """Say whether all nodes can be reached, or what is wrong with the first that cannot."""
    answers = await asyncio.gather(
        *(system_health.async_check_can_reach_url(hass, one.address) for one in memberships)
    )
    return next((answer for answer in answers if answer != _REACHABLE), _REACHABLE)
