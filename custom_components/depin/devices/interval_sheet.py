"""The samples of one metered device, until an interval's are closed into one statement."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from ..protocol.durations import HOUR
from ..protocol.fine_samples import FineSample, fine_root
from ..protocol.metering import Flag
from ..protocol.statements.measuring import MAX_SAMPLES, REGISTERS, Column, Readings

SPACING_MS: Final = 5 * 60_000
"""How far apart the samples are that a statement holds; those between stay at home."""

FAR_AHEAD_MS: Final = HOUR
"""A clock that is set back by less makes a home wait, so that no instant is said twice."""

_POWER: Final = "power"
_COLUMNS: Final = (*REGISTERS, _POWER)


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed interval: what is said of it, and all samples that it rests on."""

    readings: Readings
    fine: tuple[bytes, ...]
    until: int


class IntervalSheet:
    """Takes samples in any order within the open interval; an instant that was said stays said."""

    def __init__(self, device: str, said: int = 0) -> None:
        """Begin the sheet of a device, by its name in statements, behind what was said of it."""
        self.said = said
        self._device = device
        self._rows: dict[int, FineSample] = {}
        self._last: dict[str, int] = {}

    def add(self, sample: FineSample) -> bool:
        """Take a sample; one that is no later than what was said already is left out."""
        if sample.at <= self.said:
            return False
        there = self._rows.get(sample.at)
        self._rows[sample.at] = sample if there is None else _joined(there, sample)
        for name, value in _values(sample):
            if value is not None:
                self._last[name] = max(self._last.get(name, 0), sample.at)
        return True

    def doubt_since(self, instant: int) -> None:
        """Flag what is dated after an instant and was not said yet: the clock was wrong then."""
        for at, row in self._rows.items():
            if at > instant:
                self._rows[at] = replace(row, flags=row.flags | Flag.CLOCK.value)

    def put_right(self, now: int) -> bool:
        """Take back what a clock that was far ahead has dated, for which the co-op has no use.

        Tells whether anything was said of a time that is still far.
        """
        latest = now + FAR_AHEAD_MS
        was_ahead = self.said > latest
        if was_ahead:
            self.said = now - 1
        if any(at > latest for at in self._rows):
            self._rows = {at: row for at, row in self._rows.items() if at <= latest}
        self._last = {name: min(at, latest) for name, at in self._last.items()}
        return was_ahead

    def passed(self, instant: int) -> bool:
        """Tell whether every value that the device has was read at an instant or later."""
        return bool(self._last) and min(self._last.values()) >= instant

    def close(self, end: int) -> Closed | None:
        """Return what is to be said up to the first sample past an end, None for nothing.

        Nothing counts as said before `settle`.
        """
        rows = [self._rows[at] for at in sorted(self._rows)]
        past = [at for name in self._last if (at := _first(rows, name, end)) is not None]
        cut = max(past, default=end - 1)
        rows = [row for row in rows if row.at <= cut]
        chosen = sorted({at for name in _COLUMNS for at in _chosen(rows, name, end)})
        if not chosen:
            return None
        if len(chosen) > MAX_SAMPLES:
            del chosen[MAX_SAMPLES:]
            rows = [row for row in rows if row.at <= chosen[-1]]
        leaves = tuple(row.to_bytes() for row in rows)
        by_instant = {row.at: row for row in rows}
        readings = _readings(self._device, [by_instant[at] for at in chosen])
        return Closed(replace(readings, fine=fine_root(leaves)), leaves, rows[-1].at)

    def settle(self, closed: Closed) -> None:
        """Forget the samples of what was said."""
        self.said = max(self.said, closed.until)
        self._rows = {at: row for at, row in self._rows.items() if at > self.said}


def _joined(there: FineSample, more: FineSample) -> FineSample:
    """Return what two samples of one instant say together."""
    registers = there.registers | {
        name: value for name, value in more.registers.items() if value is not None
    }
    power = there.power if more.power is None else more.power
    return FineSample(there.at, registers, power, there.flags | more.flags)


def _values(row: FineSample) -> Iterator[tuple[str, int | None]]:
    yield from row.registers.items()
    yield _POWER, row.power


def _value(row: FineSample, name: str) -> int | None:
    return row.power if name == _POWER else row.registers.get(name)


def _first(rows: Sequence[FineSample], name: str, since: int) -> int | None:
    """Return when a value was first read at an instant or later."""
    return next((row.at for row in rows if row.at >= since and _value(row, name) is not None), None)


def _chosen(rows: Sequence[FineSample], name: str, end: int) -> Iterator[int]:
    """Choose what a statement holds of one value.

    These are those around its ends, one each five minutes, and each whose flags are new.
    """
    there = [row for row in rows if _value(row, name) is not None]
    yield from (row.at for last, row in pairwise(there) if row.flags not in {0, last.flags})
    yield from (row.at for row in there if row.flags & Flag.RESET.value)
    before = [row.at for row in there if row.at < end]
    spaced = {at // SPACING_MS: at for at in reversed(before)}
    yield from spaced.values()
    yield from before[-1:]
    yield from [row.at for row in there if row.at >= end][:1]


def _readings(device: str, rows: Sequence[FineSample]) -> Readings:
    registers = {name: _column(rows, name) for name in REGISTERS}
    power = _column(rows, _POWER)
    flags = tuple(row.flags for row in rows)
    return Readings(
        device,
        tuple(row.at for row in rows),
        {name: column for name, column in registers.items() if column is not None},
        power,
        flags if any(flags) else None,
    )


def _column(rows: Sequence[FineSample], name: str) -> Column | None:
    column = tuple(_value(row, name) for row in rows)
    return None if set(column) == {None} else column
