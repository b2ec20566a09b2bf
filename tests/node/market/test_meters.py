"""A meter measures as the protocol says, from no more samples than open intervals need."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.durations import MINUTE
from depin_protocol.metering import FINE_WH, Energy, Flag, Quality, Register, Rules, Sample
from depin_protocol.rules.member_terms import WHOLE, MemberTerms
from depin_protocol.rules.netting import Netting
from depin_protocol.settlement.metered import (
    NOTHING_TOLD,
    Bounds,
    MeterEnergy,
    Source,
    metered,
)
from depin_protocol.statements.measuring import Device, Fuse, Readings
from settlement_node.market.settling.meter import MAX_KEPT, Meter, meter_row, read_row
from settlement_node.market.settling.meters import MAX_METERS, Meters
from tests.protocol.spoken import NOON, QUARTER, ident

STEP = 5 * MINUTE
GRID = {"import": 1, "export": 1}
BOUNDS = Bounds(Netting.NONE, 10_000)
TERMS = MemberTerms(300_000, 80_000, "all", 0, WHOLE, 0)

counts = st.lists(
    st.none() | st.integers(0, 40).map(lambda wh: wh * 25), min_size=7, max_size=7
) | st.lists(st.integers(0, 60), min_size=7, max_size=7).map(
    lambda rises: [1_000 + sum(rises[: place + 1]) for place in range(len(rises))]
)


def said(
    at: list[int], counters: list[int | None], flags: tuple[int, ...] | None = None
) -> Readings:
    """Read an import register, and an export that stands still."""
    registers = {"import": tuple(counters), "export": (500,) * len(at)}
    return Readings(ident(1), tuple(at), registers, None, flags)


def grid(resolution: int = 1, fuse: Fuse | None = None) -> Meter:
    counted = {"import": resolution, "export": 1}
    return Meter(Device(ident(1), "grid", counted, fuse), NOON)


@given(
    counts,
    st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=7, max_size=7),
    st.sampled_from([None, 1_000]),
)
def test_a_meter_measures_as_a_register_does(
    counters: list[int | None], flags: list[int], milliamperes: int | None
) -> None:
    fuse = None if milliamperes is None else Fuse(milliamperes, 1)
    at = [NOON + place * STEP for place in range(7)]
    meter = grid(fuse=fuse)
    meter.take(said(at, counters, tuple(flags)), NOON)
    rules = Rules(1, 1, None if milliamperes is None else 253)
    samples = [
        Sample(instant, count, None, Flag(bits))
        for instant, count, bits in zip(at, counters, flags, strict=True)
    ]
    for start, end in ((0, 3), (3, 6), (0, 6), (2, 5)):
        energy = Register(samples, rules).energy(at[start], at[end])
        assert meter.energies(at[start], at[end])[0] == energy


@given(st.lists(st.integers(0, 400), min_size=8, max_size=8), st.sampled_from([1, 10, 100, 1000]))
def test_settled_intervals_add_up_whatever_comes_later(flows: list[int], resolution: int) -> None:
    meter = grid(resolution)
    whole: list[Readings] = []
    total = 5_000
    settled = 0
    for quarter, flow in enumerate(flows):
        begin = NOON + quarter * QUARTER
        at = [begin + MINUTE + place * STEP for place in range(3)]
        counters = [(total + flow * place // 3) // resolution * resolution for place in range(3)]
        total += flow
        whole.append(said(at, list(counters)))
        meter.take(whole[-1], begin - QUARTER)
        if quarter > 1:
            energy = meter.energies(begin - QUARTER, begin)[0]
            assert energy.wh is not None
            settled += energy.wh
            meter.settle(begin)
    knowing = grid(resolution)
    for body in whole:
        knowing.take(body, 0)
    at_once = knowing.energies(NOON + QUARTER, NOON + (len(flows) - 1) * QUARTER)[0].wh
    assert at_once is not None
    # A coarse count may still move at the last boundary, when its next change is seen.
    assert abs(settled - at_once) <= (resolution if resolution > FINE_WH else 0)


def test_only_what_open_intervals_need_is_kept() -> None:
    meter = grid()
    for quarter in range(50):
        begin = NOON + quarter * QUARTER
        at = [begin + place * STEP for place in range(4)]
        counters = [1_000 + quarter * 30 + 10 * place for place in range(4)]
        meter.take(said(at, list(counters)), begin)
        assert len(meter.samples) <= 5
        assert meter.energies(begin, begin + QUARTER)[0].wh == 30


def test_a_count_that_never_changes_does_not_fill_the_memory() -> None:
    meter = grid(1_000)
    for number in range(20):
        at = [NOON + (100 * number + place) * 1_000 for place in range(100)]
        meter.take(said(at, [7_000] * 100), NOON + 3_000_000)
    assert len(meter.samples) <= MAX_KEPT


def test_late_samples_that_come_in_order_are_joined() -> None:
    meter = grid()
    # The home was away for an hour, in which the intervals were settled without it.
    open_from = NOON + 4 * QUARTER
    for quarter in range(4):
        at = [NOON + quarter * QUARTER + MINUTE + place * STEP for place in range(3)]
        body = said(at, [1_000 + 90 * quarter + 30 * place for place in range(3)])
        joined = meter.joined(body)
        if quarter:
            start = NOON + quarter * QUARTER
            energies = meter.energies(start - 10 * MINUTE, start + STEP, joined)
            assert energies[0].wh == 90
        meter.take(body, open_from)
        assert len(meter.samples) <= 15


def test_samples_between_those_of_a_measured_boundary_come_too_late() -> None:
    meter = grid()
    meter.take(said([NOON - MINUTE, NOON + MINUTE], [1_000, 1_010]), NOON)
    before = meter.energies(NOON - MINUTE, NOON)
    meter.take(said([NOON], [1_009]), NOON)
    assert meter.energies(NOON - MINUTE, NOON) == before


def test_a_row_brings_the_meter_back() -> None:
    meter = grid(100, Fuse(35_000, 3))
    at = [NOON + place * STEP for place in range(6)]
    meter.take(said(at, [1_000, 1_000, None, 1_100, 1_100, 1_200], (0, 1, 2, 4, 8, 0)), NOON)
    meter.settle(NOON + 2 * STEP)
    row = meter_row(ident(3), ident(1), meter)
    _, _, read = read_row(row)
    assert meter_row(ident(3), ident(1), read) == row
    assert read.energies(NOON, at[-1]) == meter.energies(NOON, at[-1])


def counted(at: list[int], power: int | None = None, fed: int | None = None) -> Readings:
    """Read an import that counts 10 Wh a sample, and an export where there is one."""
    registers: dict[str, tuple[int | None, ...]] = {
        "import": tuple(1_000 + (instant - NOON) // STEP * 10 for instant in at)
    }
    if fed is not None:
        registers["export"] = (fed,) * len(at)
    return Readings(ident(1), tuple(at), registers, (power,) * len(at))


def fed_nothing_in(*, power: int = 600, resolution: int = 1) -> Meter:
    meter = Meter(Device(ident(1), "grid", {"import": resolution}, import_only=True), NOON)
    meter.take(counted([NOON + place * STEP for place in range(7)], power), NOON)
    return meter


@given(st.sampled_from([1, 100]))
def test_a_meter_without_an_export_counter_settles_by_the_members_word(resolution: int) -> None:
    meter = fed_nothing_in(resolution=resolution)
    imported, exported = meter.energies(NOON + STEP, NOON + 4 * STEP)
    assert (imported.wh, exported) == (30, Energy(0, Quality.MEASURED))
    found = MeterEnergy.of("meter", "grid", (imported, exported))
    assert found.wh == (30, 0)
    _, _, read = read_row(meter_row(ident(3), ident(1), meter))
    assert read.energies(NOON + STEP, NOON + 4 * STEP) == (imported, exported)


def test_without_the_members_word_an_export_that_is_not_read_is_missing() -> None:
    meter = Meter(Device(ident(1), "grid", GRID), NOON)
    meter.take(counted([NOON + place * STEP for place in range(7)]), NOON)
    imported, exported = meter.energies(NOON, NOON + QUARTER)
    assert (imported.wh, exported.wh) == (30, None)
    assert MeterEnergy.of("meter", "grid", (imported, exported)).quality is Quality.MISSING


@given(st.integers(-10_000, 0))
def test_power_that_flows_out_contradicts_the_members_word(power: int) -> None:
    _, exported = fed_nothing_in(power=power).energies(NOON, NOON + QUARTER)
    assert exported.wh == (None if power < -50 else 0)


def test_an_export_that_is_read_after_all_is_never_again_taken_for_nothing() -> None:
    meter = fed_nothing_in()
    first = NOON + 7 * STEP
    meter.take(counted([first], fed=5), NOON)
    assert meter.energies(NOON, NOON + QUARTER)[1].wh is None
    later = [first + STEP + place * STEP for place in range(30)]
    meter.take(counted(later), later[-4])
    assert all(sample.counters[1] is None for sample in meter.samples[-4:])
    assert meter.energies(later[-4], later[-1])[1].wh is None
    meter.declare(Device(ident(1), "grid", {"import": 1}, import_only=True), later[-1])
    more = [later[-1] + STEP + place * STEP for place in range(30)]
    meter.take(counted(more), more[-4])
    assert meter.energies(more[-4], more[-1])[1] == Energy(0, Quality.MEASURED)


def test_of_a_meter_without_export_no_more_is_kept_than_is_needed() -> None:
    meter = fed_nothing_in()
    for quarter in range(2, 50):
        begin = NOON + quarter * QUARTER
        meter.take(counted([begin + place * STEP for place in range(4)]), begin)
        assert len(meter.samples) <= 5


def energy(role: str, *wh: int, quality: Quality = Quality.MEASURED) -> MeterEnergy:
    return MeterEnergy(role, role, quality, wh)


def test_registers_and_phases_are_netted_as_the_market_says() -> None:
    phases = (energy("grid", 300, 0), energy("grid", 0, 200), energy("grid", 10, 30))
    for netting, figures in (
        (Netting.NONE, (310, 230)),
        (Netting.REGISTERS, (300, 220)),
        (Netting.PHASES, (80, 0)),
    ):
        found = metered(phases, NOTHING_TOLD, Bounds(netting, 10_000), TERMS)
        assert found[:2] == figures


def test_one_phase_that_is_missing_makes_all_of_it_missing() -> None:
    phases = (energy("grid", 300, 0), energy("grid", 0, 0, quality=Quality.MISSING))
    found = metered(phases, NOTHING_TOLD, BOUNDS, TERMS)
    assert (found.imported, found.quality) == (0, Quality.MISSING)


def test_what_was_exported_counts_as_produced_only_for_want_of_other_meters() -> None:
    alone = metered((energy("grid", 0, 300),), NOTHING_TOLD, BOUNDS, TERMS)
    assert (alone.produced, alone.own_use, alone.source) == (300, 0, Source.PRODUCED)
    stored = metered(
        (energy("grid", 0, 300), energy("battery", 0, 300)), NOTHING_TOLD, BOUNDS, TERMS
    )
    assert (stored.produced, stored.own_use, stored.source) == (0, 0, Source.HOME)


def test_a_tariff_beyond_all_reason_makes_only_its_own_member_missing() -> None:
    dear = replace(TERMS, retail=2**40)
    everything = Bounds(Netting.NONE, 2**31)
    most = (2**62 - 1) // 2**40
    for wh, quality in ((most, Quality.MEASURED), (most + 1, Quality.MISSING)):
        found = metered((energy("grid", wh, 0),), NOTHING_TOLD, everything, dear)
        assert found.quality is quality


def test_retired_meters_make_room_for_new_ones() -> None:
    meters = Meters()

    def declare(number: int, at: int, open_from: int, *, retired: bool = False) -> int:
        body = Device(ident(number), "production", {}, retired=retired)
        return len(meters.declare(ident(5), body, at, open_from))

    for number in range(MAX_METERS):
        assert declare(number, NOON, NOON)
    assert not declare(MAX_METERS, NOON, NOON)
    assert declare(0, NOON + 1, NOON, retired=True)
    assert not declare(MAX_METERS, NOON + 2, NOON)
    assert declare(MAX_METERS, NOON + 2, NOON + 1)
    assert ident(0) not in meters.of(ident(5))
