"""The sensors of a membership."""

import json
from datetime import timedelta
from pathlib import Path

from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_component import DATA_INSTANCES
from homeassistant.loader import async_get_integration
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

import custom_components.depin as integration
from custom_components.depin.const import CONF_SAMPLES_MIB, DOMAIN
from custom_components.depin.coop_sensor import COOP_SENSORS
from custom_components.depin.home_key import HomeKey
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
    """Three diagnostic sensors, named in English."""
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
        f"{prefix}_samples_thinned": (
            "node.example AAECAw Fine samples deleted before",
            "unknown",
            diagnostic,
        ),
    }


async def test_thinning_is_said(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """As soon as the oldest samples are deleted, the owner can see before when."""
    hass.config_entries.async_update_entry(entry, options={CONF_SAMPLES_MIB: 1})
    assert await hass.config_entries.async_setup(entry.entry_id)
    samples = entry.runtime_data.samples
    shown = "sensor.node_example_aaecaw_fine_samples_deleted_before"
    first_at = dt_util.utcnow()
    for _ in range(24):
        state = hass.states.get(shown)
        assert state
        assert state.state == "unknown"
        await samples.async_add("A" * 22, [bytes(60_000)])
        if samples.thinned_before:
            break
    state = hass.states.get(shown)
    assert state
    deleted_before = dt_util.parse_datetime(state.state, raise_on_error=True)
    assert first_at - timedelta(seconds=1) <= deleted_before <= dt_util.utcnow()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_nothing_is_polled(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The entities wait to be told, and the integration says so of itself."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    entities = list(hass.data[DATA_INSTANCES]["sensor"].entities)
    assert len(entities) == len(SENSORS) + 1
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
