"""Reading registers: short replies, refusals, silence, and how few requests it takes."""

import pytest
from modbus_connection import (
    IllegalDataAddressError,
    ModbusError,
    ModbusProtocolError,
    ModbusTimeoutError,
    ServerDeviceBusyError,
)

from custom_components.depin.devices.points import Points, Role
from custom_components.depin.devices.profiles import ProfileError, load
from custom_components.depin.devices.register_device import RegisterDevice

from .captures import words

SDM = {
    address: word
    for start, value in {52: 700.0, 70: 50.0, 72: 1.5, 74: 2.5}.items()
    for address, word in enumerate(words("float32", value), start)
}
GOOD = Points(power_w=700, import_wh=1500, export_wh=2500, frequency_hz=50.0)


class Device:
    """A device that serves some registers, refuses others, and can be made to misbehave."""

    def __init__(self, served: dict[int, int]) -> None:
        self.served = served
        self.asked: list[tuple[int, int]] = []
        self.fault: Exception | None = None
        self.faulty: int | None = None
        self.short = 0
        self.gaps_are_refused = False

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        return await self.read_input_registers(address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        self.asked.append((address, count))
        if self.fault and self.faulty in {None, address}:
            raise self.fault
        wanted = range(address, address + count)
        if not any(each in self.served for each in wanted) or (
            self.gaps_are_refused and not all(each in self.served for each in wanted)
        ):
            raise IllegalDataAddressError
        return [self.served.get(each, 0) for each in wanted][: count - self.short]


def sdm(device: Device) -> RegisterDevice:
    return RegisterDevice(load("eastron_sdm630"), {"": device})


async def test_neighbours_are_read_in_one_request() -> None:
    device = Device(SDM)
    assert (await sdm(device).read()).flat == GOOD
    assert device.asked == [(52, 2), (70, 6)]


async def test_what_lies_between_may_be_refused() -> None:
    served = {
        address: word
        for start in (19_068, 19_076)
        for address, word in enumerate(words("float32", start), start)
    }
    device = Device(served)
    device.gaps_are_refused = True
    meter = RegisterDevice(load("janitza_umg"), {"": device})
    expected = Points(import_wh=19_068, export_wh=19_076)
    assert (await meter.read()).flat == expected
    assert (19_068, 10) in device.asked
    device.asked.clear()
    assert (await meter.read()).flat == expected
    assert sorted(device.asked) == [(19_068, 2), (19_076, 2)]


async def test_a_refused_point_is_absent_and_not_asked_for_again() -> None:
    device = Device({address: word for address, word in SDM.items() if address not in {74, 75}})
    device.gaps_are_refused = True
    meter = sdm(device)
    assert (await meter.read()).flat == Points(power_w=700, import_wh=1500, frequency_hz=50.0)
    device.asked.clear()
    await meter.read()
    assert (74, 2) not in device.asked


async def test_a_device_that_refuses_everything_has_no_roles() -> None:
    reading = await sdm(Device({})).read()
    assert reading.flat == Points()
    assert Role.GRID not in reading.parts


async def test_a_short_reply_is_no_reading() -> None:
    device = Device(SDM)
    device.short = 1
    with pytest.raises(ModbusProtocolError, match="2 registers were asked for at 52"):
        await sdm(device).read()


async def test_words_that_are_none_are_no_reading() -> None:
    with pytest.raises(ModbusProtocolError):
        await sdm(Device(SDM | {52: 70_000})).read()


@pytest.mark.parametrize("fault", [ModbusTimeoutError(), ServerDeviceBusyError()])
async def test_silence_is_no_reading_and_hides_nothing_later(fault: ModbusError) -> None:
    device = Device(SDM)
    meter = sdm(device)
    device.fault = fault
    with pytest.raises(type(fault)):
        await meter.read()
    device.fault = None
    assert (await meter.read()).flat == GOOD


@pytest.mark.parametrize("fault", [ModbusTimeoutError(), ServerDeviceBusyError()])
async def test_silence_is_no_refusal_of_what_is_read_alone(fault: ModbusError) -> None:
    device = Device({address: word for address, word in SDM.items() if address not in {72, 73}})
    device.gaps_are_refused = True
    meter = sdm(device)
    assert (await meter.read()).flat == Points(power_w=700, export_wh=2500, frequency_hz=50.0)
    device.fault, device.faulty = fault, 74
    with pytest.raises(type(fault)):
        await meter.read()
    device.fault = None
    assert (await meter.read()).flat.export_wh == 2500


async def test_keba_is_asked_for_one_value_at_a_time() -> None:
    values = {1000: 3, 1004: 7, 1014: 1, 1016: 314_340, 1020: 1000, 1036: 10, 1502: 20}
    served = {
        address: word
        for start, value in values.items()
        for address, word in enumerate(words("uint32", value), start)
    }
    device = Device(served)
    points = (await RegisterDevice(load("keba_p30_p40_modbus"), {"": device}).read()).flat
    assert (points.power_w, points.import_wh, points.session_wh) == (1, 1, 2)
    assert {count for _, count in device.asked} == {2}


async def test_each_value_comes_from_its_own_unit() -> None:
    system = Device({820: 5, 821: 0, 822: 0})
    grid = Device(dict(enumerate([*words("uint32", 100), *words("uint32", 200)], 2634)))
    units = {"": system, "grid": grid}
    points = (await RegisterDevice(load("victron_gx_modbus"), units).read()).parts[Role.GRID]
    assert points == Points(power_w=5, import_wh=1000, export_wh=2000)
    assert {address for address, _ in grid.asked} == {2634}


def test_only_profiles_with_registers_are_read_from_them() -> None:
    with pytest.raises(ProfileError, match="by mqtt"):
        RegisterDevice(load("evcc_mqtt"), {"": Device({})})
