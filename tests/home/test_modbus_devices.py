"""Devices with registers over real sockets: added, read, and faulty in every way."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any, Final

import pytest
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.devices.points import Role
from custom_components.depin.sensed_device import SensedDevice

from .devices.captures import registers
from .devices.sunspec_maps import Block, common, inverter, meter, ports, sunspec_map
from .played_device import Fault, PlayedDevice, played

pytestmark = pytest.mark.usefixtures("socket_enabled", "impatient")


def hybrid(wh: int = 5_000_000, *, moved: bool = False) -> dict[str, Any]:
    """Return a SunSpec inverter with panels, a battery and a meter."""
    between = [Block(64_001, [1] * 7)] if moved else []
    return sunspec_map(
        common("Maker", "Hybrid 10", "S-1"),
        *between,
        inverter(4000, wh),
        ports([(0, 5000, wh, 0), (1, -1000, 200_000, 300_000)]),
        meter(-700, 40_000, 60_000),
    )


def sdm630(imported: float = 1234.5) -> dict[str, Any]:
    return registers(
        "input",
        {
            0: ("float32", 230.0),
            52: ("float32", -1234.0),
            70: ("float32", 50.0),
            72: ("float32", imported),
            74: ("float32", 0.25),
        },
    )


def shelly(total: float = 1000.0) -> dict[str, Any]:
    return registers(
        "input",
        {
            1013: ("float32", 345.0),
            1020: ("float32", 230.0),
            1162: ("float32", total),
            1164: ("float32", 20.0),
        },
        "little",
    )


def keba(total: int = 12_345_670) -> dict[str, Any]:
    return registers(
        "holding",
        {
            1000: ("uint32", 3),
            1004: ("uint32", 7),
            1014: ("uint32", 17_619_300),
            1016: ("uint32", 314_340),
            1020: ("uint32", 7_200_000),
            1036: ("uint32", total),
            1502: ("uint32", 54_320),
        },
    )


KINDS: Final[dict[str, tuple[str, str | None, Callable[[], dict[str, Any]]]]] = {
    "hybrid": ("sunspec", None, hybrid),
    "sdm630": ("modbus", "eastron_sdm630", sdm630),
    "shelly": ("modbus", "shelly_pro_3em_modbus", shelly),
    "keba": ("modbus", "keba_p30_p40_modbus", keba),
}
RIGHT: Final[dict[str, dict[Role, dict[str, int]]]] = {
    "hybrid": {
        Role.PRODUCTION: {"power_w": 5000, "production_wh": 5_000_000},
        Role.BATTERY: {"power_w": -1000, "charge_wh": 300_000, "discharge_wh": 200_000},
        Role.GRID: {"power_w": -700, "import_wh": 60_000, "export_wh": 40_000},
    },
    "sdm630": {Role.SUB: {"power_w": -1234, "import_wh": 1_234_500, "export_wh": 250}},
    "shelly": {Role.SUB: {"power_w": 345, "import_wh": 1000, "export_wh": 20}},
    "keba": {Role.CHARGER: {"power_w": 7200, "import_wh": 1_234_567, "session_wh": 5432}},
}
"""What each device shows; two of them would be the grid meter, which there is one of."""


class Street:
    """A home with all four devices, and the devices themselves."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        self.hass = hass
        self.entry = entry
        self.played: dict[str, PlayedDevice] = {}

    def device(self, kind: str) -> SensedDevice:
        (found,) = (
            device
            for device in self.entry.runtime_data.senses.devices.values()
            if device.subentry.data["link"]["port"] == self.played[kind].port
        )
        assert isinstance(found, SensedDevice)
        return found

    def shown(self, kind: str) -> dict[Role, dict[str, int | None]]:
        """Return the numbers that a device shows, those that were right at first alone."""
        device = self.device(kind)
        return {
            role: {name: getattr(device.shown(role), name) for name in numbers}
            for role, numbers in RIGHT[kind].items()
        }

    async def look(self) -> None:
        """Read all devices once."""
        sampler = self.entry.runtime_data.senses.sampler
        await asyncio.gather(*(sampler.look_at(self.device(kind).sampled) for kind in KINDS))


async def add(
    hass: HomeAssistant, entry: MockConfigEntry, kind: str, port: int, rated: int | None = None
) -> Any:  # noqa: ANN401 - a step of any kind
    """Go through the flow that adds a device, up to the question of its roles or past it."""
    transport, profile, _ = KINDS[kind]
    flows = hass.config_entries.subentries
    form: Any = await flows.async_init((entry.entry_id, transport), context={"source": SOURCE_USER})
    if profile:
        assert form["step_id"] == "user"
        form = await flows.async_configure(form["flow_id"], {"profile": profile})
    assert form["step_id"] == "link"
    form = await flows.async_configure(form["flow_id"], {"type": "tcp"})
    if form["step_id"] == "choices":
        form = await flows.async_configure(form["flow_id"], {})
    assert form["step_id"] == "network"
    unit = form["data_schema"]({"host": "127.0.0.1", "port": port})["unit"]
    form = await flows.async_configure(
        form["flow_id"], {"host": "127.0.0.1", "port": port, "unit": unit}
    )
    if rated and form["step_id"] == "roles":
        form = await flows.async_configure(form["flow_id"], {"name": kind, "rated_power": rated})
    return form


@pytest.fixture
async def street(hass: HomeAssistant, entry: MockConfigEntry) -> AsyncIterator[Street]:
    """Return a home in which all four devices were added by hand, and read once."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    made = Street(hass, entry)
    async with AsyncExitStack() as all_played:
        for kind, (_, _, capture) in KINDS.items():
            device = await all_played.enter_async_context(played(PlayedDevice.of(capture())))
            made.played[kind] = device
            result = await add(hass, entry, kind, device.port, 22_000)
            assert result["type"] == "create_entry", result
            await hass.async_block_till_done()
        await made.look()
        yield made
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def test_four_devices_are_added_and_show_what_they_say(street: Street) -> None:
    for kind, right in RIGHT.items():
        assert street.shown(kind) == right
    roles = [use["role"] for sub in street.entry.subentries.values() for use in sub.data["uses"]]
    assert sorted(roles) == ["battery", "charger", "grid", "production", "sub", "sub"]


async def test_what_they_show_is_seen_in_home_assistant(
    street: Street, entity_registry: er.EntityRegistry
) -> None:
    shown = {
        found.unique_id.partition("_")[2]: state.state
        for found in er.async_entries_for_config_entry(entity_registry, street.entry.entry_id)
        if found.config_subentry_id == street.device("keba").subentry.subentry_id
        and (state := street.hass.states.get(found.entity_id))
    }
    assert shown == {
        "charger_power": "7200",
        "charger_energy": "1234.567",
        "charger_session": "5.432",
        "status": "charging",
        "plugged": "on",
        "charging": "on",
    }


@pytest.mark.parametrize("fault", [each for each in Fault if each is not Fault.NONE])
async def test_a_faulty_wire_makes_values_missing_and_never_wrong(
    street: Street, fault: Fault
) -> None:
    for device in street.played.values():
        device.fault = fault
        if fault is Fault.REFUSED_CONNECTION:
            await device.cut()
    await street.look()
    for kind, right in RIGHT.items():
        for role, numbers in street.shown(kind).items():
            for name, number in numbers.items():
                assert number in {None, right[role][name]}, (kind, name)
    for device in street.played.values():
        device.fault = Fault.NONE
    await street.look()
    for kind, right in RIGHT.items():
        assert street.shown(kind) == right, kind


async def test_zeros_at_wake_up_are_not_taken(street: Street) -> None:
    street.played["hybrid"].put(hybrid(0))
    street.played["sdm630"].put(sdm630(0))
    street.played["shelly"].put(shelly(0))
    street.played["keba"].put(keba(0))
    for _ in range(3):
        await street.look()
    assert street.shown("hybrid")[Role.PRODUCTION]["production_wh"] is None
    assert street.shown("sdm630")[Role.SUB]["import_wh"] is None
    assert street.shown("shelly")[Role.SUB]["import_wh"] is None
    assert street.shown("keba")[Role.CHARGER]["import_wh"] is None
    assert street.shown("sdm630")[Role.SUB]["export_wh"] == 250


@pytest.mark.parametrize(
    ("kind", "role", "wrapped"),
    [
        ("keba", Role.CHARGER, keba(70)),
        ("shelly", Role.SUB, shelly(7)),
        ("sdm630", Role.SUB, sdm630(0.007)),
    ],
)
async def test_a_counter_that_wraps_is_held_until_three_answers_agree(
    street: Street, kind: str, role: Role, wrapped: dict[str, Any]
) -> None:
    street.played[kind].put(wrapped)
    await street.look()
    assert street.shown(kind)[role]["import_wh"] is None
    await street.look()
    assert street.shown(kind)[role]["import_wh"] == 7


async def test_a_map_that_moved_is_found_again(street: Street) -> None:
    street.played["hybrid"].put(hybrid(moved=True))
    await street.look()
    assert street.shown("hybrid") == RIGHT["hybrid"]
