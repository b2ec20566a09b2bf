"""Setting a membership up, unloading and removing it."""

from typing import Any

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.home_key import HomeKey
from custom_components.depin.membership import MembershipState, rooms
from custom_components.depin.protocol.invite import Invite


async def test_a_membership_is_set_up_and_unloaded(
    hass: HomeAssistant, entry: MockConfigEntry, invite: Invite, key: HomeKey
) -> None:
    """Its runtime data is what entry and store hold; it can be taken up again."""
    for _ in range(2):
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert entry.state is ConfigEntryState.LOADED
        membership = entry.runtime_data
        assert membership.coop == invite.coop
        assert membership.member == entry.data["member"]
        assert membership.address == invite.address
        assert membership.state is MembershipState.INVITED
        assert membership.key == key
        assert {state.state for state in hass.states.async_all("sensor")} == {
            "invited",
            key.fingerprint,
            "unknown",
        }

        assert await hass.config_entries.async_unload(entry.entry_id)
        assert entry.state is ConfigEntryState.NOT_LOADED
        assert {state.state for state in hass.states.async_all("sensor")} == {"unavailable"}


@pytest.mark.parametrize("stored", [None, "short", "!" * 43])
async def test_a_lost_key_is_said_and_not_replaced(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
    stored: str | None,
) -> None:
    """Set-up fails for good, and what is left of the key stays as it is."""
    name = f"depin.key.{entry.data['member']}"
    if stored is None:
        del hass_storage[name]
    else:
        hass_storage[name]["data"]["seeds"] = [stored]
    before = str(hass_storage.get(name))

    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "key_unreadable"
    assert str(hass_storage.get(name)) == before


async def test_removal_erases_the_key(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    """Nothing of a home that never joined stays behind."""
    name = f"depin.key.{entry.data['member']}"
    assert name in hass_storage
    assert await hass.config_entries.async_setup(entry.entry_id)
    places = rooms(hass, entry.data["member"])
    assert places.marker.exists()
    await hass.config_entries.async_remove(entry.entry_id)
    assert name not in hass_storage
    assert not places.marker.exists()
    assert not places.outbox.exists()
    assert not hass.states.async_all("sensor")


async def test_removal_works_without_a_key(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    """An entry whose key is lost can be removed."""
    del hass_storage[f"depin.key.{entry.data['member']}"]
    await hass.config_entries.async_remove(entry.entry_id)
    assert hass.config_entries.async_get_entry(entry.entry_id) is None
