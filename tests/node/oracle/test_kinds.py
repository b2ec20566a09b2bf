"""The kinds of contribution, and what is said of each."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement_node.oracle import wording
from settlement_node.oracle.clearness import middle
from settlement_node.oracle.courses import Counter, Course, longest_rest
from settlement_node.oracle.evidence import MeteredDay, ObservedDay, Provenance, TradedDay
from settlement_node.oracle.judging import judge
from settlement_node.oracle.kinds import (
    ev_charging,
    kinds,
    sensor,
    solar_energy,
    traded_energy,
    weather,
)
from settlement_node.oracle.likeness import likeness
from settlement_node.oracle.planes import Panels
from settlement_node.oracle.ranges import RANGES
from settlement_node.oracle.steps import Sums, part_of
from settlement_node.oracle.verdicts import Finding, Outcome
from tests.node.oracle.roofs import STEP, STEPS, day

HUGE = st.integers(0, 2**62 - 1) | st.integers(0, 40_000)


def test_every_file_of_kinds_is_a_kind_by_its_own_name() -> None:
    assert list(kinds()) == ["ev_charging", "sensor", "solar_energy", "traded_energy", "weather"]
    pools = [kind.pool for kind in kinds().values()]
    assert len(set(pools)) == len(pools)
    for kind in kinds().values():
        names = [layer.name for layer in kind.layers]
        assert len(set(names)) == len(names)
        assert names[0] == "chain"


@pytest.mark.parametrize(
    ("given_wh", "received", "units"), [(9_000, 0, 9_000), (0, 4_000, 4_000), (5_000, 5_000, 0)]
)
def test_trade_counts_net_so_that_a_circle_earns_nothing(
    given_wh: int, received: int, units: int
) -> None:
    evidence = TradedDay(Provenance(), given_wh, received, measured=90, intervals=96)
    verdict, _ = judge(traded_energy.KIND, evidence, {})
    assert (verdict.granted, verdict.quality) == (units, 937)


def test_a_member_that_did_not_trade_has_nothing_against_it() -> None:
    verdict, _ = judge(traded_energy.KIND, TradedDay(Provenance(), 0, 0, 0, 0), {})
    assert (verdict.granted, verdict.quality) == (0, 1_000)


@given(
    st.lists(HUGE, min_size=STEPS + 1, max_size=STEPS + 1),
    st.integers(0, 2**60),
    st.integers(1, 2**40),
)
@settings(max_examples=25)
def test_nothing_that_is_said_breaks_a_verdict(said: list[int], gaps: int, peak: int) -> None:
    """A sum past 64 bits would leave these bounds."""
    known = np.array([not gaps >> place % 61 & 1 for place in range(STEPS + 1)])
    readings = Course(np.array(said, np.int64), known)
    evidence = day(1).evidence(Panels(30, 180, peak))
    panels = replace(evidence, counter=Counter(readings, STEP), nameplate=peak)
    charger = MeteredDay(Provenance(), Counter(readings, STEP), peak, evidence.site)
    for verdict, _ in (judge(solar_energy.KIND, panels, {}), judge(ev_charging.KIND, charger, {})):
        assert 0 <= verdict.granted <= verdict.claimed <= 24 * 2**24
        assert 0 <= verdict.quality <= 1_000
        for finding in chain.from_iterable(verdict.findings.values()):
            assert finding.words
            assert finding.most is None or finding.most >= 0


@given(st.lists(st.integers(-(2**53), 2**53), min_size=24, max_size=24))
@settings(max_examples=25)
def test_nothing_that_is_observed_breaks_a_verdict(said: list[int]) -> None:
    course = Course(np.repeat(np.array(said, np.int64), 60), np.ones(1_440, np.bool_))
    evidence = ObservedDay(
        Provenance(), dict.fromkeys(RANGES, course), {"temperature": course}, course
    )
    for kind in (weather.KIND, sensor.KIND):
        verdict, memory = judge(kind, evidence, {})
        again, _ = judge(kind, evidence, memory)
        for each in (verdict, again):
            assert 0 <= each.granted <= 1_000
            assert 0 <= each.quality <= 1_000


@given(
    st.lists(st.integers(-9_000, 9_000), min_size=120, max_size=120),
    st.integers(1, 8),
    st.integers(2, 30),
)
def test_what_follows_exactly_is_found_exactly(steps: list[int], part: int, days: int) -> None:
    """A course that has an eighth, two eighths ... of another's steps, and nothing else."""
    rises = np.array(steps, np.int64) * 8
    columns = np.stack((rises[:-2], rises[1:-1], rises[2:], rises[1:-1] * part // 8))
    products = columns @ columns.T
    day: Sums = (
        columns.shape[1],
        *(int(products[row, column]) for row in range(3) for column in range(row, 3)),
        *(int(products[row, 3]) for row in range(3)),
        int(products[3, 3]),
    )
    found = part_of([day] * days)
    if days < 10:
        assert found is None
    elif found is not None:
        assert found.part == part * 125
        assert found.lag == 0
        assert found.certainty > 10**5


def test_a_course_that_does_not_move_is_like_nothing() -> None:
    assert likeness([(100, 0, 5_000, 0)]) == 0
    assert likeness([(100, 400, 400, 400)]) == 1_000
    assert likeness([(100, 400, 400, -100), (100, 400, 400, -300)]) == -500


def test_the_middle_needs_three_who_know() -> None:
    def one(value: int, *, known: bool) -> Course:
        return Course(np.array([value, value]), np.array([known, True]))

    three = [one(1, known=True), one(9, known=False), one(5, known=True)]
    assert middle(three[:2]) is None
    found = middle(three)
    assert found is not None
    assert found.known.tolist() == [False, True]
    assert found.values.tolist() == [0, 5]


def test_the_longest_rest_is_of_one_value_without_a_gap() -> None:
    values = np.array([7, 7, 7, 0, 0, 0, 0, 3, 3, 3, 3])
    known = np.array([True] * 9 + [False, True])
    assert longest_rest(Course(values, known)) == (3, 7)
    assert longest_rest(Course(values * 0, known)) == (0, 0)


CODES: Mapping[str, dict[str, int]] = {
    "chain-forked": {"forks": 1},
    "lag": {"seconds": 400},
    "paths-disagree": {"first": 10, "second": 8},
}


@pytest.mark.parametrize("code", CODES)
def test_words_have_their_numbers(code: str) -> None:
    finding = Finding(code, CODES[code], Outcome.HELD)
    for number in CODES[code].values():
        assert str(number) in finding.words


def test_an_unknown_code_is_no_words() -> None:
    with pytest.raises(KeyError):
        wording.words("unheard-of", {})
