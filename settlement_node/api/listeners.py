"""Who listens to events: some streams of each member, the newest of them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from settlement_node.api.limits import Limits
from settlement_node.api.problems import wait_a_little


class Listeners:
    """The places that streams take."""

    def __init__(self, limits: Limits) -> None:
        """Begin with every place free."""
        self._limits = limits
        self._taken = 0
        self._of_member: dict[str, list[asyncio.Event]] = {}

    @contextmanager
    def place(self, member: str) -> Iterator[asyncio.Event]:
        """Take a place until the block ends; it is lost once the event is set.

        A member that has its share loses the oldest, which may be a connection that nobody holds
        any more: a home that comes back from another address must not wait for that to show.
        """
        own = self._of_member.get(member, [])
        if len(own) >= self._limits.streams_per_member:
            self._free(member, own[0])
            own[0].set()
        elif self._taken >= self._limits.streams:
            detail = "as many listen to this node as it can serve"
            raise wait_a_little(503, "busy", "Too many streams", detail, 60)
        lost = asyncio.Event()
        self._of_member[member] = [*self._of_member.get(member, []), lost]
        self._taken += 1
        try:
            yield lost
        finally:
            if not lost.is_set():
                self._free(member, lost)

    def _free(self, member: str, place: asyncio.Event) -> None:
        left = [one for one in self._of_member[member] if one is not place]
        self._taken -= 1
        if left:
            self._of_member[member] = left
        else:
            del self._of_member[member]
