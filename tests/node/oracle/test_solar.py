"""What the oracle says of a home's panels: of honest ones, and of each way to say more."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from settlement_node.oracle.courses import Counter, Course
from settlement_node.oracle.evidence import MeteredDay, Provenance, SolarDay
from settlement_node.oracle.judging import Memory, judge
from settlement_node.oracle.kinds import ev_charging
from settlement_node.oracle.verdicts import Outcome, Verdict
from tests.node.oracle.roofs import (
    SOUTH,
    STEPS,
    Day,
    clouds,
    codes,
    counter,
    day,
    judged,
    neighbour,
    roof,
    sky,
    whole,
)


def lived(days: int, evidence: Callable[[int], SolarDay]) -> Verdict:
    """Judge one day after the other, and return the last verdict."""
    memory: Memory = {}
    for number in range(days):
        verdict, memory = judged(evidence(number), memory)
    return verdict


def first_code(evidence: Callable[[int], SolarDay], most: int = 40) -> tuple[int, set[str]]:
    """Return the day of the first finding, and what it was."""
    memory: Memory = {}
    for number in range(most):
        verdict, memory = judged(evidence(number), memory)
        if verdict.findings:
            return number, codes(verdict)
    return most, set()


def test_an_honest_home_is_accepted_as_it_says() -> None:
    memory: Memory = {}
    for number in range(31):
        evidence = day(number).evidence()
        verdict, memory = judged(evidence, memory)
        assert verdict.findings == {}
        assert verdict.outcome is Outcome.ACCEPTED
        assert verdict.granted == verdict.claimed == evidence.energy > 10_000
        assert verdict.quality == 640
        assert not verdict.review
    assert len(memory["site-balance"]) == 30
    assert len(memory["neighbours"]) == 5


@pytest.mark.parametrize("percent", [110, 125, 150])
def test_inflation_shows_in_the_grid_meter_and_only_opens_a_review(percent: int) -> None:
    verdict = lived(31, lambda number: day(number, percent).evidence())
    [finding] = verdict.findings["site-balance"]
    assert finding.code == "not-in-the-meter"
    assert finding.outcome is Outcome.ACCEPTED
    assert verdict.review
    # The part of what is claimed that is not there; wild steps count less.
    true = (percent - 100) * 1_000 // percent
    assert true * 3 // 4 < finding.numbers["missing"] < true + 15
    assert str(finding.numbers["missing"]) in finding.words


@pytest.mark.parametrize(("tenths", "expected"), [(1, set()), (4, {"lag"})])
def test_a_meter_that_tells_the_same_moment_later_is_told_from_inflation(
    tenths: int, expected: set[str]
) -> None:
    def late(number: int) -> SolarDay:
        true = day(number)
        before = np.concatenate((true.power[:1], true.power[:-1]))
        told = ((10 - tenths) * true.power + tenths * before) // 10
        return replace(true.evidence(), counter=counter(told))

    verdict = lived(31, late)
    assert codes(verdict) - {"energy-from-nowhere"} == expected
    for finding in verdict.findings.get("site-balance", ()):
        # Four tenths of five minutes, and by the next step alone it is told roughly.
        assert finding.code != "lag" or 90 < finding.numbers["seconds"] < 210


def test_under_reporting_shows_as_energy_from_nowhere() -> None:
    verdict = lived(1, lambda number: day(number, 60).evidence())
    assert "energy-from-nowhere" in codes(verdict)
    assert verdict.outcome is Outcome.ACCEPTED


def test_more_than_a_fuse_carries_is_looked_at() -> None:
    evidence = day(0).evidence()
    assert evidence.site is not None
    peaks = evidence.site.imported.values.copy()
    peaks[200] = 30_000
    busy = replace(evidence.site, imported=whole(peaks))
    verdict, _ = judged(replace(evidence, site=busy), {})
    [finding] = verdict.findings["site-balance"]
    assert (finding.code, finding.numbers["fuse"]) == ("over-fuse", 17_250)


def test_energy_at_night_is_rejected_at_once() -> None:
    true = day(0)
    verdict, _ = judged(replace(true.evidence(), counter=counter(true.power + 100)), {})
    assert verdict.outcome is Outcome.REJECTED
    assert verdict.granted == 0
    assert verdict.claimed > 0
    assert "night-production" in codes(verdict)


def test_more_than_the_brightest_sky_is_cut_down_to_it() -> None:
    bright = SOUTH.under(sky()) * 12 // 10
    verdict, _ = judged(replace(day(0).evidence(), counter=counter(bright), site=None), {})
    [finding] = verdict.findings["clear-sky"]
    assert verdict.outcome is Outcome.REDUCED
    assert verdict.granted == finding.numbers["most"] < verdict.claimed
    possible = int(SOUTH.most_under(sky()).sum()) * 105 // 1_200
    assert abs(verdict.granted - possible) <= 1


def test_with_a_fitted_place_the_same_is_looked_at_and_nothing_is_cut() -> None:
    bright = SOUTH.under(sky()) * 15 // 10
    panels = replace(SOUTH, fitted=True)
    evidence = replace(day(0).evidence(), counter=counter(bright), site=None, panels=panels)
    verdict, _ = judged(evidence, {})
    assert verdict.outcome is Outcome.ACCEPTED
    assert verdict.review
    assert verdict.granted == verdict.claimed


def test_yesterday_replayed_is_held_on_the_third_day_of_clouds() -> None:
    def replayed(number: int) -> SolarDay:
        return replace(day(number).evidence(), counter=counter(roof(number + 100)), site=None)

    number, found = first_code(replayed)
    assert (number, found) == (2, {"unlike-neighbours"})
    assert lived(3, replayed).outcome is Outcome.HELD


def test_a_smooth_sky_under_clouds_is_held() -> None:
    smooth = counter(SOUTH.under(sky()) * 8 // 10)
    _, found = first_code(lambda number: replace(day(number).evidence(), counter=smooth, site=None))
    assert found == {"unlike-neighbours"}


def test_two_neighbours_are_too_few_to_hold_anybody() -> None:
    def lonely(number: int) -> SolarDay:
        evidence = day(number).evidence()
        return replace(
            evidence,
            counter=counter(roof(number + 100)),
            site=None,
            neighbours=evidence.neighbours[:2],
        )

    assert lived(6, lonely).findings == {}


def test_a_clear_day_accuses_nobody() -> None:
    clear = counter(SOUTH.under(sky()) * 8 // 10)

    def cloudless(number: int) -> SolarDay:
        evidence = day(number).evidence()
        above = neighbour(number, 1)
        calm = replace(
            above, clearness=Course(above.clearness.values * 0 + 800, above.clearness.known)
        )
        return replace(evidence, counter=clear, site=None, neighbours=(calm,) * 5)

    assert lived(6, cloudless).findings == {}


def test_a_copy_of_a_neighbour_is_looked_at_and_so_would_be_the_original() -> None:
    def copy(number: int) -> SolarDay:
        return replace(
            day(number).evidence(), counter=counter(roof(number, 3) * 7 // 10), site=None
        )

    verdict = lived(3, copy)
    assert codes(verdict) == {"copied"}
    assert verdict.outcome is Outcome.ACCEPTED


def test_a_street_meter_sees_what_inverter_and_grid_meter_forge_together() -> None:
    def forged(number: int, percent: int) -> SolarDay:
        true = day(number)
        told = Day(number, true.power * percent // 100, true.power * percent // 100, true.used)
        lamps = np.random.default_rng(number).integers(0, 60, STEPS)
        return replace(told.evidence(), feeder=whole(told.power - true.power + lamps))

    assert lived(20, lambda number: forged(number, 100)).findings == {}
    verdict = lived(20, lambda number: forged(number, 120))
    assert set(verdict.findings) == {"feeder"}
    assert verdict.review


def test_the_lesser_of_two_paths_is_taken() -> None:
    evidence = day(0).evidence()
    agreed, _ = judged(replace(evidence, second_path=evidence.energy * 99 // 100), {})
    assert (agreed.outcome, agreed.quality) == (Outcome.ACCEPTED, 800)
    less = evidence.energy * 9 // 10
    apart, _ = judged(replace(evidence, second_path=less), {})
    assert (apart.outcome, apart.granted) == (Outcome.REDUCED, less)


def test_a_key_that_contradicts_itself_is_held() -> None:
    verdict, _ = judged(replace(day(0).evidence(), said=Provenance(forks=2)), {})
    assert (verdict.outcome, verdict.granted) == (Outcome.HELD, 0)
    [finding] = verdict.findings["chain"]
    assert "2 statements" in finding.words


@pytest.mark.parametrize(
    ("delays", "code"),
    [
        (tuple(300_000 + each for each in range(24)), set()),
        (tuple(-400_000 + each for each in range(24)), {"clock-ahead"}),
        (tuple(1_200_000 + each for each in range(24)), {"clock-behind"}),
        # A home that was cut off and catches up.
        (tuple(1_200_000 + 900_000 * each for each in range(24)), set()),
        ((), set()),
    ],
)
def test_a_clock_is_told_from_an_outage(delays: tuple[int, ...], code: set[str]) -> None:
    verdict, _ = judged(replace(day(0).evidence(), said=Provenance(delays=delays)), {})
    assert codes(verdict) == code
    assert verdict.outcome is Outcome.ACCEPTED


def test_what_an_inverter_cannot_give_is_rejected() -> None:
    evidence = day(0).evidence()
    most = int(evidence.counter.power().values.max())
    fine, _ = judged(replace(evidence, nameplate=most), {})
    assert fine.outcome is Outcome.ACCEPTED
    over, _ = judged(replace(evidence, nameplate=most * 8 // 10), {})
    assert (over.outcome, codes(over)) == (Outcome.REJECTED, {"over-nameplate"})


def test_a_counter_that_falls_counts_nothing_there() -> None:
    evidence = day(0).evidence()
    values = evidence.counter.readings.values.copy()
    values[150:] -= 5_000
    verdict, _ = judged(
        replace(evidence, counter=Counter(whole(values), evidence.counter.step)), {}
    )
    assert codes(verdict) == {"counter-fell"}
    assert verdict.claimed <= evidence.energy


def test_a_frozen_power_is_looked_at_unless_the_inverter_is_full() -> None:
    flat = np.where(SOUTH.under(sky()) > 3_000, 3_000, 0)
    evidence = replace(day(0).evidence(), counter=counter(flat), site=None, neighbours=())
    frozen, _ = judged(evidence, {})
    assert codes(frozen) == {"constant"}
    full, _ = judged(replace(evidence, nameplate=3_000), {})
    assert codes(full) == set()


def test_a_home_that_tells_nothing_but_a_counter_is_judged_by_that() -> None:
    bare = SolarDay(Provenance(), counter(roof(0)), None)
    assert judged(bare, {})[0].findings == {}


def test_half_a_day_that_is_missing_lowers_the_quality() -> None:
    evidence = day(0).evidence()
    known = np.arange(STEPS + 1) < STEPS // 2
    half = Course(evidence.counter.readings.values, known)
    verdict, _ = judged(replace(evidence, counter=Counter(half, evidence.counter.step)), {})
    assert 300 < verdict.quality < 330


def test_a_charger_that_says_too_much_shows_in_the_grid_meter() -> None:
    def charging(number: int, percent: int) -> MeteredDay:
        chance = np.random.default_rng(number)
        charged = np.repeat(chance.integers(0, 4, STEPS // 12), 12) * 2_300
        used = chance.integers(150, 450, STEPS) + charged
        site = day(number).evidence().site
        assert site is not None
        meters = replace(site, imported=counter(used).power(), exported=whole(used * 0))
        return MeteredDay(Provenance(), counter(charged * percent // 100), None, meters)

    for percent, expected in ((100, set()), (110, {"not-in-the-meter", "energy-from-nowhere"})):
        memory: Memory = {}
        for number in range(20):
            verdict, memory = judge(ev_charging.KIND, charging(number, percent), memory)
        assert codes(verdict) == expected


def test_clouds_of_one_sky_are_alike_and_of_another_are_not() -> None:
    same = np.corrcoef(np.diff(clouds(1, shared=5)), np.diff(clouds(2, shared=5)))[0, 1]
    other = np.corrcoef(np.diff(clouds(1, shared=5)), np.diff(clouds(2, shared=6)))[0, 1]
    assert same > 0.7
    assert abs(other) < 0.3


def test_the_same_evidence_gives_the_same_verdict() -> None:
    assert judged(day(1).evidence(), {}) == judged(day(1).evidence(), {})
