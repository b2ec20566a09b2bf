"""A member's devices: what is declared and said of them lands in the home's chain."""

import logging
from datetime import timedelta
from operator import methodcaller
from types import MappingProxyType
from typing import Any

import pytest
from homeassistant.components.diagnostics import REDACTED
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.depin.const import DOMAIN
from custom_components.depin.devices.awaited_counters import LONG_MS
from custom_components.depin.devices.points import NO_POINTS
from custom_components.depin.devices.sampler import SystemClock
from custom_components.depin.devices.value_gate import Fault
from custom_components.depin.diagnostics import async_get_device_diagnostics
from custom_components.depin.membership import Membership
from custom_components.depin.protocol.statements.bodies import Stream
from custom_components.depin.protocol.statements.envelope import read_statement
from custom_components.depin.protocol.statements.measuring import Device, Observations, Readings
from custom_components.depin.senses import Senses

from .test_entity_devices import COUNTER, add, the_device
from .test_reconfigure import let_it_be_a_member


@pytest.fixture
def meter(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> str:
    """Return the name of a counter that somebody else's integration has."""
    made = entity_registry.async_get_or_create("sensor", "other", "import")
    hass.states.async_set(made.entity_id, "1234.5", COUNTER)
    return made.entity_id


async def said(entry: MockConfigEntry) -> list[tuple[str, dict[str, Any]]]:
    """Return the kinds and bodies of all that waits to be delivered."""
    membership: Membership = entry.runtime_data
    found = []
    streams: tuple[Stream, ...] = ("trading", "metering")
    for stream in streams:
        places = await membership.attestation.async_waiting(stream)
        for place in places:
            wire = await membership.attestation.async_ask(methodcaller("wire", place))
            statement = read_statement(wire)
            assert statement.body, statement.lacks
            found.append((statement.kind, statement.body.to_json()))
    return found


async def test_a_member_declares_its_devices_and_says_what_they_read(
    hass: HomeAssistant, entry: MockConfigEntry, meter: str
) -> None:
    let_it_be_a_member(hass, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await add(hass, entry, "grid", import_wh=meter)
    name = the_device(entry).subentry.data["uses"][0]["device_name"]
    hass.states.async_set(meter, "1234.6", COUNTER)
    await hass.async_block_till_done()
    await hass.config_entries.async_reload(entry.entry_id)
    bodies = [body for kind, body in await said(entry) if kind == "device"]
    assert [(body["device"], body["role"]) for body in bodies] == [(name, "grid")]
    readings = [body for kind, body in await said(entry) if kind == "readings"]
    assert [body["device"] for body in readings] == [name]
    assert readings[0]["registers"]["import"][-1] == 1_234_600
    kept = await entry.runtime_data.samples.async_find(readings[0]["fine"]["root"])
    assert len(kept.samples) == readings[0]["fine"]["count"]

    # What is taken away is said to be no more, and nothing is said twice.
    hass.config_entries.async_remove_subentry(entry, next(iter(entry.subentries)))
    await hass.async_block_till_done()
    last = [body for kind, body in await said(entry) if kind == "device"][-1]
    assert (last["device"], last["retired"]) == (name, True)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_what_a_counter_showed_outlives_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, meter: str
) -> None:
    """A zero after it is still none."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await add(hass, entry, "sub", import_wh=meter)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=16))
    await hass.async_block_till_done(wait_background_tasks=False)
    hass.states.async_set(meter, "0", COUNTER)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert the_device(entry).metered.parts[0].shown.import_wh is None
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_the_owner_is_told_of_values_that_are_held_for_long(
    hass: HomeAssistant, entry: MockConfigEntry, meter: str, issue_registry: ir.IssueRegistry
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await add(hass, entry, "sub", import_wh=meter)
    senses: Senses = entry.runtime_data.senses
    key = the_device(entry).sampled.key
    senses.values_held_long(key, {"import_wh": Fault.JUMP})
    issue = issue_registry.async_get_issue(DOMAIN, f"values_held_{key}")
    assert issue
    assert issue.translation_placeholders == {
        "device": "Meter",
        "values": "import_wh rises by more than its limit allows",
    }
    senses.values_held_long(key, {})
    assert issue_registry.async_get_issue(DOMAIN, f"values_held_{key}") is None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_the_owner_is_told_of_a_grid_meter_that_does_not_count(
    hass: HomeAssistant, entry: MockConfigEntry, meter: str, issue_registry: ir.IssueRegistry
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await add(hass, entry, "grid", import_wh=meter)
    device = the_device(entry)
    awaited = device.sampled.awaited
    assert awaited
    device.metered.parts[0].shown = NO_POINTS
    now = SystemClock().steady()
    assert [awaited.unheard(at) for at in (now, now + LONG_MS)] == [(), ("import_wh",)]
    senses: Senses = entry.runtime_data.senses
    key = device.sampled.key
    for _ in range(2):
        senses.counters_unheard(key, ("import_wh",))
    issue = issue_registry.async_get_issue(DOMAIN, f"counters_unheard_{key}")
    assert issue
    assert issue.translation_placeholders == {"device": "Meter", "counters": "import_wh"}
    senses.counters_unheard(key, ())
    assert issue_registry.async_get_issue(DOMAIN, f"counters_unheard_{key}") is None
    # Whoever changes the device's settings has it looked at anew.
    senses.counters_unheard(key, ("import_wh",))
    await hass.config_entries.async_reload(entry.entry_id)
    assert issue_registry.async_get_issue(DOMAIN, f"counters_unheard_{key}") is None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_device_that_cannot_be_set_up_keeps_no_other_from_it(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    meter: str,
    issue_registry: ir.IssueRegistry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await add(hass, entry, "sub", import_wh=meter)
    settings = {"profile": "of_tomorrow", "options": {}, "uses": [], "points": {}}
    broken = ConfigSubentry(
        data=MappingProxyType(settings),
        subentry_type="modbus",
        title="Broken",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(entry, broken)
    await hass.async_block_till_done()
    (issue,) = (issue for issue in issue_registry.issues.values() if issue.domain == DOMAIN)
    assert issue.translation_key == "device_not_set_up"
    assert "of_tomorrow" in str(issue.translation_placeholders)
    assert the_device(entry).metered.available
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_diagnostics_of_one_device(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    meter: str,
    device_registry: dr.DeviceRegistry,
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await add(hass, entry, "sub", import_wh=meter)
    pages = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    told = [await async_get_device_diagnostics(hass, entry, page) for page in pages]
    shown = [device for page in told for device in page["devices"]]
    assert len(pages) == 2
    assert [device["settings"]["entities"] for device in shown] == [REDACTED]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_full_disk_keeps_no_device_from_being_read(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    meter: str,
    issue_registry: ir.IssueRegistry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class FullDisk:
        async def async_record(self, body: Readings | Observations | Device) -> None:
            raise OSError(28, "No space left on device", body.device)

    assert await hass.config_entries.async_setup(entry.entry_id)
    await add(hass, entry, "sub", import_wh=meter)
    senses = Senses(hass, entry)
    await senses.async_start(FullDisk())
    assert "What devices are cannot be written" in caplog.text
    (device,) = senses.devices.values()
    assert device.metered.available
    await senses.async_stop()
    issue = issue_registry.async_get_issue(DOMAIN, f"unwritten_{entry.entry_id}")
    assert issue
    assert issue.translation_placeholders
    assert "No space left" in issue.translation_placeholders["error"]
    senses.unwritten(None)
    assert issue_registry.async_get_issue(DOMAIN, f"unwritten_{entry.entry_id}") is None
    await hass.config_entries.async_unload(entry.entry_id)
