"""SunSpec maps of all kinds, and what vendors do to them."""

from typing import Any

import pytest
from modbus_connection import ModbusError, ModbusTimeoutError, ServerDeviceBusyError
from modbus_connection.model.sunspec import SunSpecError

from custom_components.depin.devices.capture import Capture, replay
from custom_components.depin.devices.points import Points, PvString, Reading, Role, Status
from custom_components.depin.devices.profiles import load
from custom_components.depin.devices.sunspec import Settled, SunSpecDevice

from .captures import capture
from .sunspec_maps import (
    NOTHING,
    Block,
    block,
    common,
    inputs,
    inverter,
    meter,
    ports,
    sunspec_map,
)


async def read(*blocks: Block, base: int = 40_000, end: bool = True) -> Reading:
    made = capture(sunspec_map(*blocks, base=base, end=end))
    return await replay(made, load("sunspec"), {})


@pytest.mark.parametrize("base", [40_000, 0, 50_000, 4096])
async def test_a_map_is_found_at_any_base(base: int) -> None:
    reading = await read(common("Fronius", "Symo", "123"), inverter(1234, 56_789), base=base)
    assert reading.flat == Points(
        power_w=1234,
        production_wh=56_789,
        frequency_hz=50.02,
        status=Status.RUNNING,
        serial="123",
        model="Symo",
        manufacturer="Fronius",
    )


@pytest.mark.parametrize("model", [101, 102, 103])
async def test_every_integer_inverter(model: int) -> None:
    points = (await read(common("A"), inverter(-12, 99, model=model, sf=1, wh_sf=2))).flat
    assert (points.power_w, points.production_wh) == (-120, 9900)


@pytest.mark.parametrize("model", [111, 112, 113])
async def test_every_float_inverter(model: int) -> None:
    made = block(model, 60).put(22, "float32", 4321.5).put(24, "float32", 49.99)
    made.put(32, "float32", 1_234_567.0).put(48, "uint16", 2)
    points = (await read(common("A"), made)).flat
    assert (points.power_w, points.production_wh) == (4322, 1_234_567)
    assert (points.frequency_hz, points.status) == (49.99, Status.ASLEEP)


@pytest.mark.parametrize("model", [201, 202, 203, 204])
async def test_every_integer_meter(model: int) -> None:
    points = (await read(common("Fronius"), meter(-5, 1000, 2000, model=model, sf=1))).flat
    assert (points.power_w, points.export_wh, points.import_wh) == (-50, 1000, 2000)


@pytest.mark.parametrize("model", [211, 212, 213, 214])
async def test_every_float_meter(model: int) -> None:
    made = block(model, 124).put(28, "float32", -250.25)
    made.put(60, "float32", 5000.0).put(68, "float32", 7000.0)
    points = (await read(common("Fronius"), made)).flat
    assert (points.power_w, points.export_wh, points.import_wh) == (-250, 5000, 7000)


async def test_the_newer_models() -> None:
    ac = block(701).put(4, "uint16", 3).put(10, "int16", 305).put(116, "int16", 1)
    ac.put(17, "uint32", 50_010).put(115, "int16", -3)
    ac.put(19, "uint64", 123_456_789_012).put(23, "uint64", 5).put(120, "int16", -1)
    capacity = block(702).put(2, "uint16", 100).put(45, "int16", 2)
    points = (await read(common("Enphase"), ac, capacity)).flat
    assert points.power_w == 3050
    assert points.production_wh == 12_345_678_901
    assert (points.frequency_hz, points.status, points.rated_w) == (50.01, Status.RUNNING, 10_000)


@pytest.mark.parametrize(("model", "offset", "factor"), [(120, 3, 4), (121, 2, 22)])
async def test_rated_power(model: int, offset: int, factor: int) -> None:
    rating = block(model).put(offset, "uint16", 82).put(factor, "int16", 2)
    assert (await read(common("A"), inverter(1, 1), rating)).flat.rated_w == 8200


async def test_solaredge_turns_its_meter_round_and_a_hybrid_goes_negative() -> None:
    reading = await read(
        common("SolarEdge ", "SE10K"),
        inverter(-5008, 123_456, state=1),
        common("SolarEdge", "SE-MTR"),
        meter(-700, 10, 20),
    )
    assert reading.flat.power_w == -5008
    assert reading.flat.status is Status.OFF
    assert reading.flat.model == "SE10K"
    assert reading.parts[Role.GRID].power_w == 700
    assert reading.parts[Role.GRID].import_wh == 20
    # Nobody knows what the panels give while a battery behind them takes from the mains.
    assert reading.parts[Role.PRODUCTION].power_w is None
    assert len(reading.said) == 1


@pytest.mark.parametrize(("sign", "watts"), [("auto", 700), ("standard", -700), ("reversed", 700)])
async def test_the_owner_can_choose_the_meters_sign(sign: str, watts: int) -> None:
    made = capture(sunspec_map(common("SolarEdge"), meter(-700, 1, 1)))
    reading = await replay(made, load("sunspec", {"meter_sign": sign}), {})
    assert reading.flat.power_w == watts


async def test_of_several_meters_the_owner_chooses_one() -> None:
    made = capture(sunspec_map(common("A"), meter(1, 1, 1), meter(2, 2, 2)))
    devices = [SunSpecDevice(made, settled=Settled(meter=number)) for number in (1, 2, 3)]
    assert [(await each.read()).flat.power_w for each in devices] == [1, 2, None]


@pytest.mark.parametrize(("meter_option", "watts"), [("1", 1), ("2", 2), ("3", None)])
async def test_the_owners_choice_of_a_meter_counts(meter_option: str, watts: int | None) -> None:
    made = capture(sunspec_map(common("A"), meter(1, 1, 1), meter(2, 2, 2)))
    reading = await replay(made, load("sunspec", {"meter": meter_option}), {})
    assert reading.flat.power_w == watts


STRINGS = [("1", 500, 40_000), ("2", 300, 30_000)]


@pytest.mark.parametrize("watts", [-5008, 3000])
async def test_what_strings_cannot_give_or_take_is_a_batterys(watts: int) -> None:
    reading = await read(common("SolarEdge"), inverter(watts, 100_000), inputs(STRINGS))
    production = reading.parts[Role.PRODUCTION]
    assert (production.power_w, production.production_wh) == (800, 70_000)
    assert (reading.flat.power_w, reading.flat.production_wh) == (watts, 70_000)


@pytest.mark.parametrize(("option", "watts", "wh"), [("ac", 2000, 100_000), ("dc", 800, 70_000)])
async def test_the_owner_can_say_what_counts_as_production(
    option: str, watts: int, wh: int
) -> None:
    made = capture(sunspec_map(common("A"), inverter(2000, 100_000), inputs(STRINGS)))
    reading = await replay(made, load("sunspec", {"production": option}), {})
    production = reading.parts[Role.PRODUCTION]
    assert (production.power_w, production.production_wh) == (watts, wh)


async def test_a_battery_that_was_seen_once_stays() -> None:
    source = _Moving()
    source.now = capture(sunspec_map(common("A"), inverter(-900, 100_000), inputs(STRINGS)))
    device = SunSpecDevice(source)
    await device.read()
    source.now = capture(sunspec_map(common("A"), inverter(700, 100_000), inputs(STRINGS)))
    assert (await device.read()).flat.production_wh == 70_000


async def test_a_fronius_with_four_strings_has_no_battery_in_them() -> None:
    modules = [(f"MPPT {at}", 100, 10 * at) for at in (1, 2, 3, 4)]
    storage = block(124)
    reading = await read(common("Fronius"), inverter(390, 100_000), inputs(modules), storage)
    assert Role.BATTERY not in reading.parts
    assert len(reading.flat.strings) == 4


async def test_no_string_stands_behind_those_that_a_model_counts() -> None:
    made = inputs(STRINGS)
    assert len((await read(common("A"), inverter(490, 1), made)).flat.strings) == 2
    made.put(8, "uint16", 1)
    assert (await read(common("A"), inverter(490, 1), made)).flat.strings == (
        PvString(500, 40_000),
    )


async def test_a_port_of_no_kind_is_no_string() -> None:
    ac = block(701).put(10, "int16", 500).put(116, "int16", 0)
    made = ports([(0, 300, 11, 0), (NOTHING, 200, 22, 0)])
    assert (await read(common("A"), ac, made)).flat.strings == (PvString(300, 11),)
    made.put(4, "uint16", 1)
    made.put(45, "uint16", 0)
    assert (await read(common("A"), ac, made)).flat.strings == (PvString(300, 11),)


async def test_a_fronius_hybrid_by_the_names_of_its_inputs() -> None:
    reading = await read(
        common("Fronius", "GEN24"),
        inverter(3000, 900_000),
        inputs(
            [
                ("MPPT 1", 2000, 400_000),
                ("MPPT 2", NOTHING, 0),
                ("StCha 3", 500, 70_000),
                ("StDisCha 4", 0, 60_000),
            ],
            sf=0,
        ),
        block(124).put(8, "uint16", 535).put(22, "int16", -1),
    )
    battery, production = reading.parts[Role.BATTERY], reading.parts[Role.PRODUCTION]
    assert (battery.charge_wh, battery.discharge_wh) == (70_000, 60_000)
    assert (battery.power_w, battery.soc_percent) == (-500, 53.5)
    assert production == Points(
        power_w=2000, production_wh=400_000, strings=(PvString(2000, 400_000),)
    )
    assert reading.flat.power_w == 3000
    assert reading.flat.production_wh == 400_000


async def test_a_fronius_hybrid_by_the_places_of_its_inputs() -> None:
    modules = [("", 100, 1000), ("", 200, 2000), ("", 0, 30), ("", 40, 20)]
    storage = block(124).put(8, "uint16", 50).put(22, "int16", 0)
    reading = await read(common("Fronius"), inverter(1, 9), inputs(modules), storage)
    assert reading.parts[Role.BATTERY].power_w == 40
    assert [each.power_w for each in reading.flat.strings] == [100, 200]


async def test_plain_strings_leave_the_ac_side_as_it_is() -> None:
    made = inputs([("1", 150, 1000), ("2", 250, 2000)], sf=1, wh_sf=1)
    reading = await read(common("SMA"), inverter(3900, 50_000), made)
    assert reading.flat.strings == (PvString(1500, 10_000), PvString(2500, 20_000))
    assert (reading.flat.power_w, reading.flat.production_wh) == (3900, 50_000)


async def test_seven_inputs_take_more_than_one_request() -> None:
    made = inputs([(str(at), 100 + at, 1000 + at) for at in range(7)])
    strings = (await read(common("A"), inverter(1, 1), made)).flat.strings
    assert strings == tuple(PvString(100 + at, 1000 + at) for at in range(7))


async def test_an_odd_length_of_the_inputs_cuts_no_module_off() -> None:
    made = inputs([("1", 5, 6), ("2", 7, 8)], pad=1)
    strings = (await read(common("A"), made, inverter(1, 1))).flat.strings
    assert strings == (PvString(5, 6), PvString(7, 8))


async def test_ports_say_what_they_are() -> None:
    ac = block(701).put(10, "int16", 100).put(116, "int16", 0)
    ac.put(19, "uint64", 900).put(120, "int16", 0)
    storage = block(713).put(4, "uint16", 42).put(8, "int16", 0)
    reading = await read(
        common("SMA"), ac, storage, ports([(0, 300, 5000, 0), (1, -200, 700, 800)])
    )
    assert reading.parts[Role.PRODUCTION] == Points(
        power_w=300, production_wh=5000, strings=(PvString(300, 5000),)
    )
    assert reading.parts[Role.BATTERY] == Points(
        power_w=-200, charge_wh=800, discharge_wh=700, soc_percent=42.0
    )


@pytest.mark.parametrize(
    ("raw", "state", "watts"),
    [(500, 4, -500), (-500, 4, -500), (500, 3, 500), (-500, 3, 500), (-7, NOTHING, -7)],
)
async def test_a_battery_bank_says_which_way_it_goes(raw: int, state: int, watts: int) -> None:
    bank = block(802).put(11, "uint16", 77).put(56, "int16", 0)
    bank.put(16, "uint16", state).put(47, "int16", raw).put(63, "int16", 0)
    points = (await read(common("B"), bank)).flat
    assert (points.power_w, points.soc_percent) == (watts, 77.0)


async def test_sentinels_are_no_values() -> None:
    made = inverter(-0x8000, 0, state=NOTHING).put(16, "uint16", NOTHING)
    reading = await read(common("SMA", "", ""), made, meter(-0x8000, 0, 0), block(120))
    assert reading.flat == Points(manufacturer="SMA", frequency_hz=49.98)


@pytest.mark.parametrize("factor", [-0x8000, 11, -11, 300])
async def test_an_impossible_scale_factor_is_no_value(factor: int) -> None:
    points = (await read(common("A"), inverter(100, 200, sf=factor))).flat
    assert (points.power_w, points.production_wh) == (None, 200)


async def test_a_float_that_is_no_number_is_no_value() -> None:
    made = block(113).put(22, "float32", float("nan")).put(32, "float32", float("inf"))
    points = (await read(common("A"), made)).flat
    assert (points.power_w, points.production_wh) == (None, None)


async def test_a_sleeping_kaco_shows_no_frequency() -> None:
    made = inverter(0, 99, state=2).put(16, "uint16", 0).put(17, "int16", -3)
    points = (await read(common("KACO"), made)).flat
    assert (points.frequency_hz, points.status) == (None, Status.ASLEEP)


async def test_what_outback_puts_into_signed_points_is_no_value() -> None:
    points = (await read(common("OutBack"), inverter(-1, 99, sf=-3))).flat
    assert (points.power_w, points.production_wh) == (None, 99)


async def test_kostals_meter_exports_a_negative_number() -> None:
    points = (await read(common("KOSTAL"), meter(0, 2**32 - 4321, 99))).flat
    assert (points.export_wh, points.import_wh) == (4321, 99)


async def test_a_short_meter_gives_what_it_holds() -> None:
    points = (await read(common("Acuvim"), meter(8, 9, 10, model=204, length=81))).flat
    assert (points.power_w, points.export_wh, points.import_wh) == (8, 9, 10)


async def test_a_model_that_is_too_short_for_a_point_has_none() -> None:
    reading = await read(common("SAX", length=15), meter(8, 9, 10, length=40), inverter(1, 2))
    assert reading.flat.manufacturer is None
    assert reading.parts[Role.GRID] == Points(power_w=8, frequency_hz=49.98)
    assert reading.flat.production_wh == 2


@pytest.mark.parametrize("length", [65, 66])
async def test_the_pad_of_the_first_model_is_optional(length: int) -> None:
    points = (await read(common("A", serial="77", length=length), inverter(5, 6))).flat
    assert (points.serial, points.power_w) == ("77", 5)


async def test_a_chain_may_end_without_its_mark() -> None:
    assert (await read(common("A"), inverter(5, 6), end=False)).flat.power_w == 5


async def test_the_end_mark_may_have_no_length() -> None:
    made = sunspec_map(common("A"), inverter(5, 6))
    del made["holding"][max(made["holding"], key=int)]
    assert (await replay(capture(made), load("sunspec"), {})).flat.power_w == 5


async def test_a_chain_that_breaks_off_gives_what_comes_before() -> None:
    made = sunspec_map(common("A"), inverter(5, 6), end=False)
    end = max(int(address) for address in made["holding"])
    made["holding"] |= {str(end + at): 0 for at in range(1, 50)}
    assert (await replay(capture(made), load("sunspec"), {})).flat.power_w == 5


async def test_a_length_that_leads_out_of_all_registers_ends_the_chain() -> None:
    listed = [0x5375, 0x6E53, 64_001, 65_000]
    made = Capture(holding=dict(enumerate(listed, 40_000)))
    assert (await replay(made, load("sunspec"), {})).flat == Points()


async def test_models_that_nobody_knows_are_stepped_over() -> None:
    unknown = Block(64_001, [7] * 31)
    assert (await read(common("A"), unknown, inverter(5, 6), unknown)).flat.power_w == 5


async def test_a_capture_with_holes_gives_what_it_has() -> None:
    made = sunspec_map(common("A"), inverter(5, 6))
    gone = 40_002 + 68 + 30
    del made["holding"][str(gone)]
    points = (await replay(capture(made), load("sunspec"), {})).flat
    assert (points.power_w, points.production_wh) == (5, 6)


async def test_where_there_is_no_map_the_error_says_so() -> None:
    with pytest.raises(SunSpecError, match="no SunSpec map begins at 40000"):
        await replay(capture({"holding": {"40000": 1, "40001": 2}}), load("sunspec"), {})


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (sunspec_map(), "the SunSpec map at 40000 holds no models"),
        (
            {"holding": {"40000": [0x5375, 0x6E53, *([1] * 400)]}},
            "the SunSpec map at 40000 cannot be followed",
        ),
    ],
)
async def test_of_a_map_that_is_there_it_is_said_what_is_wrong(
    made: dict[str, Any], words: str
) -> None:
    with pytest.raises(SunSpecError, match=words):
        await replay(capture(made), load("sunspec"), {})


async def test_each_place_that_was_looked_at_is_named_once() -> None:
    made = capture({"holding": {"40000": 1, "40001": 2}, "meta": {"base": 40_000}})
    with pytest.raises(SunSpecError, match="begins at 40000, 0, 50000:"):
        await replay(made, load("sunspec"), {})


class _Moving:
    """A device whose map grows while it runs."""

    def __init__(self) -> None:
        self.now = capture(sunspec_map(common("SMA"), inverter(5, 6)))
        self.silent_at = -1
        self.fault: ModbusError = ModbusTimeoutError()

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        if address <= self.silent_at < address + count:
            raise self.fault
        return await self.now.read_holding_registers(address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        return await self.now.read_input_registers(address, count)


async def test_a_chain_that_moved_is_found_again() -> None:
    source = _Moving()
    device = SunSpecDevice(source)
    assert (await device.read()).flat.power_w == 5
    source.now = capture(sunspec_map(common("SMA"), ports([(0, 1, 2, 3)]), inverter(7, 8)))
    assert (await device.read()).flat.power_w == 7


async def test_models_that_appear_later_are_found_when_asked_for() -> None:
    source = _Moving()
    device = SunSpecDevice(source)
    await device.read()
    source.now = capture(sunspec_map(common("SMA"), inverter(5, 6), meter(7, 8, 9)))
    assert Role.GRID not in (await device.read()).parts
    device.scan_again()
    assert (await device.read()).parts[Role.GRID].import_wh == 9


@pytest.mark.parametrize("address", [40_000, 40_002, 40_070, 40_084])
async def test_a_silent_device_is_no_missing_map(address: int) -> None:
    source = _Moving()
    source.silent_at = address
    with pytest.raises(ModbusTimeoutError):
        await SunSpecDevice(source).read()


@pytest.mark.parametrize("address", [40_000, 40_002, 40_070])
async def test_a_busy_device_is_no_missing_map(address: int) -> None:
    source = _Moving()
    source.silent_at = address
    source.fault = ServerDeviceBusyError()
    with pytest.raises(ServerDeviceBusyError):
        await SunSpecDevice(source).read()


async def test_a_chain_that_became_shorter_is_found_again() -> None:
    source = _Moving()
    source.now = capture(sunspec_map(common("SMA"), inverter(5, 6), meter(7, 8, 9)))
    device = SunSpecDevice(source)
    assert Role.GRID in (await device.read()).parts
    source.now = capture(sunspec_map(common("SMA"), inverter(5, 6)))
    reading = await device.read()
    assert reading.flat.power_w == 5
    assert Role.GRID not in reading.parts


async def test_a_battery_alone_counts_on_the_ac_side() -> None:
    ac = block(701).put(10, "int16", -90).put(116, "int16", 0)
    ac.put(19, "uint64", 900).put(120, "int16", 0)
    reading = await read(common("B"), ac, ports([(1, -95, 2**64 - 1, 800)]))
    assert Role.PRODUCTION not in reading.parts
    assert reading.parts[Role.BATTERY] == Points(power_w=-95, charge_wh=800, discharge_wh=900)
    assert (reading.flat.power_w, reading.flat.production_wh) == (-90, None)


async def test_a_hybrid_without_counters_of_its_strings_says_so() -> None:
    storage = block(124).put(8, "uint16", 50).put(22, "int16", 0)
    reading = await read(common("KACO"), inverter(700, 9000), storage)
    assert reading.parts[Role.PRODUCTION] == Points(production_wh=9000)
    assert "contains what the battery gave" in reading.said[0]


async def test_scale_factors_are_read_with_their_values() -> None:
    source = _Moving()
    device = SunSpecDevice(source)
    await device.read()
    source.now = capture(sunspec_map(common("SMA"), inverter(51, 7, sf=-1)))
    assert (await device.read()).flat.power_w == 5


async def test_an_empty_capture_has_no_map() -> None:
    with pytest.raises(SunSpecError):
        await SunSpecDevice(Capture()).read()
