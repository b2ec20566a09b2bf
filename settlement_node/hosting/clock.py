"""Whether this machine's clock can be right, as far as a log and a second clock tell."""

import time
from collections.abc import Callable
from typing import Final

from depin_protocol.durations import DAY, MINUTE
from settlement_node.instants import shown_time

FARTHEST: Final = 30 * DAY
"""A log that nobody wrote for longer is rarer than a clock that was not set yet."""


_JUMP: Final = MINUTE
_UPTIME: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class ClockError(Exception):
    """The clock may be so wrong that writing could ruin a log."""


def now() -> int:
    """Tell the time in milliseconds."""
    return time.time_ns() // 1_000_000


def uptime() -> int:
    """Tell for how many milliseconds this machine has been on, which nobody sets."""
    return time.clock_gettime_ns(_UPTIME) // 1_000_000


class WatchedClock:
    """The machine's clock, which is not believed once it has jumped ahead."""

    def __init__(self, clock: Callable[[], int] = now, steady: Callable[[], int] = uptime) -> None:
        """Watch a clock by another one that is steady."""
        self._clock = clock
        self._steady = steady
        self._ahead: int | None = None

    def __call__(self) -> int:
        """Tell the time in milliseconds, or raise a ClockError: a new start decides what to do."""
        at = self._clock()
        ahead = at - self._steady()
        if self._ahead is not None and ahead - self._ahead > _JUMP:
            seconds = (ahead - self._ahead) // 1_000
            raise ClockError(
                f"this machine's clock has jumped ahead by {seconds} s, to {shown_time(at)}"
            )
        self._ahead = ahead
        return at


def check_clock(now: int, last: int, *, is_right: bool) -> str | None:
    """Raise a ClockError if the clock may have run away; say so if it lags behind the log.

    Nothing in a log is earlier than what precedes it: an entry with the time of a clock that was
    ahead makes everything late until that time has come.
    """
    days = (now - last) // DAY
    if now - last > FARTHEST and not is_right:
        raise ClockError(
            f"this machine's clock says {shown_time(now)}, {days} days after the last entry of the"
            " log: look at the clock. If it is right, start once with `serve --clock-is-right`"
        )
    if last - now > MINUTE:
        return (
            f"this machine's clock says {shown_time(now)}, and the log has come to"
            f" {shown_time(last)}: set the clock. If that is right, the log's is wrong, and until"
            " then everything will be late: see docs/running.md"
        )
    return None
