"""The bodies of requests that are still on their way: where they fill the room, greed gives way."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum


class Cut(Enum):
    """Why a body is waited for no longer."""

    FULL = "more is being sent to this node than it can hold, and this has taken longest"
    STOPPING = "the node is stopping"


@dataclass(slots=True, eq=False)
class Body:
    """One body, as far as it is here."""

    address: str
    patience: asyncio.Timeout
    size: int = 0
    cut: Cut | None = None


class Arriving:
    """All bodies that are on their way, oldest first."""

    def __init__(self, room: int) -> None:
        """Begin with none, and room for so many bytes."""
        self._room = room
        self._held = 0
        self._bodies: dict[Body, None] = {}
        self._of_address: Counter[str] = Counter()
        self._stopping = False

    @contextmanager
    def awaited(self, address: str, patience: asyncio.Timeout) -> Iterator[Body]:
        """Count a body until the block ends, or until it is cut."""
        body = Body(address, patience)
        self._bodies[body] = None
        if self._stopping:
            self._cut(body, Cut.STOPPING)
        try:
            yield body
        finally:
            self._forget(body)

    def grow(self, body: Body, size: int) -> None:
        """Count some more bytes; whoever has to give way for them is cut, perhaps this body.

        This machine's own commands have no address, and never have to.
        """
        if body.cut is not None or not body.address:
            return
        body.size += size
        self._held += size
        self._of_address[body.address] += size
        while self._held > self._room:
            self._cut(self._greedy(), Cut.FULL)

    def stop(self) -> None:
        """Wait for none of them any longer, nor for those that begin from now on."""
        self._stopping = True
        for body in list(self._bodies):
            self._cut(body, Cut.STOPPING)

    def _greedy(self) -> Body:
        """Choose the oldest body of those addresses that hold an equal share or more.

        A body that is sent at once is seldom the oldest, and a home seldom holds much.
        """
        addresses = len(self._of_address)
        return next(
            body
            for body in self._bodies
            if body.size and self._of_address[body.address] * addresses >= self._held
        )

    def _cut(self, body: Body, why: Cut) -> None:
        self._forget(body)
        body.cut = why
        if not body.patience.expired():
            body.patience.reschedule(0)

    def _forget(self, body: Body) -> None:
        if body not in self._bodies:
            return
        del self._bodies[body]
        self._held -= body.size
        self._of_address[body.address] -= body.size
        if not self._of_address[body.address]:
            del self._of_address[body.address]
