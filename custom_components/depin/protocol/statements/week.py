"""Windows of the week: minutes since Monday 00:00 UTC."""

from collections.abc import Sequence
from typing import Final

from .fields import BodyError, integer

WEEK: Final = 7 * 24 * 60
MAX_WINDOWS: Final = 64

type Window = tuple[int, int]
"""From the first minute up to, not including, the second."""


def span(begin: object, end: object, path: str) -> Window:
    """Check the two ends of a window."""
    first = integer(begin, f"{path}[0]", 0, WEEK - 1)
    return first, integer(end, f"{path}[1]", first + 1, WEEK)


def apart(windows: Sequence[tuple[int, ...]], path: str) -> None:
    """Check that windows follow one another without overlap."""
    for at in range(1, len(windows)):
        if windows[at - 1][1] > windows[at][0]:
            msg = f"{path}[{at}] begins before the one before it ends"
            raise BodyError(msg)


def minute_of_week(instant: int) -> int:
    """Return the minute of the week, in UTC, in which an instant in milliseconds lies."""
    # The epoch began on a Thursday, three days after a Monday.
    return (instant // 60_000 + 3 * 24 * 60) % WEEK
