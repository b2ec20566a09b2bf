"""Whether the home's clock can be trusted: it may be stepped, or lose what keeps it right."""

import ctypes
import enum
from collections.abc import Callable
from typing import Final

STEP_MS: Final = 2_000
"""A difference that no slewing makes between two looks."""

_LARGER_THAN_TIMEX: Final = 512
_TIME_ERROR: Final = 5


class ClockTrouble(enum.StrEnum):
    """What is wrong with the clock."""

    STEPPED = "stepped"
    UNSYNCHRONISED = "unsynchronised"


def kernel_is_synchronised() -> bool | None:
    """Ask the kernel whether a time service keeps its clock right; None where it cannot tell."""
    try:
        ask = ctypes.CDLL(None).adjtimex
    except AttributeError, OSError, TypeError:
        return None
    state = ask(ctypes.create_string_buffer(_LARGER_THAN_TIMEX))
    return None if state < 0 else state != _TIME_ERROR


class ClockWatch:
    """Compares the clock of the day with one that only counts.

    A clock of which the kernel never knew may be kept right by other means; one that it no longer
    knows of is in doubt.
    """

    def __init__(self, interval_ms: int, is_synchronised: Callable[[], bool | None]) -> None:
        """Begin with a clock that nothing is known of; a step is in doubt for an interval."""
        self.interval_ms = interval_ms
        self.trusted_until = 0
        """Since then nobody has known the clock to be right; nobody ever did where it is 0."""
        self._is_synchronised = is_synchronised
        self._offset: int | None = None
        self._steady_doubt = 0
        self._was_synchronised = False

    def doubt(self, steady: int) -> None:
        """Take it that the clock was stepped, as others have noticed."""
        self._steady_doubt = steady + self.interval_ms

    def was_stepped(self, now: int, steady: int) -> bool:
        """Compare both clocks, in milliseconds, and tell whether one was stepped since then."""
        offset = now - steady
        stepped = self._offset is not None and abs(offset - self._offset) > STEP_MS
        if stepped:
            self.doubt(steady)
        self._offset = offset
        return stepped

    def trouble(self, now: int, steady: int) -> ClockTrouble | None:
        """Say what is wrong with the clock."""
        synchronised = self._is_synchronised()
        if synchronised:
            self.trusted_until = now
        if steady < self._steady_doubt:
            return ClockTrouble.STEPPED
        self._was_synchronised = self._was_synchronised or synchronised is True
        lost = self._was_synchronised and synchronised is False
        return ClockTrouble.UNSYNCHRONISED if lost else None
