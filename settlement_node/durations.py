"""Time in the milliseconds in which the log counts it, and as people read it."""

from datetime import UTC, datetime, timedelta
from typing import Final

HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def shown_time(at: int) -> str:
    """Write an instant of the log as people read it."""
    return f"{_EPOCH + timedelta(milliseconds=at):%Y-%m-%d %H:%M:%S} UTC"
