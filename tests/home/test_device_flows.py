"""What is asked of a device with registers, and what is said when it does not fit."""

from typing import Any, Final

import pytest
from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from modbus_connection import ModbusSerialParams
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.devices.capture import parse_capture, replay
from custom_components.depin.devices.points import Points, Role
from custom_components.depin.devices.profiles import load
from custom_components.depin.sensed_device import SensedDevice
from custom_components.depin.sources import modbus_source

from .devices.sunspec_maps import common, inputs, inverter, meter, sunspec_map
from .played_device import PlayedDevice, played
from .test_modbus_devices import hybrid, keba, sdm630, shelly

pytestmark = pytest.mark.usefixtures("socket_enabled", "impatient")

HOST: Final = "127.0.0.1"
NAN_BEGINS: Final = 0x7FC0


async def answered(
    hass: HomeAssistant, entry: MockConfigEntry, kind: str, *answers: dict[str, Any]
) -> Any:  # noqa: ANN401 - a step of any kind
    """Begin to add a device, and give answers."""
    flows = hass.config_entries.subentries
    form: Any = await flows.async_init((entry.entry_id, kind), context={"source": SOURCE_USER})
    for answer in answers:
        form = await flows.async_configure(form["flow_id"], answer)
    await hass.async_block_till_done()
    return form


def the_device(entry: MockConfigEntry) -> SensedDevice:
    """Return the one device that there is."""
    (device,) = entry.runtime_data.senses.devices.values()
    assert isinstance(device, SensedDevice)
    return device


async def test_nobody_there(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    async with played(PlayedDevice()) as device:
        port = device.port
    where = {"host": HOST, "port": port, "unit": 1}
    form = await answered(
        hass, loaded, "modbus", {"profile": "eastron_sdm630"}, {"type": "tcp"}, where
    )
    assert form["errors"] == {"base": "no_answer"}
    assert str(port) in form["description_placeholders"]["error"]


async def test_another_device(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    wrong = sdm630()
    wrong["input"]["70"] = 0
    async with played(PlayedDevice.of(wrong)) as device:
        where = {"host": HOST, "port": device.port, "unit": 1}
        form = await answered(
            hass, loaded, "modbus", {"profile": "eastron_sdm630"}, {"type": "tcp"}, where
        )
        assert form["errors"] == {"base": "another_device"}


async def test_a_device_that_settles_a_disagreement_is_asked_about_once(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    made = keba()
    made["holding"] |= {"1016": 62, "1017": 60_224, "1018": 0, "1019": 10_200}
    async with played(PlayedDevice.of(made)) as device:
        where = {"host": HOST, "port": device.port, "unit": 255}
        chosen: dict[str, Any] = {"profile": "keba_p30_p40_modbus"}
        form: Any = await answered(hass, loaded, "modbus", chosen, {"type": "tcp"}, {}, where)
        assert form["step_id"] == "choices"
        assert "This device says: **Wh**" in form["description_placeholders"]["choices"]
        flows = hass.config_entries.subentries
        # What is suggested is what an empty answer takes.
        form = await flows.async_configure(form["flow_id"], {})
        assert form["step_id"] == "roles"
        assert "12345670" in form["description_placeholders"]["seen"]
        form = await flows.async_configure(form["flow_id"], {"name": "Garage"})
        assert form["type"] == "create_entry"
        await hass.async_block_till_done()
        stored = the_device(loaded).subentry
        assert stored.data["options"] == {"counters": "Wh"}
        # Whoever insists on another choice is believed, and not asked again while it stays.
        change: Any = await flows.async_init(
            (loaded.entry_id, "modbus"),
            context={"source": SOURCE_RECONFIGURE, "subentry_id": stored.subentry_id},
        )
        for answer in ({"type": "tcp"}, {"counters": "0.1 Wh"}, where):
            change = await flows.async_configure(change["flow_id"], answer)
        assert change["step_id"] == "choices"
        change = await flows.async_configure(change["flow_id"], {"counters": "0.1 Wh"})
        assert change["step_id"] == "roles"
        change = await flows.async_configure(change["flow_id"], {"name": "Garage"})
        assert change["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        change = await flows.async_init(
            (loaded.entry_id, "modbus"),
            context={"source": SOURCE_RECONFIGURE, "subentry_id": stored.subentry_id},
        )
        for answer in ({"type": "tcp"}, {"counters": "0.1 Wh"}, where):
            change = await flows.async_configure(change["flow_id"], answer)
        assert change["step_id"] == "roles"


async def test_a_hybrid_that_is_seen_to_be_one_is_asked_about(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    strings = inputs([("1", 500, 40_000), ("2", 300, 30_000)])
    made = sunspec_map(common("SolarEdge", "SE10K", "S-9"), inverter(-5008, 100_000), strings)
    async with played(PlayedDevice.of(made)) as device:
        where = {"host": HOST, "port": device.port, "unit": 1}
        form: Any = await answered(hass, loaded, "sunspec", {"type": "tcp"}, {}, where)
        assert form["step_id"] == "choices"
        assert "This device says: **dc**" in form["description_placeholders"]["choices"]
        flows = hass.config_entries.subentries
        form = await flows.async_configure(form["flow_id"], {})
        assert "production_wh 70000" in form["description_placeholders"]["seen"]


async def test_a_device_without_any_value(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    async with played(PlayedDevice()) as device:
        where = {"host": HOST, "port": device.port, "unit": 1}
        form = await answered(hass, loaded, "sunspec", {"type": "tcp"}, {}, where)
        assert form["errors"] == {"base": "no_answer"}
        assert "SunSpec" in form["description_placeholders"]["error"]


async def test_a_line_that_is_none(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    serial = {"device": "/dev/null", "parity": "none", "stopbits": 1, "unit": 1}
    form = await answered(
        hass,
        loaded,
        "modbus",
        {"profile": "eastron_sdm630"},
        {"type": "serial"},
        {**serial, "baudrate": 9600},
    )
    assert form["errors"] == {"base": "no_answer"}


async def test_nobody_there_with_tls(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    async with played(PlayedDevice()) as device:
        port = device.port
    for verify in (True, False):
        form = await answered(
            hass,
            loaded,
            "modbus",
            {"profile": "eastron_sdm630"},
            {"type": "tls"},
            {"host": HOST, "port": port, "unit": 1, "verify_ssl": verify},
        )
        assert form["errors"] == {"base": "no_answer"}


async def test_a_part_can_be_left_unused_but_not_all(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    async with played(PlayedDevice.of(hybrid())) as device:
        where = {"host": HOST, "port": device.port, "unit": 1, "base": 40_000}
        none = {"production": "unused", "battery": "unused", "grid": "unused"}
        form = await answered(
            hass, loaded, "sunspec", {"type": "tcp"}, {}, where, {"name": "Roof", **none}
        )
        assert form["errors"] == {"base": "nothing_used"}
        form = await hass.config_entries.subentries.async_configure(
            form["flow_id"], {"name": "Roof", **none, "production": "production"}
        )
        assert form["type"] == "create_entry"
        await hass.async_block_till_done()
        (use,) = the_device(loaded).subentry.data["uses"]
        assert use["role"] == "production"
        await loaded.runtime_data.senses.sampler.look_at(the_device(loaded).sampled)
        capture = the_device(loaded).source.capture()
        assert capture["meta"] == {"unit": 1, "base": 40_000}
        # The serial number S-1 is hidden, the model is not.
        assert capture["holding"]["40052"] == 0
        assert capture["holding"]["40020"] != 0
        again = await replay(parse_capture(capture), load("sunspec"), {})
        assert again.parts[Role.PRODUCTION].production_wh == 5_000_000
        assert again.flat.model == "Hybrid 10"


async def test_the_same_device_is_added_once(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    async with played(PlayedDevice.of(keba())) as device:
        steps = (
            {"profile": "keba_p30_p40_modbus"},
            {"type": "tcp"},
            {"counters": "0.1 Wh"},
            {"host": HOST, "port": device.port, "unit": 255},
        )
        form = await answered(
            hass, loaded, "modbus", *steps, {"name": "Box", "charger": "charger", "turned": False}
        )
        assert form["type"] == "create_entry"
        form = await answered(hass, loaded, "modbus", *steps)
        assert (form["type"], form["reason"]) == ("abort", "already_configured")
        capture = the_device(loaded).source.capture()
        assert capture["holding"]["1014"] == capture["holding"]["1015"] == 0


async def test_a_second_grid_meter_is_refused_and_another_role_suggested(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    async with played(PlayedDevice.of(sdm630())) as first, played(PlayedDevice.of(shelly())) as two:
        steps = ({"profile": "eastron_sdm630"}, {"type": "tcp"})
        one = {"name": "One", "grid": "grid", "turned": False, "poll_seconds": 30}
        form = await answered(
            hass, loaded, "modbus", *steps, {"host": HOST, "port": first.port, "unit": 1}, one
        )
        assert form["type"] == "create_entry"
        assert the_device(loaded).sampled.poll_ms == 30_000
        form = await answered(
            hass,
            loaded,
            "modbus",
            {"profile": "shelly_pro_3em_modbus"},
            {"type": "tcp"},
            {},
            {"host": HOST, "port": two.port, "unit": 1},
        )
        assert form["data_schema"]({})["grid"] == "sub"
        form = await hass.config_entries.subentries.async_configure(
            form["flow_id"], {"name": "Two", "grid": "grid", "turned": False}
        )
        assert form["errors"] == {"base": "second_grid"}


def counted(exported: int, imported: int) -> dict[str, Any]:
    """Return a SunSpec meter that has counted so many Wh; 0 is the word for "not counted"."""
    return sunspec_map(common("Maker", "Meter", "M-1"), meter(230, exported, imported))


@pytest.mark.parametrize("import_only", [False, True])
async def test_a_new_homes_meter_that_has_never_fed_in_is_its_grid_meter(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    import_only: bool,  # noqa: FBT001
) -> None:
    """Its export is read from the first Wh on, or never where the owner says so."""
    async with played(PlayedDevice.of(counted(0, 1_000))) as device:
        where = {"host": HOST, "port": device.port, "unit": 1}
        chosen = {"name": "Meter", "grid": "grid", "turned": False, "import_only": import_only}
        form = await answered(hass, loaded, "sunspec", {"type": "tcp"}, {}, where, chosen)
        assert form["type"] == "create_entry"
        there = the_device(loaded)
        assert there.declared[0].import_only is import_only
        assert (Role.GRID, "export_wh") in there.points
        assert there.shown(Role.GRID).export_wh is None
        device.put(counted(1, 1_000))
        await loaded.runtime_data.senses.sampler.look_at(there.sampled)
        assert there.shown(Role.GRID).export_wh == 1


async def test_a_grid_meter_that_counts_nothing_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    async with played(PlayedDevice.of(counted(0, 0))) as device:
        where = {"host": HOST, "port": device.port, "unit": 1}
        chosen = {"name": "Meter", "grid": "grid", "turned": False}
        form = await answered(hass, loaded, "sunspec", {"type": "tcp"}, {}, where, chosen)
        assert form["errors"] == {"base": "no_import"}


async def test_a_grid_meter_without_a_register_of_export_needs_the_owners_word(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    meter_of_old = sdm630()
    meter_of_old["input"]["74"] = NAN_BEGINS
    async with played(PlayedDevice.of(meter_of_old)) as device:
        where = {"host": HOST, "port": device.port, "unit": 1}
        chosen = {"name": "Meter", "grid": "grid", "turned": False}
        form = await answered(
            hass, loaded, "modbus", {"profile": "eastron_sdm630"}, {"type": "tcp"}, where, chosen
        )
        assert form["errors"] == {"base": "no_export"}
        flows = hass.config_entries.subentries
        form = await flows.async_configure(form["flow_id"], {**chosen, "turned": True})
        assert form["errors"] == {"base": "no_import"}
        form = await flows.async_configure(form["flow_id"], {**chosen, "import_only": True})
        assert form["type"] == "create_entry"
        await hass.async_block_till_done()
        assert the_device(loaded).declared[0].import_only


async def test_the_houses_meter_is_not_bound_by_what_the_inverter_can(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    async with played(PlayedDevice.of(hybrid())) as device:
        where = {"host": HOST, "port": device.port, "unit": 1}
        form = await answered(hass, loaded, "sunspec", {"type": "tcp"}, {}, where)
        fields = {str(field) for field in form["data_schema"].schema}
        assert {"rated_power", "connection_power"} < fields
        form = await hass.config_entries.subentries.async_configure(
            form["flow_id"], {"name": "Roof", "rated_power": 3000, "connection_power": 43_500}
        )
        assert form["type"] == "create_entry"
        await hass.async_block_till_done()
        bounds = {each.role: each.nameplate for each in the_device(loaded).declared}
        assert bounds == {"production": 3000, "battery": 3000, "grid": 43_500}
        car = Points(power_w=11_000)
        believed = {
            str(part.use.role): part.gate.judge(car, 1).points.power_w
            for part in the_device(loaded).metered.parts
        }
        assert believed == {"production": None, "battery": None, "grid": 11_000}


async def test_a_device_can_move_and_take_another_role(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    flows = hass.config_entries.subentries
    async with played(PlayedDevice.of(sdm630())) as device:
        form = await answered(
            hass,
            loaded,
            "modbus",
            {"profile": "eastron_sdm630"},
            {"type": "rtu_over_tcp"},
        )
        assert form["step_id"] == "network"
        form = await answered(
            hass,
            loaded,
            "modbus",
            {"profile": "eastron_sdm630"},
            {"type": "tcp"},
            {"host": HOST, "port": device.port, "unit": 1},
            {"name": "Meter", "grid": "grid", "turned": False, "connection_power": 9000},
        )
        known = the_device(loaded).subentry
        name = known.data["uses"][0]["device_name"]
    async with played(PlayedDevice.of(sdm630())) as device:
        form = await flows.async_init(
            (loaded.entry_id, "modbus"),
            context={"source": SOURCE_RECONFIGURE, "subentry_id": known.subentry_id},
        )
        assert form["step_id"] == "link"
        form = await flows.async_configure(form["flow_id"], {"type": "tcp"})
        form = await flows.async_configure(
            form["flow_id"], {"host": HOST, "port": device.port, "unit": 1}
        )
        assert form["step_id"] == "roles"
        form = await flows.async_configure(
            form["flow_id"], {"name": "Panels", "grid": "production", "turned": True}
        )
        assert form["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        after = the_device(loaded).subentry
        assert after.title == "Panels"
        # In another role it is another device.
        assert after.data["uses"][0]["device_name"] != name
        await loaded.runtime_data.senses.sampler.look_at(the_device(loaded).sampled)
        shown = the_device(loaded).metered.parts[0].shown
        assert (shown.power_w, shown.production_wh) == (1234, 250)


async def test_a_part_that_is_left_out_stays_out(
    hass: HomeAssistant, loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    flows = hass.config_entries.subentries
    async with played(PlayedDevice.of(hybrid())) as device:
        where = {"host": HOST, "port": device.port, "unit": 1}
        chosen = {"name": "Roof", "production": "production", "turned": False}
        await answered(
            hass,
            loaded,
            "sunspec",
            {"type": "tcp"},
            {},
            where,
            {**chosen, "battery": "unused", "grid": "unused"},
        )
        form: Any = await flows.async_init(
            (loaded.entry_id, "sunspec"),
            context={
                "source": SOURCE_RECONFIGURE,
                "subentry_id": the_device(loaded).subentry.subentry_id,
            },
        )
        for answer in ({"type": "tcp"}, {}, where):
            form = await flows.async_configure(form["flow_id"], answer)
        suggested = form["data_schema"]({})
        assert (suggested["production"], suggested["battery"]) == ("production", "unused")
        # What is known of the device is looked at anew after a while.
        monkeypatch.setattr(modbus_source, "TRUSTED_S", 0.0)
        await loaded.runtime_data.senses.sampler.look_at(the_device(loaded).sampled)
        assert the_device(loaded).shown(Role.PRODUCTION).production_wh == 5_000_000


async def test_units_behind_a_device_are_asked_for(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    form = await answered(
        hass, loaded, "modbus", {"profile": "victron_gx_modbus"}, {"type": "tcp"}, {}
    )
    fields = {str(field) for field in form["data_schema"].schema}
    assert {"unit_of_grid", "unit_of_pvinverter", "unit_of_evcharger"} <= fields


async def test_a_line_that_is_in_use_with_other_settings(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    fast = ModbusSerialParams(device="/dev/null", baudrate=115_200)
    async with async_get_temporary_unit(hass, fast, 1):
        form = await answered(
            hass,
            loaded,
            "modbus",
            {"profile": "eastron_sdm630"},
            {"type": "serial"},
            {"device": "/dev/null", "baudrate": 9600, "parity": "none", "stopbits": 1, "unit": 1},
        )
    assert form["errors"] == {"base": "link_in_use"}


async def test_a_device_is_asked_no_faster_than_it_can_bear(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    async with played(PlayedDevice()) as device:
        port = device.port
    form = await answered(hass, loaded, "modbus", {"profile": "huawei_sun2000"}, {"type": "tcp"})
    if form["step_id"] == "choices":
        form = await hass.config_entries.subentries.async_configure(form["flow_id"], {})
    form = await hass.config_entries.subentries.async_configure(
        form["flow_id"], {"host": HOST, "port": port, "unit": 1}
    )
    assert form["errors"] == {"base": "no_answer"}


async def test_panels_alone_cannot_be_turned(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    panels = sunspec_map(common("Maker", "Roof 5", ""), inverter(4000, 5_000_000))
    async with played(PlayedDevice.of(panels)) as device:
        where = {"host": HOST, "port": device.port, "unit": 1}
        form = await answered(hass, loaded, "sunspec", {"type": "tcp"}, {}, where)
        fields = {str(field) for field in form["data_schema"].schema}
        assert fields == {"name", "production", "rated_power", "poll_seconds"}
        form = await hass.config_entries.subentries.async_configure(
            form["flow_id"], {"name": "Roof", "production": "production"}
        )
        assert form["type"] == "create_entry"
        await hass.async_block_till_done()
        # What names no serial number is told from others by its address.
        assert the_device(loaded).subentry.unique_id == f"{HOST}:{device.port} 1"
