"""Devices made of entities that Home Assistant already has."""

import asyncio
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.const import DOMAIN
from custom_components.depin.devices.points import Role
from custom_components.depin.diagnostics import async_get_config_entry_diagnostics
from custom_components.depin.sensed_device import SensedDevice
from custom_components.depin.sources.entity_source import entity_problem

COUNTER = {"unit_of_measurement": "kWh", "state_class": "total_increasing"}
POWER = {"unit_of_measurement": "W", "state_class": "measurement"}


@pytest.fixture
def meter(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> str:
    """Return the name of a counter that somebody else's integration has."""
    made = entity_registry.async_get_or_create("sensor", "other", "import")
    entity_registry.async_get_or_create("sensor", "other", "power")
    hass.states.async_set(made.entity_id, "1234.5", COUNTER)
    hass.states.async_set("sensor.other_power", "-200", POWER)
    return made.entity_id


async def add(hass: HomeAssistant, entry: MockConfigEntry, role: str, **entities: str) -> Any:  # noqa: ANN401 - a step of any kind
    """Add a device of entities, or go as far as that is possible."""
    flows = hass.config_entries.subentries
    form: Any = await flows.async_init(
        (entry.entry_id, "entities"), context={"source": SOURCE_USER}
    )
    form = await flows.async_configure(form["flow_id"], {"role": role})
    if form["step_id"] == "entities":
        limit = "connection_power" if role in {"grid", "sub", "feeder"} else "rated_power"
        word = {"import_only": True} if role == "grid" else {}
        form = await flows.async_configure(
            form["flow_id"], {"name": "Meter", limit: 20_000, **word, **entities}
        )
    await hass.async_block_till_done()
    return form


def the_device(entry: MockConfigEntry) -> SensedDevice:
    """Return the one device that there is."""
    (device,) = entry.runtime_data.senses.devices.values()
    assert isinstance(device, SensedDevice)
    return device


async def test_entities_become_a_grid_meter_and_may_be_renamed(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    meter: str,
    entity_registry: er.EntityRegistry,
) -> None:
    result = await add(hass, loaded, "grid", import_wh=meter, power_w="sensor.other_power")
    assert result["type"] == "create_entry"
    device = the_device(loaded)
    shown = device.shown(Role.GRID)
    assert (shown.import_wh, shown.power_w) == (1_234_500, -200)
    entity_registry.async_update_entity(meter, new_entity_id="sensor.renamed")
    hass.states.async_set("sensor.renamed", "1234.6", COUNTER)
    await hass.async_block_till_done()
    assert device.shown(Role.GRID).import_wh == 1_234_600
    state = hass.states.get("sensor.meter_grid_import")
    assert state
    assert state.state == "1234.6"
    assert device.source.capture()["entities"]["import_wh"][:2] == ["1234.6", "kWh"]


async def test_there_is_one_grid_meter(
    hass: HomeAssistant, loaded: MockConfigEntry, meter: str
) -> None:
    await add(hass, loaded, "grid", import_wh=meter)
    form = await add(hass, loaded, "grid", import_wh=meter)
    assert (form["step_id"], form["errors"]) == ("user", {"role": "second_grid"})


async def test_a_grid_meter_settles_with_both_counters_or_by_the_owners_word(
    hass: HomeAssistant, loaded: MockConfigEntry, meter: str
) -> None:
    form = await add(hass, loaded, "grid", power_w="sensor.other_power")
    assert form["errors"] == {"base": "no_import"}
    flows = hass.config_entries.subentries
    given = {"name": "Meter", "import_wh": meter}
    form = await flows.async_configure(form["flow_id"], {**given, "import_only": False})
    assert form["errors"] == {"base": "no_export"}
    form = await flows.async_configure(form["flow_id"], {**given, "import_only": True})
    assert form["type"] == "create_entry"
    await hass.async_block_till_done()
    (declared,) = the_device(loaded).declared
    assert declared.import_only
    assert declared.resolution == {"import": 1}


async def test_the_same_entities_are_one_device(
    hass: HomeAssistant, loaded: MockConfigEntry, meter: str
) -> None:
    await add(hass, loaded, "sub", import_wh=meter)
    form = await add(hass, loaded, "sub", import_wh=meter)
    assert (form["type"], form["reason"]) == ("abort", "already_configured")


async def a_moment() -> None:
    """Let the next report have an instant of its own: only one of a millisecond is heard."""
    await asyncio.sleep(0.002)


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ({**COUNTER, "unit_of_measurement": "m³"}, "wrong_unit"),
        ({**COUNTER, "state_class": "measurement"}, "wrong_state_class"),
        ({**COUNTER, "state_class": "total", "last_reset": "2026-11-20T00:00:00Z"}, "resets"),
    ],
)
async def test_what_cannot_count_is_refused_and_later_repaired(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    meter: str,
    issue_registry: ir.IssueRegistry,
    attributes: dict[str, str],
    problem: str,
) -> None:
    hass.states.async_set(meter, "1234.5", attributes)
    form = await add(hass, loaded, "grid", import_wh=meter)
    assert form["errors"] == {"import_wh": problem}

    hass.states.async_set(meter, "1234.5", COUNTER)
    assert (await add(hass, loaded, "grid", import_wh=meter))["type"] == "create_entry"
    device = the_device(loaded)
    issue = f"entity_unfit_{device.sampled.key}_import_wh"
    assert issue_registry.async_get_issue(DOMAIN, issue) is None
    await a_moment()
    hass.states.async_set(meter, "1234.6", attributes)
    await hass.async_block_till_done()
    assert issue_registry.async_get_issue(DOMAIN, issue)
    assert device.shown(Role.GRID).import_wh in {None, 1_234_500}
    await a_moment()
    hass.states.async_set(meter, "1234.7", COUNTER)
    await hass.async_block_till_done()
    assert issue_registry.async_get_issue(DOMAIN, issue) is None
    assert device.shown(Role.GRID).import_wh == 1_234_700


async def test_an_entity_that_is_set_back_is_held_and_said(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    meter: str,
    issue_registry: ir.IssueRegistry,
) -> None:
    await add(hass, loaded, "grid", import_wh=meter)
    device = the_device(loaded)
    hass.states.async_set(meter, "0", COUNTER)
    await hass.async_block_till_done()
    assert device.shown(Role.GRID).import_wh is None
    key = device.sampled.key
    set_back = f"entity_set_back_{key}_import_wh"
    assert issue_registry.async_get_issue(DOMAIN, set_back)
    # Nothing new was heard, so the value is not back.
    await loaded.runtime_data.senses.sampler.look_at(device.sampled)
    assert issue_registry.async_get_issue(DOMAIN, set_back)
    await asyncio.sleep(0.005)
    hass.states.async_set(meter, "1234.6", COUNTER)
    await hass.async_block_till_done()
    assert device.shown(Role.GRID).import_wh == 1_234_600
    assert issue_registry.async_get_issue(DOMAIN, set_back) is None
    for value in ("5", "5.001", "5.002"):
        await asyncio.sleep(0.005)
        hass.states.async_set(meter, value, COUNTER)
        await hass.async_block_till_done()
    assert issue_registry.async_get_issue(DOMAIN, f"counter_changed_{key}")


@pytest.mark.parametrize("gone", ["device", "co-op"])
async def test_what_was_said_of_a_device_goes_with_it(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    meter: str,
    issue_registry: ir.IssueRegistry,
    gone: str,
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await add(hass, entry, "grid", import_wh=meter)
    hass.states.async_set(meter, "0", COUNTER)
    await hass.async_block_till_done()
    assert [issue for domain, issue in issue_registry.issues if domain == DOMAIN]
    if gone == "device":
        hass.config_entries.async_remove_subentry(entry, next(iter(entry.subentries)))
    else:
        await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not [issue for domain, issue in issue_registry.issues if domain == DOMAIN]
    if gone == "device":
        await hass.config_entries.async_unload(entry.entry_id)


async def test_one_entity_cannot_be_import_and_export(
    hass: HomeAssistant, loaded: MockConfigEntry, meter: str
) -> None:
    form = await add(hass, loaded, "grid", import_wh=meter, export_wh=meter)
    assert form["errors"] == {"export_wh": "same_entity"}


async def test_an_entity_that_is_gone_is_said(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    meter: str,
    entity_registry: er.EntityRegistry,
    issue_registry: ir.IssueRegistry,
) -> None:
    await add(hass, loaded, "grid", import_wh=meter)
    entity_registry.async_remove(meter)
    hass.states.async_remove(meter)
    await hass.async_block_till_done()
    issue = f"entity_unfit_{the_device(loaded).sampled.key}_import_wh"
    assert issue_registry.async_get_issue(DOMAIN, issue)


async def test_what_has_no_id_or_no_state_cannot_be_used(
    hass: HomeAssistant, loaded: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    hass.states.async_set("sensor.plain", "1", COUNTER)
    form = await add(hass, loaded, "sub", import_wh="sensor.plain")
    assert form["errors"] == {"import_wh": "not_registered"}
    silent = entity_registry.async_get_or_create("sensor", "other", "silent").entity_id
    form = await add(hass, loaded, "sub", import_wh=silent)
    assert form["errors"] == {"import_wh": "no_state"}
    assert (await add(hass, loaded, "battery"))["errors"] == {"base": "no_entity"}


async def test_a_value_that_is_not_known_yet_is_no_fault(hass: HomeAssistant, meter: str) -> None:
    hass.states.async_set(meter, "unavailable")
    state = hass.states.get(meter)
    assert state
    assert entity_problem("import_wh", state) is None


async def test_other_entities_can_be_chosen_later(
    hass: HomeAssistant, loaded: MockConfigEntry, meter: str, entity_registry: er.EntityRegistry
) -> None:
    await add(hass, loaded, "grid", import_wh=meter)
    before = the_device(loaded).subentry
    uses = before.data["uses"]
    other = entity_registry.async_get_or_create("sensor", "other", "new").entity_id
    hass.states.async_set(other, "7", COUNTER)
    flows = hass.config_entries.subentries
    form: Any = await flows.async_init(
        (loaded.entry_id, "entities"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": before.subentry_id},
    )
    form = await flows.async_configure(
        form["flow_id"], {"name": "New", "import_wh": other, "import_only": True}
    )
    assert form["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    after = the_device(loaded)
    assert after.subentry.title == "New"
    assert after.subentry.data["uses"] == uses
    assert "connection_power" not in after.subentry.data


async def test_diagnostics_name_neither_the_home_nor_its_entities(
    hass: HomeAssistant, loaded: MockConfigEntry, meter: str
) -> None:
    await add(hass, loaded, "grid", import_wh=meter)
    told = await async_get_config_entry_diagnostics(hass, loaded)
    (device,) = told["devices"]
    assert device["parts"]["grid"]["import_wh"] == 1_234_500
    assert device["capture"]["entities"]["import_wh"][0] == "1234.5"
    for secret in (loaded.data["member"], loaded.data["invite_code"], "sensor."):
        assert secret not in str(told)


@pytest.mark.parametrize(
    ("state", "attributes", "problem"),
    [
        ("abc", COUNTER, "no_value"),
        ("-5", COUNTER, "no_value"),
        ("unavailable", {}, "no_state"),
        ("unavailable", COUNTER, None),
    ],
)
async def test_an_entity_has_to_show_what_it_could_be(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    meter: str,
    state: str,
    attributes: dict[str, str],
    problem: str | None,
) -> None:
    hass.states.async_set(meter, state, attributes)
    form = await add(hass, loaded, "sub", import_wh=meter)
    assert form.get("errors") == (None if problem is None else {"import_wh": problem})


async def test_our_own_entities_are_no_source(
    hass: HomeAssistant, loaded: MockConfigEntry, meter: str
) -> None:
    await add(hass, loaded, "sub", import_wh=meter)
    form = await add(hass, loaded, "sub", import_wh="sensor.meter_consumption")
    assert form["errors"] == {"import_wh": "own_entity"}
