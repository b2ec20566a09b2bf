"""What passes the gate: each rule by itself, then all of them against random meters."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from custom_components.depin.devices.points import Points, Role, Status
from custom_components.depin.devices.value_gate import (
    ANSWERS,
    MOST_SESSION_WH,
    USUAL_MOST_W,
    Accepted,
    Fault,
    Held,
    Limits,
    ValueGate,
)

MINUTE = 60_000
HOUR = 60 * MINUTE
TEN_KW = Limits(10_000)
PANELS = Limits(10_000, panels_only=True)


def at_one_kwh(limits: Limits = TEN_KW) -> ValueGate:
    gate = ValueGate(limits)
    gate.judge(Points(import_wh=1000), 0)
    return gate


def test_a_counter_that_counts_on_passes() -> None:
    judged = at_one_kwh().judge(Points(import_wh=1300, power_w=3000), 6 * MINUTE)
    assert judged.points == Points(import_wh=1300, power_w=3000)
    assert not judged.ask_again
    assert judged.changed == ()


def test_a_zero_after_counting_is_missing_however_often_it_comes() -> None:
    gate = at_one_kwh()
    for at in range(1, 10):
        judged = gate.judge(Points(import_wh=0), at)
        assert judged.points.import_wh is None
        assert judged.faults == {"import_wh": Fault.ZERO}
    assert gate.judge(Points(import_wh=1001), MINUTE).points.import_wh == 1001


def exchanged(*exports: int) -> list[tuple[int | None, int | None]]:
    """Return what passes of a new meter, the import of which begins at 5 Wh."""
    gate = ValueGate(TEN_KW)
    gate.judge(Points(import_wh=9_000_000, export_wh=200), 0)
    judged = [
        gate.judge(Points(import_wh=5 + place, export_wh=value), place * MINUTE).points
        for place, value in enumerate(exports, start=1)
    ]
    return [(each.import_wh, each.export_wh) for each in judged]


def test_a_zero_beside_a_counter_that_begins_anew_is_a_new_meters() -> None:
    assert exchanged(0, 0, 0, 0, 3) == [(None, None), (None, None), (8, 0), (9, 0), (10, 3)]


def test_a_zero_of_a_counter_that_was_read_since_is_missing() -> None:
    """Only its import was set back: its export counts on, so no zero of it is one."""
    assert exchanged(200, 200, 201, 0, 0, 0, 202)[2:] == [
        (8, 201),
        (9, None),
        (10, None),
        (11, None),
        (12, 202),
    ]


def test_a_zero_is_taken_after_three_in_a_row_alone() -> None:
    assert [export for _, export in exchanged(200, 200, 0, 0, 201, 0)] == [
        200,
        200,
        None,
        None,
        201,
        None,
    ]


def test_a_zero_heard_for_itself_beside_a_new_counter_is_taken_at_the_third() -> None:
    gate = ValueGate(TEN_KW)
    gate.judge(Points(import_wh=9_000_000, export_wh=200), 0)
    for at in (1, 2, 3):
        gate.judge(Points(import_wh=5), at * MINUTE)
    judged = [gate.judge(Points(export_wh=0), at * MINUTE) for at in (4, 5, 6)]
    assert [each.points.export_wh for each in judged] == [None, None, 0]
    assert [each.changed for each in judged] == [(), (), ("export_wh",)]


def test_a_zero_at_first_is_a_count() -> None:
    gate = ValueGate(TEN_KW)
    assert gate.judge(Points(export_wh=0), 0).points.export_wh == 0
    assert gate.judge(Points(export_wh=0), MINUTE).points.export_wh == 0


@pytest.mark.parametrize(
    ("value", "fault"), [(999, Fault.BACKWARD), (81_250_000, Fault.JUMP), (1, Fault.BACKWARD)]
)
def test_three_equal_answers_make_a_meter_change(value: int, fault: Fault) -> None:
    gate = at_one_kwh()
    for at in (1, 2):
        judged = gate.judge(Points(import_wh=value), at)
        assert (judged.points.import_wh, judged.changed) == (None, ())
        assert judged.faults == {"import_wh": fault}
        assert judged.ask_again
    judged = gate.judge(Points(import_wh=value), 3)
    assert (judged.points.import_wh, judged.changed) == (value, ("import_wh",))
    assert not judged.ask_again
    assert gate.judge(Points(import_wh=value + 1), MINUTE).points.import_wh == value + 1


def test_a_new_meter_may_count_on_between_the_answers() -> None:
    gate = at_one_kwh()
    judged = [gate.judge(Points(import_wh=value), value * 1000) for value in (5, 6, 7)]
    assert [each.points.import_wh for each in judged] == [None, None, 7]


def test_answers_that_do_not_agree_begin_anew() -> None:
    gate = at_one_kwh()
    values = [500, 500, 700_000, 500, 500, 500]
    judged = [gate.judge(Points(import_wh=value), at) for at, value in enumerate(values)]
    assert [each.points.import_wh for each in judged] == [None] * 5 + [500]


def test_a_good_answer_ends_the_doubt() -> None:
    gate = at_one_kwh()
    values = [500, 500, 1000, 500, 500, 1000]
    judged = [gate.judge(Points(import_wh=value), at) for at, value in enumerate(values)]
    assert [each.points.import_wh for each in judged] == [None, None, 1000, None, None, 1000]


@pytest.mark.parametrize(
    ("rise", "elapsed", "passes"),
    [
        (336, MINUTE, True),
        (337, MINUTE, False),
        (336, 1, True),
        (20_002, HOUR, True),
        (20_003, HOUR, False),
    ],
)
def test_a_step_within_twice_the_rated_power_passes(rise: int, elapsed: int, passes: bool) -> None:  # noqa: FBT001
    judged = at_one_kwh().judge(Points(import_wh=1000 + rise), elapsed)
    assert (judged.points.import_wh is not None) is passes


def test_a_counter_that_is_seldom_renewed_may_make_up_for_it() -> None:
    gate = at_one_kwh()
    for at in range(10_000, 15 * MINUTE, 10_000):
        assert gate.judge(Points(import_wh=1000), at).points.import_wh == 1000
    assert gate.judge(Points(import_wh=3500), 15 * MINUTE).points.import_wh == 3500


def test_a_coarse_counter_may_step() -> None:
    gate = at_one_kwh(Limits(1000, steps={"import_wh": 1000}))
    assert gate.judge(Points(import_wh=2000), MINUTE).points.import_wh == 2000


@pytest.mark.parametrize("role", list(Role))
def test_a_glitch_is_never_taken_and_the_moving_counter_goes_on(role: Role) -> None:
    """What the owner says nothing of has a limit all the same."""
    gate = at_one_kwh(Limits(USUAL_MOST_W[role]))
    assert gate.judge(Points(import_wh=0xFFFF_FFFF), MINUTE).points.import_wh is None
    for minute in range(2, 100):
        counted = 1000 + 8 * minute
        assert gate.judge(Points(import_wh=counted), minute * MINUTE).points.import_wh == counted


@pytest.mark.parametrize("role", list(Role))
def test_a_new_meter_that_counts_on_is_taken_at_the_third_answer(role: Role) -> None:
    gate = at_one_kwh(Limits(USUAL_MOST_W[role]))
    gate.judge(Points(import_wh=9_000_000), HOUR * 24 * 365)
    answers = [
        gate.judge(Points(import_wh=5000 + 8 * minute), HOUR * 24 * 365 + minute * MINUTE)
        for minute in (1, 2, 3)
    ]
    assert [each.changed for each in answers] == [(), (), ("import_wh",)]


def test_a_counter_faster_than_its_limit_is_not_held_for_ever() -> None:
    """A limit of 1 kW is wrong for a car of 11 kW: half an hour on, the count is taken as new."""
    gate = at_one_kwh(Limits(1000))
    taken = [
        minute
        for minute in range(1, 100)
        if gate.judge(Points(import_wh=1000 + 183 * minute), minute * MINUTE).changed
    ]
    assert taken == [31, 62, 93]


def test_numbers_that_jump_about_are_never_taken_however_long() -> None:
    gate = at_one_kwh()
    for minute in range(1, 300):
        garbage = 10**9 * (1 + minute * 7 % 5)
        assert gate.judge(Points(import_wh=garbage), minute * MINUTE).points.import_wh is None


def test_what_is_held_back_is_known_with_its_reason_and_its_time() -> None:
    gate = at_one_kwh()
    gate.judge(Points(import_wh=10**9, power_w=10**6), MINUTE)
    gate.judge(Points(import_wh=10**8), 2 * MINUTE)
    assert gate.held == {
        "import_wh": Held(Fault.JUMP, MINUTE),
        "power_w": Held(Fault.POWER, MINUTE),
    }
    gate.judge(Points(import_wh=1001, power_w=5), 3 * MINUTE)
    assert gate.held == {}


def test_a_clock_that_steps_back_stops_nothing() -> None:
    gate = ValueGate(TEN_KW)
    gate.judge(Points(import_wh=1000), HOUR)
    assert gate.judge(Points(import_wh=1001), 0).points.import_wh == 1001


@pytest.mark.parametrize(("watts", "passes"), [(15_000, True), (-15_000, True), (15_001, False)])
def test_power_has_a_limit(watts: int, passes: bool) -> None:  # noqa: FBT001
    judged = ValueGate(TEN_KW).judge(Points(power_w=watts), 0)
    assert (judged.points.power_w is not None) is passes
    assert judged.ask_again is not passes


def test_a_session_has_a_limit() -> None:
    judged = ValueGate(TEN_KW).judge(Points(session_wh=MOST_SESSION_WH + 1), 0)
    assert judged.points.session_wh is None
    assert judged.faults == {"session_wh": Fault.SESSION}


@pytest.mark.parametrize(
    "read", [Points(), Points(production_wh=0, power_w=0), Points(status=Status.ASLEEP)]
)
def test_panels_sleep_when_the_sun_is_down(read: Points) -> None:
    gate = ValueGate(PANELS)
    gate.judge(Points(production_wh=5000, power_w=10), 0)
    judged = gate.judge(read, HOUR, sun_up=False)
    assert judged.points == Points(production_wh=5000, status=Status.ASLEEP)
    assert not judged.ask_again


def test_by_day_the_same_is_missing() -> None:
    gate = ValueGate(PANELS)
    gate.judge(Points(production_wh=5000), 0)
    judged = gate.judge(Points(production_wh=0, power_w=0), HOUR)
    assert judged.points == Points(power_w=0)
    assert judged.ask_again


def test_what_still_counts_at_night_is_awake() -> None:
    gate = ValueGate(PANELS)
    gate.judge(Points(production_wh=5000), 0)
    judged = gate.judge(Points(production_wh=5001, power_w=8), MINUTE, sun_up=False)
    assert judged.points == Points(production_wh=5001, power_w=8)


def test_silence_is_sleep_only_for_panels_at_night() -> None:
    for limits, sun_up, expected in (
        (PANELS, False, Points(production_wh=5000, status=Status.ASLEEP)),
        (PANELS, True, Points(status=Status.UNAVAILABLE)),
        (TEN_KW, False, Points(status=Status.UNAVAILABLE)),
    ):
        gate = ValueGate(limits)
        gate.judge(Points(production_wh=5000), 0)
        assert gate.silent(sun_up=sun_up).points == expected


def test_a_restarted_home_takes_up_where_it_left_off() -> None:
    gate = at_one_kwh()
    assert gate.accepted == {"import_wh": Accepted(1000, 0)}
    again = ValueGate(TEN_KW, gate.accepted)
    assert again.judge(Points(import_wh=0), 1).points.import_wh is None


class Meter(RuleBasedStateMachine):
    """A true meter behind a bad line: what the gate lets through is true, or said to be new."""

    @initialize(start=st.integers(1, 10**9))
    def begin(self, start: int) -> None:
        self.at = 0
        self.true = start
        self.shown: int | None = None
        self.gate = ValueGate(TEN_KW)
        self.misread_in_a_row = 0
        self.answer(start)

    def answer(self, value: int | None) -> Points:
        """Let the device answer, and look at what is let through."""
        judged = self.gate.judge(Points(import_wh=value), self.at)
        passed = judged.points.import_wh
        if passed is not None:
            assert passed == value
            assert judged.changed or self.shown is None or passed >= self.shown
            self.shown = passed
        return judged.points

    @rule(seconds=st.integers(1, 900), share=st.integers(0, 100))
    def count(self, seconds: int, share: int) -> None:
        """Let the meter count at up to its rated power, and be read right."""
        self.misread_in_a_row = 0
        self.at += seconds * 1000
        self.true += 10_000 * seconds * share // (3600 * 100)
        assert self.answer(self.true).import_wh in {self.true, None}

    @rule(garbage=st.one_of(st.none(), st.just(0), st.integers(0, 2**62)))
    def misread(self, garbage: int | None) -> None:
        """One reply is missing, zero or anything; three of them may agree."""
        self.misread_in_a_row += 1
        before = self.shown
        passed = self.answer(garbage).import_wh
        if garbage == 0:
            assert passed is None
        if passed is not None and before is not None and self.misread_in_a_row < ANSWERS:
            assert passed >= before

    @rule()
    def recover(self) -> None:
        """Three true answers are always enough, whatever came before."""
        self.misread_in_a_row = 0
        for _ in range(3):
            points = self.answer(self.true)
        assert points.import_wh == self.true

    @rule(start=st.integers(1, 10**9))
    def replace_the_meter(self, start: int) -> None:
        """Believe a new meter after three answers."""
        self.true = start
        self.recover()

    @invariant()
    def nothing_is_made_up(self) -> None:
        """Remember only what was let through."""
        if self.shown is not None:
            assert self.gate.accepted["import_wh"].value == self.shown


MeterTest = Meter.TestCase
MeterTest.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_points_are_filled_but_never_overwritten() -> None:
    points = Points(import_wh=0, power_w=5)
    assert points.filled_from(Points(import_wh=7, export_wh=8)) == replace(points, export_wh=8)
