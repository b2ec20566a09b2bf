"""When devices are asked, what is closed into statements, and what the sampler says."""

import asyncio
import heapq
import json
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import pytest

from custom_components.depin.devices.awaited_counters import AwaitedCounters
from custom_components.depin.devices.message_device import MessageDevice
from custom_components.depin.devices.metered_device import MeteredDevice, MeteredPart
from custom_components.depin.devices.observed_sensor import ObservedSensor
from custom_components.depin.devices.points import (
    NO_POINTS,
    Points,
    Reading,
    Role,
    SilentError,
    Status,
)
from custom_components.depin.devices.profiles import load
from custom_components.depin.devices.roles import Use
from custom_components.depin.devices.sampler import Sampled, Sampler, SystemClock
from custom_components.depin.devices.value_gate import Fault, Limits
from custom_components.depin.protocol.fine_samples import fine_root
from custom_components.depin.protocol.metering import Flag
from custom_components.depin.protocol.statements.measuring import Device, Observations, Readings

MINUTE = 60_000
START = 1_800_000_000_000
"""The beginning of a quarter of an hour."""
NAME = "A" * 22


class FastClock:
    """A clock that stands still until everybody waits, and then goes to who waits the shortest."""

    def __init__(self) -> None:
        self.time = START
        self.stepped = 0
        self.steps_to_come: list[tuple[int, int]] = []
        self.is_driven = False
        self.synchronised: bool | None = True
        self.waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        while self.steps_to_come and self.steps_to_come[0][0] <= self.time:
            self.stepped = self.steps_to_come.pop(0)[1]
        return self.time + self.stepped

    def steady(self) -> int:
        return self.time

    def is_synchronised(self) -> bool | None:
        return self.synchronised

    async def sleep(self, seconds: float) -> None:
        if not self.is_driven:
            self.time += round(seconds * 1000)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self.waiting, (self.time + round(seconds * 1000), id(woken), woken))
        await woken

    async def run(self, until: int) -> None:
        """Let time go by."""
        self.is_driven = True
        while True:
            for _ in range(8):
                await asyncio.sleep(0)
            if self.waiting[0][0] > until:
                break
            wake, _, woken = heapq.heappop(self.waiting)
            self.time = max(self.time, wake)
            woken.set_result(None)
        self.time = until
        self.waiting.clear()
        self.is_driven = False


class Meter:
    """A pulled device that imports one Wh a second and takes a while to answer."""

    def __init__(self, clock: FastClock, delay: int = 300) -> None:
        self.clock = clock
        self.delay = delay
        self.answers: list[Points | SilentError] = []
        self.asked: list[int] = []

    async def read(self) -> Reading:
        self.asked.append(self.clock.now())
        self.clock.time += self.delay
        points: Points | SilentError = Points(
            import_wh=1_000_000 + (self.clock.time - START) // 1000, power_w=3600
        )
        if self.answers:
            points = self.answers.pop(0)
        if isinstance(points, SilentError):
            raise points
        return Reading(NO_POINTS, {Role.GRID: points})


@dataclass
class Books:
    """Keeps what it is handed, as the outbox and the sample store do."""

    bodies: list[Readings | Observations | Device] = field(default_factory=list)
    fine: list[list[bytes]] = field(default_factory=list)
    changes: list[tuple[str, ...]] = field(default_factory=list)
    held: list[Mapping[str, Fault]] = field(default_factory=list)
    held_long: list[Mapping[str, Fault]] = field(default_factory=list)
    unheard: list[tuple[str, ...]] = field(default_factory=list)
    failures: list[str | None] = field(default_factory=list)

    async def async_record(self, body: Readings | Observations | Device) -> None:
        self.bodies.append(body)

    async def async_add(self, device: str, samples: Iterable[bytes]) -> None:
        assert device == NAME
        self.fine.append(list(samples))

    def counters_changed(self, key: str, counters: Iterable[str]) -> None:
        assert key == "m1"
        self.changes.append(tuple(counters))

    def values_held(self, key: str, faults: Mapping[str, Fault]) -> None:
        assert key == "m1"
        self.held.append(faults)

    def values_held_long(self, key: str, faults: Mapping[str, Fault]) -> None:
        assert key == "m1"
        self.held_long.append(faults)

    def counters_unheard(self, key: str, counters: Collection[str]) -> None:
        assert key == "m1"
        self.unheard.append(tuple(counters))

    def unwritten(self, why: str | None) -> None:
        self.failures.append(why)


@dataclass
class Home:
    """A sampler over one device, on a fast clock."""

    clock: FastClock
    books: Books
    sampler: Sampler
    device: Sampled

    async def run(self, minutes: float) -> None:
        """Let time go by."""
        tasks = [
            asyncio.create_task(self.sampler.follow(self.device)),
            asyncio.create_task(self.sampler.close_intervals(self.books, self.books)),
        ]
        await self.clock.run(self.clock.time + round(minutes * MINUTE))
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results), results


def metered() -> MeteredDevice:
    part = MeteredPart(Use(Role.GRID, Role.GRID, NAME), Limits(17_250), {})
    return MeteredDevice([part])


def home(
    meter: Meter | None = None, *, sun_up: bool = True, is_synchronised: bool | None = True
) -> tuple[Home, Meter]:
    clock = FastClock() if meter is None else meter.clock
    clock.synchronised = is_synchronised
    meter = meter or Meter(clock)
    books = Books()
    sampler = Sampler(clock, lambda: sun_up, books)
    device = Sampled("m1", "Meter", metered(), meter)
    sampler.add(device)
    return Home(clock, books, sampler, device), meter


async def test_a_meter_is_asked_at_each_boundary_and_each_minute() -> None:
    house, meter = home()
    await house.run(31)
    assert meter.asked[0] == START
    assert {asked % MINUTE for asked in meter.asked} == {0}
    assert {START + 15 * MINUTE, START + 30 * MINUTE} <= set(meter.asked)
    assert len(meter.asked) == 32


async def test_an_interval_is_one_statement_with_the_true_times_of_the_replies() -> None:
    house, _ = home()
    await house.run(31)
    first, second = house.books.bodies
    assert isinstance(first, Readings)
    assert isinstance(second, Readings)
    assert first.device == NAME
    assert first.at == tuple(START + 300 + MINUTE * at for at in (0, 5, 10, 14, 15))
    assert first.registers == {"import": tuple(1_000_000 + 60 * at for at in (0, 5, 10, 14, 15))}
    assert first.power == (3600,) * 5
    assert first.flags is None
    assert second.at == tuple(START + 300 + MINUTE * at for at in (16, 20, 25, 29, 30))
    assert [len(samples) for samples in house.books.fine] == [16, 15]
    assert first.fine == fine_root(house.books.fine[0])
    assert json.loads(house.books.fine[0][1]) == [
        START + 300 + MINUTE,
        {"import": 1_000_060, "export": None},
        3600,
        0,
    ]


async def test_a_poll_that_fits_no_interval_still_meets_the_boundary() -> None:
    house, meter = home()
    house.device = replace(house.device, poll_ms=7 * MINUTE)
    await house.run(16)
    assert START + 15 * MINUTE in meter.asked


@pytest.mark.parametrize(("minutes", "statements"), [(19.9, 0), (20.1, 1)])
async def test_a_statement_waits_five_minutes_for_a_source_and_no_longer(
    minutes: float, statements: int
) -> None:
    house, _ = home()
    house.sampler.add(Sampled("m1", "Meter", metered(), MessageDevice(load("evcc_mqtt"), {})))
    await house.run(minutes)
    assert len(house.books.bodies) == statements


async def test_one_failed_reply_is_asked_for_again() -> None:
    house, meter = home()
    meter.answers = [SilentError("timeout")]
    await house.sampler.look_at(house.device)
    assert house.device.metered.available
    assert len(meter.asked) == 2


async def test_a_silent_meter_is_said_once_and_its_values_are_missing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house, meter = home()
    await house.sampler.look_at(house.device)
    with caplog.at_level(logging.INFO):
        meter.answers = [SilentError("no route")] * 20
        await house.run(9)
        assert house.device.metered.whole.status is Status.UNAVAILABLE
        assert house.device.metered.parts[0].shown.import_wh is None
        await house.run(2)
    assert [record.message for record in caplog.records] == [
        "Meter gives no answer: no route",
        "Meter answers again",
    ]


async def test_a_value_that_is_held_is_asked_for_again_at_once() -> None:
    house, meter = home()
    await house.sampler.look_at(house.device)
    meter.answers = [Points(import_wh=0)]
    await house.sampler.look_at(house.device)
    assert len(meter.asked) == 3
    assert house.books.held == [{}, {"import_wh": Fault.ZERO}, {}]
    shown = house.device.metered.parts[0].shown
    assert shown.import_wh is not None
    assert shown.import_wh >= 1_000_000


async def test_what_is_held_for_a_quarter_of_an_hour_is_said_until_it_is_believed() -> None:
    house, meter = home()
    for minute in range(20):
        meter.answers = [Points(import_wh=1_000_000, power_w=100_000)] * 2
        await house.sampler.look_at(house.device)
        if minute < 14 or minute > 15:
            assert house.books.held_long[-1] == ({"power_w": Fault.POWER} if minute > 15 else {})
        house.clock.time += MINUTE
    meter.answers = []
    await house.sampler.look_at(house.device)
    assert house.books.held_long[-1] == {}


async def test_a_counter_of_the_grid_meter_that_nobody_hears_is_said_after_an_hour() -> None:
    house, meter = home()
    part = house.device.metered.parts[0]
    awaited = AwaitedCounters(part, ["import_wh", "export_wh"])
    house.device = replace(house.device, awaited=awaited)
    await house.run(59)
    assert set(house.books.unheard) == {()}
    await house.run(3)
    assert house.books.unheard[-1] == ("export_wh",)
    meter.answers = [Points(import_wh=1_004_000, export_wh=7)]
    await house.sampler.look_at(house.device)
    assert house.books.unheard[-1] == ()
    # It is read from now on, but not believed: that is said in other words.
    meter.answers = [Points(import_wh=1_004_100 + second, export_wh=0) for second in range(300)]
    await house.run(70)
    assert house.books.unheard[-1] == ()


async def test_another_meter_is_taken_after_three_answers_and_said() -> None:
    house, meter = home()
    await house.sampler.look_at(house.device)
    meter.answers = [Points(import_wh=70, power_w=100)] * 3
    await house.sampler.look_at(house.device)
    assert not house.books.changes
    house.clock.time += MINUTE
    await house.sampler.look_at(house.device)
    assert house.books.changes == [("import_wh",)]
    await house.sampler.close(house.clock.now() + 1, house.books, house.books)
    (body,) = house.books.bodies
    assert isinstance(body, Readings)
    assert body.registers["import"][-1] == 70
    assert body.flags is not None
    assert body.flags[-1] == Flag.RESET.value


async def test_a_clock_that_is_stepped_puts_its_samples_in_doubt() -> None:
    house, _ = home()
    await house.sampler.look_at(house.device)
    house.clock.stepped = 3 * MINUTE
    await house.sampler.look_at(house.device)
    house.clock.time += 15 * MINUTE
    await house.sampler.look_at(house.device)
    await house.sampler.close(house.clock.now() + 1, house.books, house.books)
    (body,) = house.books.bodies
    assert isinstance(body, Readings)
    assert body.flags == (0, Flag.CLOCK.value, 0)


async def flags_around_a_step(*, is_synchronised: bool | None) -> list[int]:
    """Return the flags of what is read before and after a clock is put right by eight hours."""
    house, _ = home(is_synchronised=is_synchronised)
    house.clock.steps_to_come = [(START + 7 * MINUTE, 8 * 60 * MINUTE)]
    await house.run(40)
    said = [body for body in house.books.bodies if isinstance(body, Readings)]
    return [flag for body in said for flag in body.flags or (0,) * len(body.at)]


@pytest.mark.parametrize("is_synchronised", [False, None])
async def test_a_clock_nobody_knew_to_be_right_puts_what_came_before_its_step_in_doubt(
    is_synchronised: bool | None,  # noqa: FBT001
) -> None:
    """A machine without a clock of its own starts in the past, until it hears of the time."""
    flags = await flags_around_a_step(is_synchronised=is_synchronised)
    assert flags.count(Flag.CLOCK.value) >= 5
    assert flags == sorted(flags, reverse=True)
    assert flags[-1] == 0


async def test_what_was_dated_by_a_clock_known_to_be_right_stays_as_it_is() -> None:
    flags = await flags_around_a_step(is_synchronised=True)
    assert flags[:2] == [0, 0]
    assert Flag.CLOCK.value in flags


async def test_what_was_said_before_a_step_is_in_doubt_no_more() -> None:
    house, _ = home(is_synchronised=False)
    house.clock.steps_to_come = [(START + 20 * MINUTE, 8 * 60 * MINUTE)]
    await house.run(60)
    first, second, *_ = (body for body in house.books.bodies if isinstance(body, Readings))
    assert first.flags is None
    assert second.flags
    assert second.flags[0] == Flag.CLOCK.value


async def test_a_clock_that_is_set_back_says_no_instant_twice() -> None:
    house, _ = home()
    await house.run(15.1)
    house.clock.stepped = -20 * MINUTE
    await house.run(40)
    said = [at for body in house.books.bodies if isinstance(body, Readings) for at in body.at]
    assert said == sorted(set(said))


async def test_a_clock_that_was_a_day_ahead_keeps_nobody_silent() -> None:
    house, _ = home()
    await house.run(15.1)
    house.clock.stepped = 24 * 60 * MINUTE
    await house.run(20)
    house.clock.stepped = 0
    back = house.clock.now()
    await house.run(45)
    bodies = [body for body in house.books.bodies if isinstance(body, Readings)]
    again = [body for body in bodies if back <= body.at[0] and body.at[-1] < back + 60 * MINUTE]
    assert len(again) >= 2
    assert again[0].flags
    assert again[0].flags[0] == Flag.CLOCK.value


async def test_a_home_that_runs_on_goes_on_when_its_clock_is_put_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody sleeps until the day after, and nothing is dropped for being of the past."""
    house, meter = home()
    house.clock.steps_to_come = [(START + 20 * MINUTE, 24 * 60 * MINUTE), (START + 40 * MINUTE, 0)]
    await house.run(120)
    bodies = [body for body in house.books.bodies if isinstance(body, Readings)]
    after = [
        body
        for body in bodies
        if body.at[0] > START + 40 * MINUTE and body.at[-1] <= START + 121 * MINUTE
    ]
    assert len(after) >= 5
    assert after[0].flags
    assert after[0].flags[0] == Flag.CLOCK.value
    assert after[-1].flags is None
    assert sum("was put back" in message for message in caplog.messages) == 1
    assert len(meter.asked) > 110


async def test_a_home_that_was_restarted_under_a_clock_far_ahead_goes_on() -> None:
    house, _ = home()
    ahead = START + 24 * 60 * MINUTE
    part = MeteredPart(Use(Role.GRID, Role.GRID, NAME), Limits(17_250), {}, said=ahead)
    house.device.metered.parts = (part,)
    await house.sampler.look_at(house.device)
    await house.sampler.close(house.clock.now() + 1, house.books, house.books)
    (body,) = house.books.bodies
    assert isinstance(body, Readings)
    assert body.flags == (Flag.CLOCK.value,)


async def test_a_pushed_value_is_taken_under_a_clock_that_was_put_back() -> None:
    part = MeteredPart(Use(Role.GRID, Role.GRID, NAME), Limits(17_250), {})
    day = 24 * 60 * MINUTE
    for at in (START + day, START):
        part.put_right(at)
        heard = part.hear(Points(import_wh=5), {"import_wh": at}, sun_up=True, flags=Flag.NONE)
        assert [each.points.import_wh for each in heard] == [5]


async def test_an_interval_is_as_long_as_it_is_said_to_be() -> None:
    house, meter = home()
    house.sampler.keep(MINUTE, 10_000)
    await house.run(4.5)
    boundaries = {START + minute * MINUTE for minute in range(1, 5)}
    ends = {
        body.at[-1] // MINUTE * MINUTE for body in house.books.bodies if isinstance(body, Readings)
    }
    assert ends == boundaries
    assert len(meter.asked) == 5


async def test_without_a_recorder_samples_are_forgotten() -> None:
    house, _ = home()
    await house.sampler.look_at(house.device)
    await house.sampler.close(house.clock.now() + 1, None, None)
    assert house.device.metered.parts[0].sheet.close(house.clock.now() + 1) is None


async def test_what_cannot_be_written_is_said_later(caplog: pytest.LogCaptureFixture) -> None:
    class FullDisk(Books):
        async def async_record(self, body: Readings | Observations | Device) -> None:
            raise OSError(28, "No space left on device", str(body))

    house, _ = home()
    await house.sampler.look_at(house.device)
    porch = ObservedSensor(NAME, "temperature", -2)
    house.sampler.add_sensor(porch)
    porch.hear(2100, house.clock.now(), Flag.NONE)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            await house.sampler.close(house.clock.now() + 1, FullDisk(), None)
        await house.sampler.close(house.clock.now() + 1, house.books, None)
    assert len(house.books.bodies) == 2
    # One line when it begins, one when it ends, and no traceback.
    first, last = caplog.records
    assert "No space left" in first.getMessage()
    assert "again" in last.getMessage()
    assert first.exc_info is None
    *full, at_last = house.books.failures
    assert len(full) == 3
    assert all(why and "No space left" in why for why in full)
    assert at_last is None


async def test_panels_that_do_not_answer_at_night_are_asleep() -> None:
    clock = FastClock()
    books = Books()
    meter = Meter(clock)
    part = MeteredPart(Use(Role.GRID, Role.PRODUCTION, NAME), Limits(10_000, panels_only=True), {})
    device = Sampled("m1", "Meter", MeteredDevice([part]), meter)
    sampler = Sampler(clock, lambda: False, books)
    sampler.add(device)
    await sampler.look_at(device)
    clock.time += MINUTE
    meter.answers = [SilentError("timeout")] * 2
    await sampler.look_at(device)
    assert device.metered.whole.status is Status.ASLEEP
    assert device.metered.available
    await sampler.close(clock.now() + 1, books, books)
    (body,) = books.bodies
    assert isinstance(body, Readings)
    assert body.registers == {"production": (1_000_000, 1_000_000)}
    assert body.power == (3600, None)
    assert body.flags == (0, Flag.STALE.value)


async def test_what_is_pushed_keeps_its_own_time(caplog: pytest.LogCaptureFixture) -> None:
    clock = FastClock()
    books = Books()
    profile = load("shelly_pro_3em_mqtt")
    source = MessageDevice(profile, {"prefix": "shelly"})
    device = Sampled("m1", "Meter", metered(), source)
    sampler = Sampler(clock, lambda: True, books)
    sampler.add(device)
    await sampler.look_at(device)
    assert device.metered.available is None
    for at in (5, 20):
        source.hear("shelly/status/emdata:0", json.dumps({"total_act": 100 + at}), START + at)
        source.hear("shelly/status/em:0", json.dumps({"total_act_power": at}), START + at + 1)
        clock.time = START + 1000 + at
        await sampler.look_at(device)
        await sampler.look_at(device)
    await sampler.close(clock.now(), books, books)
    (body,) = books.bodies
    assert isinstance(body, Readings)
    assert body.at == (START + 5, START + 6, START + 20, START + 21)
    assert body.registers["import"] == (105, None, 120, None)
    assert body.power == (None, 5, None, 20)
    assert device.metered.parts[0].shown.import_wh == 120
    with caplog.at_level(logging.INFO):
        source.hear("shelly/online", "false", START + 30)
        await sampler.look_at(device)
        assert not device.metered.available
    assert [record.message for record in caplog.records] == [
        "Meter gives no answer: it has said nothing for too long"
    ]


async def test_the_machines_own_clock_goes_on() -> None:
    clock = SystemClock()
    now, steady = clock.now(), clock.steady()
    await clock.sleep(0.001)
    assert clock.now() > now > START - 10**13
    assert clock.steady() > steady
