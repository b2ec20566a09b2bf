"""The energy of an interval, from samples as they come."""

import dataclasses
from fractions import Fraction
from itertools import pairwise
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_ENERGY
from depin_protocol.metering import (
    ESTIMATED_GAP_MS,
    MEASURED_GAP_MS,
    Boundary,
    Energy,
    Flag,
    MeteringError,
    Quality,
    Register,
    Rules,
    Sample,
)

MINUTE = 60_000
QUARTER = 15 * MINUTE
FINE = Rules()
KWH = Rules(resolution=1000)


@st.composite
def meterings(draw: st.DrawFn, *, sound: bool = False) -> list[Sample]:
    """Draw samples of a few hours; unless sound, with gaps, resets, doubts and false zeros."""
    at = draw(st.integers(0, 10**6))
    counter = draw(st.integers(0, 5000))
    count = draw(st.sampled_from([1, 10, 1000]))
    samples = []
    for _ in range(draw(st.integers(0, 30))):
        at += draw(st.integers(1, 6 * MINUTE))
        counter += draw(st.integers(0, 400))
        shown: int | None = counter // count * count
        flags = Flag.NONE
        if not sound:
            at += draw(st.sampled_from([0, 0, 0, MINUTE, 7 * 60 * MINUTE]))
            shown = draw(st.sampled_from([shown, shown, shown, shown, None, 0]))
            counter = draw(st.sampled_from([counter, counter, counter, counter, 3]))
            flags = draw(st.sampled_from([Flag.NONE] * 8 + [Flag.RESET, Flag.CLOCK]))
        power = draw(st.none() | st.integers(-3000, 3000))
        samples.append(Sample(at, shown, power, flags))
    return samples


rules = st.builds(
    Rules,
    resolution=st.sampled_from([1, 10, 100, 1000]),
    sign=st.sampled_from([1, -1]),
    most_power=st.none() | st.integers(0, 50_000),
)
instants = st.integers(0, 10 * 60 * MINUTE)


def span(samples: list[Sample]) -> st.SearchStrategy[int]:
    if not samples:
        return instants
    return st.integers(samples[0].at - MINUTE, samples[-1].at + MINUTE)


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def every_minute(*counters: int | None, power: int | None = None) -> list[Sample]:
    return [Sample(row * MINUTE, counter, power) for row, counter in enumerate(counters)]


@given(meterings(), rules, st.data())
def test_neighbours_telescope_exactly(
    samples: list[Sample], rules: Rules, data: st.DataObject
) -> None:
    register = Register(samples, rules)
    cuts = sorted(data.draw(st.sets(span(samples), min_size=2, max_size=8)))
    parts = [register.energy(start, end) for start, end in pairwise(cuts)]
    if all(part.wh is not None for part in parts):
        whole = register.energy(cuts[0], cuts[-1])
        assert whole.wh == sum(part.wh or 0 for part in parts)


@given(meterings(), rules, st.data())
def test_energy_is_never_negative_and_missing_is_never_zero(
    samples: list[Sample], rules: Rules, data: st.DataObject
) -> None:
    start, end = sorted(data.draw(st.sets(span(samples), min_size=2, max_size=2)))
    register = Register(samples, rules)
    energy = register.energy(start, end)
    assert (energy.wh is None) == (energy.quality is Quality.MISSING)
    assert energy.wh is None or energy.wh >= 0
    ends = [register.at(start), register.at(end)]
    assert all((end.value is None) == (end.quality is Quality.MISSING) for end in ends)
    assert energy.quality <= min(end.quality for end in ends)


@given(meterings(sound=True), st.data())
def test_a_fine_counter_is_interpolated_and_rounded_half_up(
    samples: list[Sample], data: st.DataObject
) -> None:
    instant = data.draw(span(samples))
    boundary = Register(samples, FINE).at(instant)
    before = [sample for sample in samples if sample.at <= instant]
    after = [sample for sample in samples if sample.at >= instant]
    if not before or not after:
        assert boundary == Boundary(None, Quality.MISSING)
        return
    left, right = before[-1], after[0]
    assert left.counter is not None
    assert right.counter is not None
    way = Fraction(instant - left.at, (right.at - left.at) or 1)
    assert boundary.value == half_up(left.counter + (right.counter - left.counter) * way)
    assert boundary.quality is Quality.MEASURED


@given(meterings(), st.data())
def test_a_fine_boundary_depends_on_the_samples_around_it_alone(
    samples: list[Sample], data: st.DataObject
) -> None:
    instant = data.draw(span(samples))
    counted = [sample for sample in samples if sample.counter and not sample.flags & Flag.RESET]
    around = [sample for sample in counted if sample.at <= instant][-1:]
    around += [sample for sample in counted if sample.at >= instant][:1]
    if len(around) == 2 and around[0] == around[1]:
        around.pop()
    assert Register(counted, FINE).at(instant) == Register(around, FINE).at(instant)


@given(meterings(sound=True), st.data())
def test_a_coarse_counter_keeps_its_total_between_changes(
    samples: list[Sample], data: st.DataObject
) -> None:
    register = Register(samples, KWH)
    changes = [after for before, after in pairwise(samples) if after.counter != before.counter]
    for change in changes:
        assert register.at(change.at).value == change.counter
        assert register.at(change.at).quality is Quality.MEASURED
    if len(changes) >= 2:
        first, last = changes[0], changes[-1]
        cuts = data.draw(st.sets(st.integers(first.at, last.at)))
        ends = sorted(cuts | {first.at, last.at})
        parts = [register.energy(start, end).wh or 0 for start, end in pairwise(ends)]
        assert first.counter is not None
        assert sum(parts) == (last.counter or 0) - first.counter


@given(meterings(sound=True), st.data())
def test_a_coarse_counter_follows_the_power(samples: list[Sample], data: st.DataObject) -> None:
    samples = [dataclasses.replace(sample, power=sample.power or 0) for sample in samples]
    rules = Rules(resolution=1000, measured_gap=6 * MINUTE + 1)
    changes = [
        row + 1
        for row, (before, after) in enumerate(pairwise(samples))
        if after.counter != before.counter
    ]
    if len(changes) < 2:
        return
    start, end = changes[0], changes[1]
    instant = data.draw(st.integers(samples[start].at, samples[end].at))
    total = work(samples[start : end + 1], samples[end].at)
    done = work(samples[start : end + 1], instant)
    if not total:
        total = Fraction(samples[end].at - samples[start].at)
        done = Fraction(instant - samples[start].at)
    base, top = samples[start].counter or 0, samples[end].counter or 0
    value = half_up(base + (top - base) * done / total)
    if instant <= samples[end - 1].at:
        value = min(value, base + 999)
    # The integral is rounded down at each instant, under a millionth of a watt-hour.
    assert abs((Register(samples, rules).at(instant).value or 0) - value) <= 1


def work(samples: list[Sample], until: int) -> Fraction:
    """Integrate the positive part of each sample's power, straight between samples."""
    area = Fraction(0)
    for before, after in pairwise(samples):
        if before.at >= until:
            break
        low, high = max(0, before.power or 0), max(0, after.power or 0)
        width = after.at - before.at
        part = min(width, until - before.at)
        area += part * (low + Fraction((high - low) * part, 2 * width))
    return area


@pytest.mark.parametrize(
    ("gap", "quality"),
    [
        (MEASURED_GAP_MS, Quality.MEASURED),
        (MEASURED_GAP_MS + 1, Quality.ESTIMATED),
        (ESTIMATED_GAP_MS, Quality.ESTIMATED),
        (ESTIMATED_GAP_MS + 1, Quality.MISSING),
    ],
)
def test_the_stated_limits(gap: int, quality: Quality) -> None:
    register = Register([Sample(0, 100), Sample(gap, 200)], FINE)
    assert register.at(gap // 2).quality is quality
    # At a sample nothing is interpolated.
    assert register.at(gap) == Boundary(200, Quality.MEASURED)


@pytest.mark.parametrize("doubt", [Flag.STALE, Flag.CLOCK, Flag.CALCULATED, Flag.DOUBTFUL])
def test_a_doubtful_sample_measures_nothing(doubt: Flag) -> None:
    samples = [Sample(0, 100), Sample(MINUTE, 160, flags=doubt), Sample(2 * MINUTE, 200)]
    register = Register(samples, FINE)
    assert register.at(MINUTE // 2) == Boundary(130, Quality.ESTIMATED)
    assert register.energy(0, 2 * MINUTE) == Energy(100, Quality.MEASURED)


@pytest.mark.parametrize(
    "samples",
    [
        [Sample(0, 500), Sample(MINUTE, 510), Sample(2 * MINUTE, 7), Sample(3 * MINUTE, 9)],
        [
            Sample(0, 500),
            Sample(MINUTE, 510),
            Sample(2 * MINUTE, 600, flags=Flag.RESET),
            Sample(3 * MINUTE, 610),
        ],
        [
            Sample(0, 500),
            Sample(MINUTE, 510),
            Sample(2 * MINUTE - 1, flags=Flag.RESET),
            Sample(2 * MINUTE, 0),
            Sample(3 * MINUTE, 2),
        ],
    ],
)
def test_a_counter_that_starts_anew_breaks_the_interval_and_no_more(samples: list[Sample]) -> None:
    register = Register(samples, FINE)
    assert register.energy(0, MINUTE).wh == 10
    assert register.at(90_000) == Boundary(None, Quality.MISSING)
    assert register.energy(0, 2 * MINUTE) == Energy(None, Quality.MISSING)
    assert register.energy(0, 3 * MINUTE) == Energy(None, Quality.MISSING)
    assert register.energy(2 * MINUTE, 3 * MINUTE).quality is Quality.MEASURED


def test_a_counter_read_as_zero_is_not_read() -> None:
    register = Register(every_minute(500, 0, 0, 530), FINE)
    assert register.energy(0, 3 * MINUTE) == Energy(30, Quality.MEASURED)
    assert register.at(MINUTE).value == 510


def test_a_new_meter_may_stand_at_zero() -> None:
    assert Register(every_minute(0, 0, 3), FINE).energy(0, 2 * MINUTE).wh == 3


def test_a_new_meter_may_stand_at_zero_once() -> None:
    """The reset that its first zero needed makes no later one believed."""
    samples = every_minute(90, 0, 5, 0, 15)
    samples[1] = Sample(MINUTE, 0, flags=Flag.RESET)
    assert Register(samples, FINE).energy(MINUTE, 4 * MINUTE).wh == 15


@pytest.mark.parametrize(("rise", "wh"), [(MAX_ENERGY, MAX_ENERGY), (MAX_ENERGY + 1, None)])
def test_the_largest_rise_is_energy_and_one_more_is_not(rise: int, wh: int | None) -> None:
    register = Register(every_minute(7, 7 + rise), FINE)
    assert register.energy(0, MINUTE).wh == wh
    assert (register.at(MINUTE // 2).value is None) == (wh is None)


def test_a_rise_that_the_fuse_does_not_allow_is_not_energy() -> None:
    glitch = every_minute(5000, 5, 5001)
    assert Register(glitch, FINE).energy(MINUTE, 2 * MINUTE).wh == 4996
    fused = Rules(most_power=17_250)
    assert Register(glitch, fused).energy(MINUTE, 2 * MINUTE).wh is None
    # 17,250 W make 287.5 Wh in a minute, and one count may have been nearly full.
    assert Register(every_minute(0, 288), fused).energy(0, MINUTE).wh == 288
    assert Register(every_minute(0, 289), fused).energy(0, MINUTE).wh is None


def test_more_than_an_interval_can_hold_is_missing() -> None:
    step = MAX_ENERGY // 2 + 1
    register = Register(every_minute(0, step, 2 * step, 2 * step + MAX_ENERGY + 1), FINE)
    assert register.energy(0, MINUTE).wh == step
    assert register.energy(0, 2 * MINUTE).wh is None
    assert register.energy(2 * MINUTE, 3 * MINUTE).wh is None


def sunny(count: int, power: int | None, *rest: tuple[int, int | None]) -> list[Sample]:
    """Give the state at 0, then a sample each 5 minutes."""
    return [
        Sample(row * 5 * MINUTE, wh, watts)
        for row, (wh, watts) in enumerate([(count, power), *rest])
    ]


def test_a_kilowatt_hour_counter_is_shaped_by_power() -> None:
    """2 kW for half an hour, nothing for half an hour, then 1 kW for an hour."""
    samples = sunny(
        6000,
        2000,
        *[(7000, 2000)] * 6,
        (8000, 2000),
        *[(8000, 0)] * 5,
        *[(8000, 1000)] * 12,
        (9000, 1000),
    )
    start = 5 * MINUTE
    register = Register(samples, KWH)
    quarters = [register.at(start + row * QUARTER) for row in range(9)]
    assert [boundary.value for boundary in quarters] == [
        7000,
        7500,
        8000,
        8074,
        8111,
        8333,
        8556,
        8778,
        9000,
    ]
    assert {boundary.quality for boundary in quarters} == {Quality.MEASURED}
    # An export register shows nothing of this: power the wrong way says nothing of its shape.
    reversed_register = Register(samples, dataclasses.replace(KWH, sign=-1))
    assert reversed_register.at(start + QUARTER) == Boundary(7500, Quality.ESTIMATED)
    assert reversed_register.at(start + 3 * QUARTER) == Boundary(8167, Quality.ESTIMATED)


def test_a_sleeping_inverter_makes_nothing_at_night() -> None:
    """Its power is unknown from dusk to dawn, which shares none of the energy between."""
    night = [(7000, None)] * 100
    samples = sunny(6000, 600, (7000, 600), (7000, 600), *night, (7000, 600), (8000, 600))
    register = Register(samples, KWH)
    dusk, dawn = 10 * MINUTE, 515 * MINUTE
    assert register.energy(dusk, dawn) == Energy(0, Quality.ESTIMATED)
    assert register.energy(5 * MINUTE, dusk).wh == 500
    assert register.energy(dawn, dawn + 5 * MINUTE).wh == 500


def test_after_the_last_change_power_leads_and_the_count_bounds() -> None:
    samples = sunny(6000, 3000, (7000, 3000), *[(7000, 3000)] * 12)
    register = Register(samples, KWH)
    assert register.at(5 * MINUTE) == Boundary(7000, Quality.MEASURED)
    assert register.at(15 * MINUTE) == Boundary(7500, Quality.ESTIMATED)
    assert register.at(45 * MINUTE) == Boundary(7999, Quality.ESTIMATED)
    idle = Register(sunny(6000, 3000, (7000, 0), *[(7000, 0)] * 12), KWH)
    assert idle.energy(QUARTER, 2 * QUARTER) == Energy(0, Quality.MEASURED)
    unseen = Register(sunny(6000, 3000, (7000, None), *[(7000, None)] * 12), KWH)
    assert unseen.energy(QUARTER, 2 * QUARTER) == Energy(0, Quality.ESTIMATED)


def test_a_count_that_was_still_shown_bounds_the_value() -> None:
    """Two counts came at once after a silence: before it, less than one can have gone."""
    samples = [
        Sample(0, 6000, 1000),
        Sample(5 * MINUTE, 7000, 1000),
        Sample(10 * MINUTE, 7000, 1000),
        Sample(15 * MINUTE, 9000, 1000),
    ]
    register = Register(samples, KWH)
    assert register.at(10 * MINUTE) == Boundary(7999, Quality.MEASURED)
    assert register.at(12 * MINUTE) == Boundary(8400, Quality.MEASURED)


def test_flags_are_the_bits_of_a_readings_statement() -> None:
    assert {flag.name.lower(): flag.value for flag in Flag if flag.name} == {
        "reset": 1,
        "stale": 2,
        "clock": 4,
        "calculated": 8,
    }


def test_a_doubtful_change_of_count_shapes_nothing_surely() -> None:
    samples = sunny(6000, 900, (7000, 900), (7000, 900), (8000, 900), (8000, 900), (9000, 900))
    shaped = Register(samples, KWH)
    for row in (1, 3):
        doubted = samples.copy()
        doubted[row] = dataclasses.replace(samples[row], flags=Flag.CALCULATED)
        register = Register(doubted, KWH)
        assert shaped.at(8 * MINUTE).quality is Quality.MEASURED
        assert register.at(8 * MINUTE) == Boundary(7300, Quality.ESTIMATED)


def test_a_change_of_count_after_a_silence_was_reached_nobody_knows_when() -> None:
    rest = [Sample(row * 5 * MINUTE, 7000 + row // 6 * 1000, 2000) for row in range(3, 13)]
    register = Register([Sample(0, 6000, 2000), *rest], KWH)
    assert register.at(15 * MINUTE) == Boundary(7000, Quality.ESTIMATED)
    assert register.at(20 * MINUTE).quality is Quality.ESTIMATED
    assert register.at(30 * MINUTE).quality is Quality.MEASURED
    assert register.at(35 * MINUTE).quality is Quality.MEASURED
    late = [Sample(row * 5 * MINUTE, None, 2000) for row in range(13, 18)]
    register = Register([Sample(0, 6000, 2000), *rest, *late, Sample(90 * MINUTE, 10_000, 0)], KWH)
    assert register.at(61 * MINUTE).quality is Quality.ESTIMATED
    assert register.at(60 * MINUTE) == Boundary(9000, Quality.MEASURED)


def test_a_coarse_counter_is_not_shaped_towards_another_meter() -> None:
    samples = sunny(6000, 900, (7000, 900), (7000, 900), (7000, 900))
    samples += [Sample(20 * MINUTE, 8_000_000, 900, Flag.RESET)]
    register = Register(samples, KWH)
    assert register.at(15 * MINUTE) == Boundary(7150, Quality.ESTIMATED)
    assert register.at(20 * MINUTE) == Boundary(8_000_000, Quality.ESTIMATED)


def test_half_a_watt_hour_is_rounded_up() -> None:
    register = Register([Sample(0, 10), Sample(MINUTE, 11), Sample(3 * MINUTE, 16)], FINE)
    assert register.at(MINUTE // 2).value == 11
    assert register.at(MINUTE // 2 - 1).value == 10
    assert register.at(2 * MINUTE).value == 14


def test_the_first_count_of_a_series_measures_nothing() -> None:
    samples = sunny(6000, 1000, (6000, 1000), (7000, 1000))
    register = Register(samples, KWH)
    assert register.at(0) == Boundary(6000, Quality.ESTIMATED)
    assert register.at(5 * MINUTE) == Boundary(6500, Quality.ESTIMATED)


def test_outside_its_samples_a_register_has_no_value() -> None:
    register = Register([Sample(MINUTE, 100), Sample(2 * MINUTE, 200), Sample(3 * MINUTE)], FINE)
    assert register.at(MINUTE - 1) == Boundary(None, Quality.MISSING)
    assert register.at(2 * MINUTE + 1) == Boundary(None, Quality.MISSING)
    assert register.energy(0, 2 * MINUTE) == Energy(None, Quality.MISSING)
    assert Register([], FINE).at(0) == Boundary(None, Quality.MISSING)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(MeteringError, match="in order"):
        Register([Sample(2, 1), Sample(2, 1)], FINE)
    with pytest.raises(MeteringError, match="after its start"):
        Register([], FINE).energy(5, 5)
    with pytest.raises(MeteringError, match="counter"):
        Sample(0, -1)
    with pytest.raises(MeteringError, match="power"):
        Sample(0, 0, -(2**40) - 1)
    with pytest.raises(MeteringError, match="resolution"):
        Rules(resolution=0)
    with pytest.raises(MeteringError, match="sign"):
        Rules(sign=0)
    with pytest.raises(MeteringError, match="most power"):
        Rules(most_power=-1)
    with pytest.raises(MeteringError, match="gap"):
        Rules(measured_gap=2, estimated_gap=1)
