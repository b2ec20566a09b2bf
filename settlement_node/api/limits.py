"""How much anybody may ask of a node, and token buckets that keep to it."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

_MOST_BUCKETS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and so many a second in the long run."""

    burst: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a node's doors; times are seconds."""

    body_bytes: int = 2**20
    batch: int = 1_000
    """Most statements of one request."""
    bodies_bytes: int = 64 * 2**20
    """Most bytes of requests that are on their way at one time."""
    connections: int = 8_000
    connections_per_address: int = 128
    requests_per_address: int = 32
    """Most requests of one address that are being answered at one time, streams left out."""
    streams: int = 4_000
    streams_per_member: int = 4
    """A further one takes the place of the oldest."""
    head_time: float = 10
    """Longest from a request's first byte to the end of its head."""
    body_time: float = 30
    idle_time: float = 75
    stalled_time: float = 20
    """Longest that somebody may leave unread what was sent."""
    heartbeat: float = 20
    address: Rate = Rate(20_000, 1_000)
    """What one address may cost: a request 10, a statement 1."""
    member: Rate = Rate(10_000, 50)
    """Statements of one member; weeks that were missed fit into the burst."""
    lasting: Rate = Rate(100, 100 / 86_400)
    """Chain openings and key changes of one member: each leaves what no later one replaces."""


class Buckets:
    """Token buckets by name; those used longest ago are forgotten when there are too many."""

    def __init__(
        self,
        rate: Rate,
        clock: Callable[[], float] = time.monotonic,
        most: int = _MOST_BUCKETS,
    ) -> None:
        """Begin with every bucket full."""
        self._rate = rate
        self._clock = clock
        self._most = most
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, name: str, cost: float) -> int:
        """Pay in advance; return 0, or in how many seconds there will be enough."""
        lacking = self.wait(name, cost)
        if not lacking:
            self.charge(name, cost)
        return lacking

    def wait(self, name: str, cost: float = 1) -> int:
        """Return in how many seconds a bucket will hold so much, 0 for now."""
        lacking = min(cost, self._rate.burst) - self._level(name)
        return ceil(lacking / self._rate.per_second) if lacking > 0 else 0

    def charge(self, name: str, cost: float) -> None:
        """Take from a bucket what was used, even if it owes then."""
        now = self._clock()
        begins = max(self._full_at.pop(name, now), now)
        self._full_at[name] = begins + cost / self._rate.per_second
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)

    def _level(self, name: str) -> float:
        now = self._clock()
        missing = max(0.0, self._full_at.get(name, now) - now) * self._rate.per_second
        return self._rate.burst - missing
