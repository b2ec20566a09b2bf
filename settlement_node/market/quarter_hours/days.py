"""Local days in quarters of an hour: 96 of them, 92 or 100 where the clocks change."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

QUARTER: Final = 15 * 60 * 1000
"""A quarter of an hour in milliseconds."""


class TimeError(ValueError):
    """A time that names no quarter of an hour; the message says why."""


def quarters_of(day: date, zone: ZoneInfo) -> range:
    """List the instants at which a local day's quarters begin."""
    return range(_midnight(day, zone), _midnight(day + timedelta(days=1), zone), QUARTER)


def day_of(moment: int, zone: ZoneInfo) -> date:
    """Tell on which local day an instant is."""
    return local(moment, zone).date()


def local(moment: int, zone: ZoneInfo) -> datetime:
    """Write an instant in local time."""
    return datetime.fromtimestamp(moment // 1000, UTC).astimezone(zone)


def instants(told: datetime, zone: ZoneInfo) -> tuple[int, ...]:
    """Find the quarter that begins at a time: two where a local hour comes twice."""
    if told.minute % 15 or told.second or told.microsecond:
        raise TimeError(f"{told.isoformat(sep=' ')} is not the start of a quarter of an hour")
    if told.tzinfo is not None:
        return (_instant(told),)
    both = (_instant(told.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    found = tuple(
        moment for moment in dict.fromkeys(both) if local(moment, zone).replace(tzinfo=None) == told
    )
    if not found:
        raise TimeError(f"{told.isoformat(sep=' ')} does not exist: the clocks skip it that day")
    return found


def missing_in_days(moments: Iterable[int], zone: ZoneInfo) -> dict[date, list[int]]:
    """List, for each day that is there in part, the quarters that are not."""
    known = set(moments)
    days = sorted({day_of(moment, zone) for moment in known})
    lacking = {
        day: [moment for moment in quarters_of(day, zone) if moment not in known] for day in days
    }
    return {day: missing for day, missing in lacking.items() if missing}


def _midnight(day: date, zone: ZoneInfo) -> int:
    return _instant(datetime(day.year, day.month, day.day, tzinfo=zone))


def _instant(told: datetime) -> int:
    return int(told.timestamp()) * 1000
