"""Sensors that measure no energy, contributed to the co-op."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.const import DOMAIN
from custom_components.depin.contributed_sensor import ContributedSensor
from custom_components.depin.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from custom_components.depin.protocol.statements.measuring import Device, Observations, Readings

from .test_reconfigure import let_it_be_a_member
from .test_senses import said

CELSIUS = {
    "device_class": "temperature",
    "unit_of_measurement": "°C",
    "state_class": "measurement",
}


@pytest.fixture
async def loaded(hass: HomeAssistant, entry: MockConfigEntry) -> AsyncIterator[MockConfigEntry]:
    """Return a member's entry that is set up, and unload it in the end."""
    let_it_be_a_member(hass, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


@pytest.fixture
def porch(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> str:
    """Return the name of a thermometer that somebody else's integration has."""
    made = entity_registry.async_get_or_create("sensor", "other", "porch")
    hass.states.async_set(made.entity_id, "21.35", CELSIUS)
    return made.entity_id


async def contribute(hass: HomeAssistant, entry: MockConfigEntry, **chosen: str) -> Any:  # noqa: ANN401 - a step of any kind
    """Contribute a sensor, or go as far as that is possible."""
    flows = hass.config_entries.subentries
    form: Any = await flows.async_init((entry.entry_id, "sensor"), context={"source": SOURCE_USER})
    assert (form["step_id"], form["errors"]) == ("sensor", {})
    form = await flows.async_configure(form["flow_id"], {"name": "Porch", **chosen})
    await hass.async_block_till_done()
    return form


def the_sensor(entry: MockConfigEntry) -> ContributedSensor:
    """Return the one sensor that there is."""
    (sensor,) = entry.runtime_data.senses.sensors.values()
    assert isinstance(sensor, ContributedSensor)
    return sensor


async def test_a_thermometer_is_contributed_and_may_be_renamed(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    porch: str,
    entity_registry: er.EntityRegistry,
) -> None:
    assert (await contribute(hass, loaded, entity_id=porch))["type"] == "create_entry"
    entity_registry.async_update_entity(porch, new_entity_id="sensor.renamed")
    hass.states.async_set("sensor.renamed", "70.25", {**CELSIUS, "unit_of_measurement": "°F"})
    await hass.async_block_till_done()
    state = hass.states.get("sensor.porch_contributed_value")
    assert state
    assert state.state == "21.25"
    assert state.attributes["unit_of_measurement"] == "°C"
    assert state.attributes["state_class"] == "measurement"
    device = the_sensor(loaded).subentry.data["device_name"]
    await hass.config_entries.async_reload(loaded.entry_id)
    (body,) = [body for kind, body in await said(loaded) if kind == "observations"]
    assert (body["device"], body["quantity"], body["unit"]) == (device, "temperature", "Cel")
    assert (body["scale"], body["values"]) == (-2, (2135,))
    assert not [kind for kind, _ in await said(loaded) if kind == "device"]


async def test_what_cannot_be_known_is_not_said(
    hass: HomeAssistant, loaded: MockConfigEntry, porch: str
) -> None:
    hass.states.async_set(porch, "-127", CELSIUS)
    await contribute(hass, loaded, entity_id=porch)
    for value in ("-127", "nan", "unavailable", "unknown", ""):
        hass.states.async_set(porch, value, CELSIUS)
        await hass.async_block_till_done()
        assert the_sensor(loaded).value is None
        state = hass.states.get("sensor.porch_contributed_value")
        assert state
        assert state.state == "unavailable"
    assert the_sensor(loaded).observed.close(2**52) is None


@pytest.mark.parametrize(
    ("attributes", "chosen", "errors"),
    [
        ({"unit_of_measurement": "°C"}, {}, {"quantity": "no_quantity"}),
        ({"device_class": "energy"}, {}, {"quantity": "no_quantity"}),
        ({"unit_of_measurement": "V"}, {"quantity": "temperature"}, {"entity_id": "wrong_unit"}),
        ({**CELSIUS, "unit_of_measurement": "V"}, {}, {"entity_id": "wrong_unit"}),
        (CELSIUS, {"quantity": "voltage"}, {"entity_id": "wrong_device_class"}),
        ({**CELSIUS, "state_class": "total"}, {}, {"entity_id": "wrong_state_class"}),
    ],
)
async def test_what_does_not_fit_is_refused_with_a_reason(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    porch: str,
    attributes: dict[str, str],
    chosen: dict[str, str],
    errors: dict[str, str],
) -> None:
    hass.states.async_set(porch, "21.35", attributes)
    form = await contribute(hass, loaded, entity_id=porch, **chosen)
    assert (form["type"], form["errors"]) == ("form", errors)


async def test_what_has_no_id_or_no_state_cannot_be_used(
    hass: HomeAssistant, loaded: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    hass.states.async_set("sensor.plain", "1", CELSIUS)
    form = await contribute(hass, loaded, entity_id="sensor.plain")
    assert form["errors"] == {"entity_id": "not_registered"}
    silent = entity_registry.async_get_or_create("sensor", "other", "silent").entity_id
    form = await contribute(hass, loaded, entity_id=silent)
    assert form["errors"] == {"entity_id": "no_state"}
    hass.states.async_set(silent, "unavailable")
    form = await contribute(hass, loaded, entity_id=silent, quantity="ozone")
    assert form["errors"] == {"entity_id": "no_state"}


async def test_a_sensor_that_does_not_say_what_it_is_can_be_told(
    hass: HomeAssistant, loaded: MockConfigEntry, porch: str
) -> None:
    hass.states.async_set(porch, "0.2314", {"unit_of_measurement": "kV"})
    await contribute(hass, loaded, entity_id=porch, quantity="voltage")
    assert the_sensor(loaded).value == 231.4


async def test_the_wind_blows_from_an_angle(
    hass: HomeAssistant, loaded: MockConfigEntry, porch: str
) -> None:
    wind = {
        "device_class": "wind_direction",
        "unit_of_measurement": "°",
        "state_class": "measurement_angle",
    }
    hass.states.async_set(porch, "359.96", wind)
    await contribute(hass, loaded, entity_id=porch)
    state = hass.states.get("sensor.porch_contributed_value")
    assert state
    assert (state.state, state.attributes["state_class"]) == ("360.0", "measurement_angle")


async def test_the_same_sensor_is_contributed_once(
    hass: HomeAssistant, loaded: MockConfigEntry, porch: str
) -> None:
    await contribute(hass, loaded, entity_id=porch)
    form = await contribute(hass, loaded, entity_id=porch)
    assert (form["type"], form["reason"]) == ("abort", "already_configured")
    form = await contribute(hass, loaded, entity_id="sensor.porch_contributed_value")
    assert form["errors"] == {"entity_id": "own_entity"}


async def test_another_sensor_can_be_chosen_later(
    hass: HomeAssistant, loaded: MockConfigEntry, porch: str, entity_registry: er.EntityRegistry
) -> None:
    """The same quantity goes on under its name; another is another device to the co-op."""
    await contribute(hass, loaded, entity_id=porch)
    before = the_sensor(loaded).subentry
    named = before.data["device_name"]
    other = entity_registry.async_get_or_create("sensor", "other", "new").entity_id
    hass.states.async_set(other, "7", CELSIUS)
    humid = entity_registry.async_get_or_create("sensor", "other", "humid").entity_id
    hass.states.async_set(humid, "55", {"unit_of_measurement": "%", "device_class": "humidity"})
    entity_registry.async_remove(porch)
    names = []
    for chosen in ({"entity_id": other}, {"entity_id": humid, "quantity": "humidity"}):
        flows = hass.config_entries.subentries
        form: Any = await flows.async_init(
            (loaded.entry_id, "sensor"),
            context={"source": SOURCE_RECONFIGURE, "subentry_id": before.subentry_id},
        )
        form = await flows.async_configure(form["flow_id"], {"name": "New", **chosen})
        assert form["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        names.append(the_sensor(loaded).subentry.data["device_name"])
    assert names[0] == named != names[1]
    assert (the_sensor(loaded).value, the_sensor(loaded).subentry.title) == (55.0, "New")


async def test_a_sensor_that_is_gone_or_unfit_is_said(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    porch: str,
    entity_registry: er.EntityRegistry,
    issue_registry: ir.IssueRegistry,
) -> None:
    await contribute(hass, loaded, entity_id=porch)
    sensor = the_sensor(loaded)
    issue = f"entity_unfit_{sensor.subentry.subentry_id}_temperature"
    hass.states.async_set(porch, "unavailable")
    await hass.async_block_till_done()
    assert issue_registry.async_get_issue(DOMAIN, issue) is None
    hass.states.async_set(porch, "21", {**CELSIUS, "unit_of_measurement": "V"})
    await hass.async_block_till_done()
    assert issue_registry.async_get_issue(DOMAIN, issue)
    assert sensor.value is None
    hass.states.async_set(porch, "21", CELSIUS)
    await hass.async_block_till_done()
    assert issue_registry.async_get_issue(DOMAIN, issue) is None
    entity_registry.async_remove(porch)
    await hass.async_block_till_done()
    assert issue_registry.async_get_issue(DOMAIN, issue)


async def test_diagnostics_name_no_entity(
    hass: HomeAssistant, loaded: MockConfigEntry, porch: str, device_registry: dr.DeviceRegistry
) -> None:
    await contribute(hass, loaded, entity_id=porch)
    told = await async_get_config_entry_diagnostics(hass, loaded)
    (sensor,) = told["sensors"]
    assert sensor["value"] == 21.35
    assert sensor["capture"]["entities"]["temperature"][:2] == ["21.35", "°C"]
    assert "sensor." not in str(told)
    pages = dr.async_entries_for_config_entry(device_registry, loaded.entry_id)
    by_page = [await async_get_device_diagnostics(hass, loaded, page) for page in pages]
    assert [each for page in by_page for each in page["sensors"]] == [sensor]


async def test_a_full_disk_keeps_what_was_observed(
    hass: HomeAssistant, loaded: MockConfigEntry, porch: str, caplog: pytest.LogCaptureFixture
) -> None:
    class FullDisk:
        async def async_record(self, body: Readings | Observations | Device) -> None:
            raise OSError(28, "No space left on device", body.device)

    await contribute(hass, loaded, entity_id=porch)
    senses = loaded.runtime_data.senses
    end = int(dt_util.utcnow().timestamp() * 1000) + 1000
    await senses.sampler.close(end, FullDisk(), None)
    assert "kept in memory" in caplog.text
    assert the_sensor(loaded).observed.close(end)
    # Without a recorder, before the home has joined, it is nothing to the co-op.
    await senses.sampler.close(end, None, None)
    assert the_sensor(loaded).observed.close(end) is None
    assert not [each for each in caplog.records if each.exc_info]
