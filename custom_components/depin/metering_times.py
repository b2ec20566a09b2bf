"""How long a co-op's intervals are and how long it waits for readings, as its node publishes."""

from dataclasses import dataclass
from typing import Final

from .protocol.durations import DAY, HOUR, MINUTE
from .protocol.statements.fields import MAX_TIME, Fields, array

_MOST_MARKETS: Final = 1000
_MOST_VERSIONS: Final = 10_000
_LONGEST_WAIT: Final = 5 * MINUTE
_SHORTEST_WAIT: Final = 10_000


@dataclass(frozen=True, slots=True)
class MeteringTimes:
    """The length of an interval, and how long its statement waits for sources, in milliseconds."""

    interval: int = 15 * MINUTE
    wait: int = _LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class _Version:
    """What a version of a market's rules says of metering, and from when it holds."""

    start: int
    interval: int
    deadline: int


def metering_times(published: object, now: int) -> MeteringTimes:
    """Read what all markets ask for together: the shortest interval, the earliest deadline.

    A statement waits for half the deadline, at most 5 minutes, and no less than devices need to
    answer. Raises BodyError where that is not what a node publishes.
    """
    markets = array(published, "markets", _MOST_MARKETS, _versions)
    held = [_holding(versions, now) for versions in markets if versions]
    if not held:
        return MeteringTimes()
    half = min(version.deadline for version in held) // 2
    return MeteringTimes(
        min(version.interval for version in held),
        max(_SHORTEST_WAIT, min(half, _LONGEST_WAIT)),
    )


def _versions(value: object, path: str) -> tuple[_Version, ...]:
    return Fields(value, path).array("versions", _MOST_VERSIONS, _version)


def _version(value: object, path: str) -> _Version:
    fields = Fields(value, path)
    start = fields.integer("start", 0, MAX_TIME)
    rules = Fields(fields.take("rules"), f"{path}.rules")
    interval = rules.integer("interval", MINUTE, HOUR)
    return _Version(start, interval, rules.integer("reading_deadline", 0, 7 * DAY))


def _holding(versions: tuple[_Version, ...], now: int) -> _Version:
    """Return the version that holds now, or the first that will."""
    begun = [version for version in versions if version.start <= now]
    if begun:
        return max(begun, key=lambda version: version.start)
    return min(versions, key=lambda version: version.start)
