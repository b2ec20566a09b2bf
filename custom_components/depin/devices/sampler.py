"""When devices are asked, and when what they said is closed into statements."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ..protocol.metering import Flag
from .awaited_counters import AwaitedCounters
from .clock_watch import ClockWatch, kernel_is_synchronised
from .metered_device import Heard, MeteredDevice, MeteredPart
from .observed_sensor import ObservedSensor
from .points import Pulled, Pushed, Reading, SilentError
from .recording import Recorder, SampleStore
from .value_gate import LONG_MS, Fault

INTERVAL_MS: Final = 15 * 60_000
POLL_MS: Final = 60_000
LIMIT_MS: Final = 5 * 60_000
"""A statement waits no longer for a source: half the reading deadline, at most this."""

_LONGEST_SLEEP_S: Final = 10.0
_RETRY_S: Final = 0.8
_ASK_AGAIN_S: Final = 1.0
_LOGGER: Final = logging.getLogger(__name__)


class Clock(Protocol):
    """The time of day, a count that is never stepped, both in milliseconds, and waiting."""

    def now(self) -> int:
        """Return unix time."""

    def steady(self) -> int:
        """Return a count of milliseconds."""

    def is_synchronised(self) -> bool | None:
        """Tell whether the time of day is known to be right; None where nobody can tell."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        """Return unix time."""
        return time.time_ns() // 1_000_000

    def steady(self) -> int:
        """Return a count of milliseconds."""
        return time.monotonic_ns() // 1_000_000

    def is_synchronised(self) -> bool | None:
        """Ask the kernel whether a time service keeps its clock right."""
        return kernel_is_synchronised()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Notices(Protocol):
    """Who is told of what the owner should know."""

    def counters_changed(self, key: str, counters: Iterable[str]) -> None:
        """Say that counters of a device begin anew: another meter, or one that was set back."""

    def values_held(self, key: str, faults: Mapping[str, Fault]) -> None:
        """Say which values of a device were not believed just now; none when all were."""

    def values_held_long(self, key: str, faults: Mapping[str, Fault]) -> None:
        """Say which values of a device have not been believed for long; none when all are."""

    def counters_unheard(self, key: str, counters: Collection[str]) -> None:
        """Say which counters of the grid meter nobody has heard for long; none when all were."""

    def unwritten(self, why: str | None) -> None:
        """Say why nothing that is read can be written, or that it can be again."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A device under the sampler: its names, what meters it, and where it is read."""

    key: str
    name: str
    metered: MeteredDevice
    source: Pulled | Pushed
    poll_ms: int = POLL_MS
    awaited: AwaitedCounters | None = None


class Sampler:
    """Asks pulled devices at each interval's boundary and between, and closes intervals."""

    def __init__(
        self,
        clock: Clock,
        sun_up: Callable[[], bool],
        notices: Notices,
        *,
        interval_ms: int = INTERVAL_MS,
        limit_ms: int = LIMIT_MS,
    ) -> None:
        """Begin with no devices."""
        self._clock = clock
        self._sun_up = sun_up
        self._notices = notices
        self._interval_ms = interval_ms
        self._limit_ms = limit_ms
        self._watch = ClockWatch(interval_ms, clock.is_synchronised)
        self._devices: list[Sampled] = []
        self._sensors: list[ObservedSensor] = []
        self._closing = asyncio.Lock()
        self._cannot_write = False

    def keep(self, interval_ms: int, limit_ms: int) -> None:
        """Close intervals of this length from now on, and wait no longer than this for sources."""
        self._interval_ms, self._limit_ms = interval_ms, limit_ms
        self._watch.interval_ms = interval_ms

    @property
    def times(self) -> tuple[int, int]:
        """Return how long intervals are, and how long their statements wait."""
        return self._interval_ms, self._limit_ms

    def add(self, device: Sampled) -> None:
        """Close this device's intervals, too."""
        self._devices.append(device)

    def add_sensor(self, sensor: ObservedSensor) -> None:
        """Close what this sensor observed at each interval's end, too."""
        self._sensors.append(sensor)

    def observe(self, sensor: ObservedSensor, value: int | None, at: int) -> None:
        """Take what a sensor observed, by its own time."""
        sensor.hear(value, at, self._flags(self._clock.now()))

    async def follow(self, device: Sampled) -> None:
        """Ask a device for ever, at once and whenever it is due."""
        while True:
            await self.look_at(device)
            await self._sleep_until_next(device.poll_ms)

    async def look_at(self, device: Sampled) -> None:
        """Ask a device that is pulled, or take what one that pushes has said."""
        if not isinstance(device.source, Pulled):
            self.hear(device, device.source)
            return
        heard = await self._ask(device, device.source)
        if heard.held:
            await self._clock.sleep(_ASK_AGAIN_S)
            await self._ask(device, device.source)

    async def close_intervals(self, recorder: Recorder | None, samples: SampleStore | None) -> None:
        """Close each interval as soon as every source has passed its end, or the time is up."""
        while True:
            end = await self._sleep_until_next()
            while end <= self._clock.now() < end + self._limit_ms and not self._all_passed(end):
                await self._clock.sleep(1)
            # What has begun to be handed over is handed over once, whoever stops us.
            await asyncio.shield(self.close(end, recorder, samples))

    async def close(self, end: int, recorder: Recorder | None, samples: SampleStore | None) -> None:
        """Hand over what is to be said up to an end; without a recorder it is forgotten."""
        async with self._closing:
            # A step of the clock may itself have ended the interval, before anybody was asked.
            self._doubt_if_stepped(self._clock.now())
            failure: OSError | None = None
            for device in self._devices:
                for part in device.metered.parts:
                    failure = await _close_part(part, end, recorder, samples) or failure
            for sensor in self._sensors:
                failure = await _close_sensor(sensor, end, recorder) or failure
            self._report_unwritten(failure)

    async def _ask(self, device: Sampled, source: Pulled) -> Heard:
        """Ask a device, twice if it does not answer, and judge what it says."""
        before = device.metered.available
        try:
            reading = await self._answer(source)
        except SilentError as error:
            device.metered.silent(self._clock.now(), sun_up=self._sun_up())
            heard = Heard({})
            self._report(device, heard, was_lost=before is False, why=str(error))
            return heard
        now = self._clock.now()
        heard = device.metered.take(reading, now, sun_up=self._sun_up(), flags=self._flags(now))
        self._report(device, heard, was_lost=before is False)
        return heard

    async def _answer(self, source: Pulled) -> Reading:
        try:
            return await source.read()
        except SilentError:
            await self._clock.sleep(_RETRY_S)
            return await source.read()

    def hear(self, device: Sampled, source: Pushed) -> None:
        """Take what a device that pushes has said up to now."""
        now = self._clock.now()
        before = device.metered.available
        heard = device.metered.hear(
            source.reading(now),
            source.times(),
            now,
            sun_up=self._sun_up(),
            flags=self._flags(now),
        )
        # Before its first word nobody can tell whether it is late.
        was_lost = before is False or (before is None and not device.metered.available)
        self._report(device, heard, was_lost=was_lost, why="it has said nothing for too long")

    def _report(self, device: Sampled, heard: Heard, *, was_lost: bool, why: str = "") -> None:
        """Say once that a device is lost or back, and what the gate did."""
        available = device.metered.available
        if not available and not was_lost:
            _LOGGER.warning("%s gives no answer: %s", device.name, why)
        elif available and was_lost:
            _LOGGER.info("%s answers again", device.name)
        if heard.changed:
            self._notices.counters_changed(device.key, heard.changed)
        self._notices.values_held(device.key, heard.held)
        long_ago = self._clock.now() - LONG_MS
        self._notices.values_held_long(device.key, device.metered.held_since(long_ago))
        if device.awaited is not None:
            unheard = device.awaited.unheard(self._clock.steady())
            self._notices.counters_unheard(device.key, unheard)

    def _report_unwritten(self, failure: OSError | None) -> None:
        """Say once that nothing can be written, and once that it can be again."""
        if failure is not None and not self._cannot_write:
            _LOGGER.error("What is read is kept in memory, for it cannot be written: %s", failure)
        elif failure is None and self._cannot_write:
            _LOGGER.info("What is read can be written again")
        self._cannot_write = failure is not None
        self._notices.unwritten(None if failure is None else str(failure))

    def _flags(self, now: int) -> Flag:
        self._doubt_if_stepped(now)
        self._put_right(now)
        trouble = self._watch.trouble(now, self._clock.steady())
        return Flag.NONE if trouble is None else Flag.CLOCK

    def _doubt_if_stepped(self, now: int) -> None:
        """Put in doubt what was dated by a clock that was not known to be right, and is not."""
        if not self._watch.was_stepped(now, self._clock.steady()):
            return
        for device in self._devices:
            for part in device.metered.parts:
                part.sheet.doubt_since(self._watch.trusted_until)
        for sensor in self._sensors:
            sensor.doubt_since(self._watch.trusted_until)

    def _put_right(self, now: int) -> None:
        """Go on from now where a clock that was far ahead, perhaps before a restart, is no more."""
        were_ahead = [device.metered.put_right(now) for device in self._devices]
        were_ahead += [sensor.put_right(now) for sensor in self._sensors]
        if any(were_ahead):
            self._watch.doubt(self._clock.steady())
            _LOGGER.warning("The clock was far ahead and was put back: readings go on from now")

    def _all_passed(self, instant: int) -> bool:
        return all(device.metered.passed(instant) for device in self._devices)

    async def _sleep_until_next(self, poll_ms: int | None = None) -> int:
        """Wait for the next boundary of an interval, or whole multiple of a time; return which.

        The clock may be stepped on the way, and the interval may change: what then comes first.
        """
        due = None
        while due is None or self._clock.now() < due:
            now = self._clock.now()
            first = _next(now, self._interval_ms)
            if poll_ms is not None:
                first = min(first, _next(now, poll_ms))
            due = first if due is None else min(due, first)
            await self._clock.sleep(min((due - now) / 1000, _LONGEST_SLEEP_S))
        return due


async def _close_part(
    part: MeteredPart,
    end: int,
    recorder: Recorder | None,
    samples: SampleStore | None,
) -> OSError | None:
    """Hand over an interval of a device; return why that failed, and keep it then."""
    closed = part.sheet.close(end)
    if closed is None:
        return None
    try:
        if samples is not None:
            await samples.async_add(part.use.device, closed.fine)
        if recorder is not None:
            await recorder.async_record(closed.readings)
    except OSError as error:
        return error
    part.sheet.settle(closed)
    return None


async def _close_sensor(
    sensor: ObservedSensor, end: int, recorder: Recorder | None
) -> OSError | None:
    """Hand over what a sensor observed; return why that failed, and keep it then."""
    closed = sensor.close(end)
    if closed is None:
        return None
    try:
        if recorder is not None:
            await recorder.async_record(closed)
    except OSError as error:
        return error
    sensor.settle(closed)
    return None


def _next(now: int, every: int) -> int:
    """Return the next whole multiple of a time."""
    return (now // every + 1) * every
