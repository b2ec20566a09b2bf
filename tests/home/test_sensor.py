"""The sensors of a membership."""

import json
from pathlib import Path

from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_component import DATA_INSTANCES
from homeassistant.loader import async_get_integration
from pytest_homeassistant_custom_component.common import MockConfigEntry

import custom_components.depin as integration
from custom_components.depin.const import DOMAIN
from custom_components.depin.home_key import HomeKey
from custom_components.depin.market_sensor import COOP_SENSORS
from custom_components.depin.protocol.invite import Invite
from custom_components.depin.sensor import DEVICE_SENSORS, SENSORS

_FOLDER = Path(integration.__file__).parent


async def test_what_a_membership_shows(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    invite: Invite,
    key: HomeKey,
    entity_registry: er.EntityRegistry,
) -> None:
    """Two diagnostic sensors, named in English."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    shown = {
        found.unique_id: (state.name, state.state, found.entity_category)
        for found in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
        if (state := hass.states.get(found.entity_id))
    }
    prefix = f"{invite.coop}_{entry.data['member']}"
    diagnostic = EntityCategory.DIAGNOSTIC
    assert shown == {
        f"{prefix}_membership": ("node.example AAECAw Membership", "invited", diagnostic),
        f"{prefix}_key_fingerprint": (
            "node.example AAECAw Key",
            key.fingerprint,
            diagnostic,
        ),
    }


async def test_nothing_is_polled(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The entities wait to be told, and the integration says so of itself."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    entities = list(hass.data[DATA_INSTANCES]["sensor"].entities)
    assert len(entities) == len(SENSORS)
    assert not any(entity.should_poll for entity in entities)
    assert (await async_get_integration(hass, DOMAIN)).iot_class == "cloud_push"


async def test_the_co_op_is_a_device(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    invite: Invite,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Its page leads to the node."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert device.name == "node.example AAECAw"
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.configuration_url == invite.address
    assert device.model_id == invite.coop


def test_every_state_has_a_text() -> None:
    """The states that a sensor can take are those that English and the icons name."""
    texts = json.loads((_FOLDER / "translations/en.json").read_text())["entity"]["sensor"]
    icons = json.loads((_FOLDER / "icons.json").read_text())["entity"]["sensor"]
    with_states = {
        sensor.key: set(sensor.options)
        for sensor in (*SENSORS, *COOP_SENSORS, *DEVICE_SENSORS)
        if sensor.options
    }
    assert with_states == {
        key: set(text["state"]) for key, text in texts.items() if "state" in text
    }
    assert with_states == {
        key: set(icon["state"]) for key, icon in icons.items() if "state" in icon
    }
