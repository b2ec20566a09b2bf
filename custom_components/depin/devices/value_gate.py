"""What a reading must pass before it is recorded: no jump, no fall, and never a made-up zero."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ..protocol.durations import HOUR
from .points import COUNTERS, NO_POINTS, Points, Role, Status

ANSWERS: Final = 3
"""So many answers in a row that agree make a new counter believable."""

PATIENCE_MS: Final = 30 * 60_000
"""A counter that has only risen for so long is taken, however fast it rises."""

LONG_MS: Final = 15 * 60_000
"""What is held back for so long, the owner has to know of."""

USUAL_MOST_W: Final[Mapping[Role, int]] = {
    Role.GRID: 69_000,
    Role.SUB: 69_000,
    Role.CHARGER: 50_000,
    Role.PRODUCTION: 100_000,
    Role.BATTERY: 100_000,
    Role.FEEDER: 1_000_000,
}
"""What is believed of a device of which the owner gave no limit: 69 kW is three times 100 A."""

MOST_SESSION_WH: Final = 1_000_000
"""No car takes more at one time."""

# A device may count on only once a minute.
_SHORTEST_MS: Final = 60_000
_MANY_ANSWERS: Final = 10


class Fault(enum.StrEnum):
    """Why a value was not taken."""

    ZERO = "reads zero after it had counted"
    BACKWARD = "went backward"
    JUMP = "rises by more than its limit allows"
    POWER = "is more than its limit allows"
    SESSION = "is more than any car takes"


@dataclass(frozen=True, slots=True)
class Limits:
    """What is known of a device: the most it can carry, and the step of each counter in Wh."""

    most_w: int
    steps: Mapping[str, int] = field(default_factory=dict)
    panels_only: bool = False

    def rise(self, name: str, elapsed: int) -> int:
        """Return the most that a counter can rise in a time."""
        work = 2 * self.most_w * max(elapsed, _SHORTEST_MS)
        return -(-work // HOUR) + 2 * self.steps.get(name, 1)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A counter's last believed value, and since when it has stood there."""

    value: int
    since: int


@dataclass(frozen=True, slots=True)
class Held:
    """Why a value is held back, and since when."""

    fault: Fault
    since: int


@dataclass(frozen=True, slots=True)
class Judged:
    """The points that may be recorded, and what is to be done and said about the rest."""

    points: Points
    faults: Mapping[str, Fault]
    changed: tuple[str, ...] = ()

    @property
    def ask_again(self) -> bool:
        """Tell whether the device should be asked again at once."""
        return bool(self.faults)


@dataclass(frozen=True, slots=True)
class _Doubted:
    """A value that is not believed yet.

    `since` the first of `answers` it has not gone back; the last `agreeing` of them agree.
    """

    value: int
    at: int
    since: int
    answers: int = 1
    agreeing: int = 1


class ValueGate:
    """The gate of one device: it remembers what each counter last showed."""

    def __init__(self, limits: Limits, accepted: Mapping[str, Accepted] | None = None) -> None:
        """Take up where a restarted home left off."""
        self._limits = limits
        self._accepted = dict(accepted or {})
        self._doubted: dict[str, _Doubted] = {}
        self._zeros: dict[str, int] = {}
        self._beside_new: set[str] = set()
        self.held: dict[str, Held] = {}

    @property
    def accepted(self) -> Mapping[str, Accepted]:
        """Return what each counter last showed, to be kept over a restart."""
        return dict(self._accepted)

    def judge(self, points: Points, at: int, *, sun_up: bool = True) -> Judged:
        """Judge a reading of an instant in milliseconds."""
        faults: dict[str, Fault] = {}
        changed = []
        values: dict[str, Any] = {}
        for name in COUNTERS:
            value: int | None = getattr(points, name)
            if value is None:
                continue
            fault, is_new = self._judge_counter(name, value, at)
            if fault:
                faults[name] = fault
                values[name] = None
            if is_new:
                changed.append(name)
        if self._is_too_much(points.power_w):
            faults["power_w"] = Fault.POWER
            values["power_w"] = None
        if points.session_wh is not None and points.session_wh > MOST_SESSION_WH:
            faults["session_wh"] = Fault.SESSION
            values["session_wh"] = None
        judged = replace(points, **values)
        if self._limits.panels_only and not sun_up:
            judged, faults = self._at_night(points, judged, faults)
        self._hold(points, faults, at)
        return Judged(judged, faults, tuple(changed))

    def silent(self, *, sun_up: bool) -> Judged:
        """Judge that the device gave no answer: panels sleep at night, all else is unavailable."""
        if self._limits.panels_only and not sun_up:
            return Judged(replace(self._last(NO_POINTS), status=Status.ASLEEP), {})
        return Judged(Points(status=Status.UNAVAILABLE), {})

    def _judge_counter(self, name: str, value: int, at: int) -> tuple[Fault | None, bool]:
        """Return what is wrong with a counter's value, and whether it begins a new count."""
        last = self._accepted.get(name)
        if last is None:
            self._accepted[name] = Accepted(value, at)
            return None, False
        self._zeros[name] = 0 if value else self._zeros.get(name, 0) + 1
        fault = self._fault(name, last, value, at)
        if fault is None:
            self._doubted.pop(name, None)
            self._beside_new.discard(name)
            if value != last.value:
                self._accepted[name] = Accepted(value, at)
            return None, False
        if fault is Fault.ZERO:
            if name not in self._beside_new or self._zeros[name] < ANSWERS:
                return fault, False
        elif self._is_confirmed(name, value, at):
            self._beside_new |= self._accepted.keys()
        else:
            return fault, False
        self._beside_new.discard(name)
        self._doubted.pop(name, None)
        self._accepted[name] = Accepted(value, at)
        return None, True

    def _fault(self, name: str, last: Accepted, value: int, at: int) -> Fault | None:
        if value < last.value:
            return Fault.BACKWARD if value else Fault.ZERO
        too_much = value - last.value > self._limits.rise(name, at - last.since)
        return Fault.JUMP if too_much else None

    def _is_confirmed(self, name: str, value: int, at: int) -> bool:
        """Tell whether enough answers agree: each equal to the last, or counted on from it.

        Where it counts on faster than it can, it does so for long before it is believed.
        """
        before = self._doubted.get(name)
        if before is None or value < before.value:
            self._doubted[name] = _Doubted(value, at, at)
            return False
        agrees = value - before.value <= self._limits.rise(name, at - before.at)
        agreeing = before.agreeing + 1 if agrees else 1
        answers = before.answers + 1
        self._doubted[name] = _Doubted(value, at, before.since, answers, agreeing)
        is_steady = answers >= _MANY_ANSWERS and at - before.since >= PATIENCE_MS
        return agreeing >= ANSWERS or is_steady

    def _hold(self, read: Points, faults: Mapping[str, Fault], at: int) -> None:
        """Remember since when values are held back; what was not read stays as it was."""
        held = {name: each for name, each in self.held.items() if getattr(read, name) is None}
        for name, fault in faults.items():
            before = self.held.get(name)
            held[name] = Held(fault, at if before is None else before.since)
        self.held = held

    def _is_too_much(self, watts: int | None) -> bool:
        return watts is not None and 2 * abs(watts) > 3 * self._limits.most_w

    def _at_night(
        self, read: Points, judged: Points, faults: dict[str, Fault]
    ) -> tuple[Points, dict[str, Fault]]:
        """Let panels that sleep keep their counters, answer they with zeros or with nothing."""
        asleep = read.status is Status.ASLEEP or not any(
            getattr(read, name) for name in self._accepted
        )
        if not asleep:
            return judged, faults
        kept = replace(self._last(judged), power_w=None, status=Status.ASLEEP)
        return kept, {name: fault for name, fault in faults.items() if fault is not Fault.ZERO}

    def _last(self, points: Points) -> Points:
        """Return points with the last counters where there are none."""
        last: dict[str, Any] = {name: each.value for name, each in self._accepted.items()}
        return points.filled_from(Points(**last))
