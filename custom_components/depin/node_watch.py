"""Notices a node that is silent for long, and clocks that differ."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from .node import Node
from .troubles import Owner, Trouble

SILENT_S: Final = 86_400.0
CLOCKS_DIFFER_S: Final = 60.0
"""More than this makes orders come late, and readings those of another time."""

_LOOKS_EVERY_S: Final = 60.0


class Asking(Protocol):
    """Who asks the node all the time."""

    is_reachable: bool | None


class NodeWatch:
    """Tells the owner what only shows after some time."""

    def __init__(
        self, node: Node, asking: Asking, owner: Owner, steady: Callable[[], float]
    ) -> None:
        """Begin as if the node had just answered; the clock only counts, in seconds."""
        self._node = node
        self._asking = asking
        self._owner = owner
        self._steady = steady
        self._answered = steady()

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await asyncio.sleep(_LOOKS_EVERY_S)

    def look(self) -> None:
        """Tell what has come to be so, and take back what is over."""
        if self._asking.is_reachable:
            self._answered = self._steady()
            self._owner.withdraw(Trouble.NODE_SILENT)
        elif self._steady() - self._answered >= SILENT_S:
            self._owner.tell(Trouble.NODE_SILENT)
        if clocks_differ(self._node):
            self._owner.tell(Trouble.CLOCK_WRONG)
        elif self._node.ahead is not None:
            self._owner.withdraw(Trouble.CLOCK_WRONG)


def clocks_differ(node: Node) -> bool:
    """Tell whether the node's clock and this home's were too far apart when it last answered."""
    return node.ahead is not None and abs(node.ahead) > CLOCKS_DIFFER_S
