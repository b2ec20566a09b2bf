"""What the oracle says of weather stations and of other sensors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement_node.oracle.courses import Course
from settlement_node.oracle.evidence import ObservedDay, Provenance
from settlement_node.oracle.judging import Memory, judge
from settlement_node.oracle.kinds import sensor, weather
from settlement_node.oracle.minutes import judged
from settlement_node.oracle.scoring import saturated
from settlement_node.oracle.verdicts import Outcome, Verdict
from tests.node.oracle.stations import MINUTES, air, observed, told


def lived(days: int, **instead: Course) -> Verdict:
    memory: Memory = {}
    for day in range(days):
        verdict, memory = judge(weather.KIND, observed(day, **instead), memory)
    return verdict


def test_a_station_outdoors_is_accepted_and_its_minutes_are_good() -> None:
    verdict = lived(8)
    assert verdict.findings == {}
    assert (verdict.granted, verdict.outcome) == (1_000, Outcome.ACCEPTED)
    assert 750 < verdict.quality <= 800


def test_a_station_indoors_is_held_after_five_days() -> None:
    chance = np.random.default_rng(4)
    room = told(1_700 + chance.integers(-20, 21, MINUTES))
    assert "outdoors" not in lived(4, temperature=room).findings
    verdict = lived(5, temperature=room)
    [finding] = verdict.findings["outdoors"]
    assert (finding.code, verdict.outcome, verdict.granted) == ("indoors", Outcome.HELD, 0)
    assert "indoors" in finding.words


@pytest.mark.parametrize("per_watt", [1, 120])
def test_a_covered_sun_sensor_is_held_after_five_days(per_watt: int) -> None:
    name = "irradiance" if per_watt == 1 else "illuminance"
    dim = told(air(0)["irradiance"].values * per_watt // 5)
    memory: Memory = {}
    for day in range(5):
        evidence = observed(day)
        kept = {key: value for key, value in evidence.observed.items() if key != "irradiance"}
        evidence = ObservedDay(
            evidence.said, {**kept, name: dim}, evidence.neighbours, evidence.sun
        )
        verdict, memory = judge(weather.KIND, evidence, memory)
    assert {one.code for one in verdict.findings["light"]} == {"in-the-dark"}


def test_a_stuck_thermometer_takes_its_part_from_the_second_day() -> None:
    stuck = told(np.full(MINUTES, 1_650))
    assert "constancy" not in lived(1, temperature=stuck).findings
    verdict = lived(2, temperature=stuck)
    [finding] = verdict.findings["constancy"]
    assert verdict.outcome is Outcome.REDUCED
    assert verdict.granted == 800
    assert finding.numbers["minutes"] == 2 * MINUTES - 1
    assert "temperature" in finding.words


def test_a_sensor_far_from_all_others_is_looked_at() -> None:
    high = told(air(0)["air_pressure"].values + 3_000)
    verdict = lived(1, air_pressure=high)
    [finding] = verdict.findings["neighbours"]
    assert (finding.code, finding.subject) == ("unlike-stations", "air_pressure")
    assert "air pressure" in finding.words
    assert verdict.outcome is Outcome.ACCEPTED


def test_bad_minutes_are_those_out_of_range_jumping_or_at_rest() -> None:
    values = air(0)["temperature"].values.copy()
    values[100] = 7_000
    values[200] += 500
    values[600:1_000] = values[600]
    good = judged("temperature", told(values)).good
    assert not good[100]
    assert not good[200]
    assert good[601:840].all()
    assert not good[841:1_000].any()
    assert int((~good).sum()) < 180


def test_night_is_no_stuck_sun_sensor_and_fog_no_stuck_hygrometer() -> None:
    dark = told(np.zeros(MINUTES))
    assert judged("irradiance", dark).good.all()
    assert judged("irradiance", dark).stuck == 0
    fog = told(np.full(MINUTES, 9_900))
    assert judged("humidity", fog).good.all()


def test_nothing_heard_is_nothing_good() -> None:
    silent = Course(np.zeros(MINUTES, np.int64), np.zeros(MINUTES, np.bool_))
    assert not judged("temperature", silent).good.any()
    evidence = ObservedDay(Provenance(), {"temperature": silent})
    verdict, _ = judge(sensor.KIND, evidence, {})
    assert (verdict.claimed, verdict.quality) == (0, 0)
    assert judge(sensor.KIND, ObservedDay(Provenance(), {}), {})[0].claimed == 0


def test_a_sensor_is_worth_what_it_was_fresh() -> None:
    known = np.zeros(MINUTES, np.bool_)
    known[: MINUTES // 2 : 10] = True
    chance = np.random.default_rng(1)
    half = Course(chance.integers(400, 900, MINUTES), known)
    verdict, _ = judge(sensor.KIND, ObservedDay(Provenance(), {"carbon_dioxide": half}), {})
    assert 500 <= verdict.granted <= 505
    seldom = Course(half.values, np.arange(MINUTES) % 60 == 0)
    verdict, _ = judge(sensor.KIND, ObservedDay(Provenance(), {"carbon_dioxide": seldom}), {})
    assert verdict.granted == 250


def test_a_quantity_without_limits_is_believed() -> None:
    level = told(np.full(MINUTES, 40))
    verdict, _ = judge(sensor.KIND, ObservedDay(Provenance(), {"sound_pressure": level}), {})
    assert (verdict.outcome, verdict.granted) == (Outcome.ACCEPTED, 1_000)


@given(
    st.integers(0, 10**9),
    st.lists(st.integers(0, 1_000), max_size=12),
    st.lists(st.integers(0, 1_000), min_size=1, max_size=8),
)
def test_splitting_a_sensor_into_many_gains_less_than_one_unit(
    budget: int, others: list[int], parts: list[int]
) -> None:
    one = saturated(budget, [*others, sum(parts)])
    many = saturated(budget, [*others, *parts])
    assert sum(one) == (budget if sum(parts) + sum(others) else 0) == sum(many)
    assert sum(many[len(others) :]) == one[-1]


def test_nobody_shares_nothing() -> None:
    assert saturated(1_000, []) == []
    assert saturated(1_000, [0, 0]) == [0, 0]
