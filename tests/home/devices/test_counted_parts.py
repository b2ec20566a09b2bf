"""A total that lacks a part is missing, whatever the rest of it says, over a restart too."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from custom_components.depin.devices.capture import Capture
from custom_components.depin.devices.learned import Learned
from custom_components.depin.devices.points import Points, Role
from custom_components.depin.devices.profiles import load
from custom_components.depin.devices.register_device import RegisterDevice
from custom_components.depin.devices.sunspec import SunSpecDevice

from .captures import capture, registers
from .sunspec_maps import common, inputs, inverter, sunspec_map


class Changing:
    """A unit whose registers change between two readings."""

    def __init__(self, now: dict[str, Any]) -> None:
        self.now: Capture = capture(now)

    def become(self, now: dict[str, Any]) -> None:
        self.now = capture(now)

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        return await self.now.read_holding_registers(address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        return await self.now.read_input_registers(address, count)


def restarted(learned: Learned) -> Learned:
    """Return what a restarted home knows: what was written to its disk."""
    return Learned.of(json.loads(json.dumps(learned.to_json())))


def hybrid(*strings: int, watts: int = 0) -> dict[str, Any]:
    """Return a Fronius with strings that have counted so many Wh, and its battery."""
    modules = [(f"MPPT {number}", watts, wh) for number, wh in enumerate(strings, start=1)]
    battery = [("StCha 3", 0, 900), ("StDisCha 4", 200, 800)]
    return sunspec_map(common("Fronius"), inverter(300, 99_000_000), inputs([*modules, *battery]))


@pytest.mark.parametrize("silent", [(70_000, 0), (70_000, 0xFFFF_FFFF), (0, 0)])
async def test_a_string_that_falls_silent_leaves_production_missing(silent: Sequence[int]) -> None:
    unit = Changing(hybrid(70_000, 30_000))
    device = SunSpecDevice(unit)
    assert (await device.read()).parts[Role.PRODUCTION].production_wh == 100_000
    unit.become(hybrid(*silent))
    reading = await device.read()
    assert reading.parts[Role.PRODUCTION].production_wh is None
    assert reading.flat.production_wh is None
    unit.become(hybrid(70_010, 30_005))
    assert (await device.read()).parts[Role.PRODUCTION].production_wh == 100_015


async def test_a_string_that_was_never_there_is_not_missed() -> None:
    device = SunSpecDevice(Changing(hybrid(70_000, 0)))
    for _ in range(2):
        assert (await device.read()).parts[Role.PRODUCTION].production_wh == 70_000


def phases(*counts: int) -> dict[str, Any]:
    """Return what a GX says of a solar inverter's phases, in hundredths of a kWh."""
    values = {1046 + 2 * place: ("uint32", count) for place, count in enumerate(counts)}
    return registers("holding", values)


async def test_a_phase_that_falls_silent_leaves_production_missing() -> None:
    unit = Changing(phases(100, 200, 300))
    device = RegisterDevice(load("victron_gx_modbus"), {"pvinverter": unit})
    assert (await device.read()).parts[Role.PRODUCTION] == Points(production_wh=6000)
    unit.become(phases(100, 0xFFFF_FFFF, 300))
    assert (await device.read()).parts[Role.PRODUCTION] == Points()
    unit.become(phases(100, 201, 300))
    assert (await device.read()).parts[Role.PRODUCTION] == Points(production_wh=6010)


async def test_an_inverter_of_one_phase_counts() -> None:
    unit = Changing(phases(100, 0xFFFF_FFFF, 0xFFFF_FFFF))
    device = RegisterDevice(load("victron_gx_modbus"), {"pvinverter": unit})
    for _ in range(2):
        assert (await device.read()).parts[Role.PRODUCTION] == Points(production_wh=1000)


async def test_a_string_that_is_silent_when_the_home_starts_anew_is_missed() -> None:
    unit = Changing(hybrid(70_000, 30_000))
    before, device = SunSpecDevice(unit), SunSpecDevice(unit)
    assert (await before.read()).flat.production_wh == 100_000
    unit.become(hybrid(70_000, 0))
    device.learned = restarted(before.learned)
    assert (await device.read()).flat.production_wh is None
    unit.become(hybrid(70_010, 30_005))
    assert (await device.read()).flat.production_wh == 100_015


async def test_a_string_with_power_but_without_a_count_is_missed_at_once() -> None:
    device = SunSpecDevice(Changing(hybrid(70_000, 0, watts=300)))
    production = (await device.read()).parts[Role.PRODUCTION]
    assert (production.production_wh, production.power_w) == (None, 600)


async def test_a_phase_that_is_silent_when_the_home_starts_anew_is_missed() -> None:
    unit = Changing(phases(100, 200, 300))
    profile = load("victron_gx_modbus")
    before, device = (RegisterDevice(profile, {"pvinverter": unit}) for _ in range(2))
    assert (await before.read()).flat.production_wh == 6000
    unit.become(phases(100, 0xFFFF_FFFF, 300))
    device.learned = restarted(before.learned)
    assert (await device.read()).flat.production_wh is None


def seen(watts: int) -> dict[str, Any]:
    """Return an inverter of 800 W from its strings, which shows no battery of its own."""
    strings = [("s1", 500, 40_000), ("s2", 300, 30_000)]
    return sunspec_map(common("SolarEdge"), inverter(watts, 123_000), inputs(strings))


async def test_a_battery_that_was_once_seen_behind_an_inverter_outlives_a_restart() -> None:
    unit = Changing(seen(800))
    device, again = SunSpecDevice(unit), SunSpecDevice(unit)
    assert (await device.read()).flat.production_wh == 123_000
    unit.become(seen(-3000))
    assert (await device.read()).flat.production_wh == 70_000
    unit.become(seen(800))
    again.learned = restarted(device.learned)
    assert [(await each.read()).flat.production_wh for each in (device, again)] == [70_000] * 2
