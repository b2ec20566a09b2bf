"""What a sensor observed, until an interval's samples are closed into one statement."""

from collections.abc import Callable

from ..protocol.metering import Flag
from ..protocol.statements.measuring import MAX_SAMPLES, Observations
from .interval_sheet import FAR_AHEAD_MS, SPACING_MS


class ObservedSensor:
    """Takes what was observed by its own time; an instant that was said stays said."""

    def __init__(self, device: str, quantity: str, scale: int) -> None:
        """Begin with nothing heard of a sensor, by its name in statements and what it observes."""
        self.quantity = quantity
        self.scale = scale
        self.last: int | None = None
        self._device = device
        self._rows: dict[int, tuple[int, int, int]] = {}
        self._said = 0
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back after each observation, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def doubt_since(self, instant: int) -> None:
        """Flag what is dated after an instant and was not said yet: the clock was wrong then."""
        for slot, (at, value, flags) in self._rows.items():
            if at > instant:
                self._rows[slot] = (at, value, flags | Flag.CLOCK.value)

    def put_right(self, now: int) -> bool:
        """Take back what a clock that was far ahead has dated; tell whether it was said, too."""
        latest = now + FAR_AHEAD_MS
        was_ahead = self._said > latest
        if was_ahead:
            self._said = now
        self._rows = {slot: row for slot, row in self._rows.items() if row[0] <= latest}
        return was_ahead

    def hear(self, value: int | None, at: int, flags: Flag) -> None:
        """Take what was observed at an instant; None is that there is nothing to be had."""
        self.last = value
        if value is not None and at > self._said:
            self._rows.setdefault(at // SPACING_MS, (at, value, flags.value))
        for listener in tuple(self._listeners):
            listener()

    def close(self, end: int) -> Observations | None:
        """Return what is to be said of before an end, None for nothing.

        Nothing counts as said before `settle`.
        """
        rows = sorted(row for row in self._rows.values() if row[0] < end)[:MAX_SAMPLES]
        if not rows:
            return None
        at, values, flags = zip(*rows, strict=True)
        return Observations(
            self._device, self.quantity, self.scale, at, values, flags if any(flags) else None
        )

    def settle(self, said: Observations) -> None:
        """Forget what was said."""
        self._said = said.at[-1]
        self._rows = {slot: row for slot, row in self._rows.items() if row[0] > self._said}
