"""A device as the home meters it: what it says goes through a gate into the sheet of each role."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ..protocol.metering import Flag
from .interval_sheet import FAR_AHEAD_MS, IntervalSheet
from .points import NO_POINTS, Points, Reading, Role, Status
from .roles import Use
from .value_gate import Accepted, Fault, Judged, Limits, ValueGate

_OF_THE_WHOLE: Final = ("status", "serial", "model", "manufacturer", "rated_w", "strings")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a reading: what was held back, and which counters begin a new count."""

    held: Mapping[str, Fault]
    changed: tuple[str, ...] = ()


class MeteredPart:
    """One role of a device: its gate, its sheet, and what it last showed."""

    def __init__(
        self, use: Use, limits: Limits, accepted: Mapping[str, Accepted], said: int = 0
    ) -> None:
        """Take up where a restarted home left off."""
        self.use = use
        self.gate = ValueGate(limits, accepted)
        self.sheet = IntervalSheet(use.device, said)
        self.shown = NO_POINTS
        self._heard: dict[str, int] = {}

    def take(self, points: Points, at: int, *, sun_up: bool, flags: Flag) -> Judged:
        """Judge what was read at an instant and put it into the sheet."""
        judged = self._judge(self.use.points(points), at, sun_up=sun_up, flags=flags)
        self.shown = judged.points
        return judged

    def hear(
        self, points: Points, times: Mapping[str, int], *, sun_up: bool, flags: Flag
    ) -> list[Judged]:
        """Judge what is new of what was heard, each value by its own time."""
        points = self.use.points(points)
        times = {name: times[source] for name, source in self.use.sources(times).items()}
        judged = []
        for at in sorted(set(times.values())):
            new = [name for name, when in times.items() if when == at > self._heard.get(name, 0)]
            if not new:
                continue
            self._heard.update(dict.fromkeys(new, at))
            one = replace(NO_POINTS, **{name: getattr(points, name) for name in new})
            judged.append(self._judge(one, at, sun_up=sun_up, flags=flags))
            said: dict[str, Any] = {name: getattr(judged[-1].points, name) for name in new}
            self.shown = replace(self.shown, **said)
        self.shown = replace(self.shown, status=points.status)
        return judged

    def put_right(self, now: int) -> bool:
        """Forget what a clock that was far ahead has dated; tell whether it was said, too."""
        latest = now + FAR_AHEAD_MS
        self._heard = {name: at for name, at in self._heard.items() if at <= latest}
        return self.sheet.put_right(now)

    def silent(self, at: int, *, sun_up: bool, was_asked: bool) -> Judged:
        """Take in that there is no answer: asleep, its counters stand still."""
        judged = self.gate.silent(sun_up=sun_up)
        self.shown = judged.points
        if was_asked and judged.points.status is Status.ASLEEP:
            self.sheet.add(self.use.sample(judged.points, at, Flag.STALE))
        return judged

    def _judge(self, points: Points, at: int, *, sun_up: bool, flags: Flag) -> Judged:
        judged = self.gate.judge(points, at, sun_up=sun_up)
        if judged.changed:
            flags |= Flag.RESET
        if judged.points.status is Status.ASLEEP:
            flags |= Flag.STALE
        self.sheet.add(self.use.sample(judged.points, at, flags))
        return judged


class MeteredDevice:
    """All used roles of one device, and who wants to know when it said something."""

    def __init__(self, parts: Iterable[MeteredPart]) -> None:
        """Take the parts that the owner uses."""
        self.parts = tuple(parts)
        self.whole = NO_POINTS
        self.said: tuple[str, ...] = ()
        self.available: bool | None = None
        self._settled_at = 0
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back after each reading, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def take(self, reading: Reading, at: int, *, sun_up: bool, flags: Flag = Flag.NONE) -> Heard:
        """Take what a device answered at an instant."""
        judged = [
            part.take(_of_part(reading, part.use.part), at, sun_up=sun_up, flags=flags)
            for part in self.parts
        ]
        self._settled_at = at
        return self._finish(reading, judged)

    def hear(
        self,
        reading: Reading,
        times: Mapping[Role, Mapping[str, int]],
        now: int,
        *,
        sun_up: bool,
        flags: Flag = Flag.NONE,
    ) -> Heard:
        """Take what a device has said by itself up to now."""
        if reading.device.status is Status.UNAVAILABLE:
            self.silent(now, sun_up=sun_up, was_asked=False)
            return Heard({})
        if not any(times.values()):
            return Heard({})
        judged = [
            each
            for part in self.parts
            for each in part.hear(
                _of_part(reading, part.use.part),
                times.get(part.use.part, {}),
                sun_up=sun_up,
                flags=flags,
            )
        ]
        return self._finish(reading, judged)

    def silent(self, at: int, *, sun_up: bool, was_asked: bool = True) -> None:
        """Take that a device gives no answer; one that was not asked has no new sample."""
        judged = [part.silent(at, sun_up=sun_up, was_asked=was_asked) for part in self.parts]
        asleep = any(each.points.status is Status.ASLEEP for each in judged)
        self.whole = Points(status=Status.ASLEEP if asleep else Status.UNAVAILABLE)
        self.available = asleep
        self._settled_at = at
        self._tell()

    def put_right(self, now: int) -> bool:
        """Forget what a clock that was far ahead has dated; tell whether it was said, too."""
        self._settled_at = min(self._settled_at, now)
        were_ahead = [part.put_right(now) for part in self.parts]
        return any(were_ahead)

    def held_since(self, instant: int) -> dict[str, Fault]:
        """Return what has been held back since an instant or longer, and why."""
        return {
            name: held.fault
            for part in self.parts
            for name, held in part.gate.held.items()
            if held.since <= instant
        }

    def passed(self, instant: int) -> bool:
        """Tell whether nothing of before an instant is to come any more."""
        return self._settled_at >= instant or all(part.sheet.passed(instant) for part in self.parts)

    def _finish(self, reading: Reading, judged: Iterable[Judged]) -> Heard:
        whole: dict[str, Any] = {name: getattr(reading.flat, name) for name in _OF_THE_WHOLE}
        self.whole = replace(NO_POINTS, frequency_hz=reading.flat.frequency_hz, **whole)
        self.said = reading.said
        self.available = True
        held: dict[str, Fault] = {}
        changed: list[str] = []
        for each in judged:
            held.update(each.faults)
            changed += each.changed
        self._tell()
        return Heard(held, tuple(changed))

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _of_part(reading: Reading, part: Role) -> Points:
    """Return a part's points, with what the device says of its state as a whole."""
    return reading.parts.get(part, NO_POINTS).filled_from(Points(status=reading.device.status))
