"""When the node could not hear its homes, so that nobody pays for a node that was away."""

from collections.abc import Iterator
from typing import Final

from settlement_node.market.settling.tables import AWAY, HEARD
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Delete, Put, Row, Table

_LOG: Final = "log"


class Hearing:
    """When anything was logged last, and the times before it that no deadline counts."""

    def __init__(self) -> None:
        """Begin with having heard nothing."""
        self._last = 0
        self._stopped = False
        """Whether the node was away after that, which the next entry will tell the length of."""
        self._silent_from = 0
        self._silent_until = 0
        self._away: dict[int, int] = {}
        """When the node was away: from when until when, in order."""

    async def load(self, view: View) -> None:
        """Take it from its rows."""
        async for row in every_row(view, HEARD):
            match row:
                case (str(), int(last), int(stopped), int(silent_from), int(silent_until)):
                    self._last, self._stopped = last, bool(stopped)
                    self._silent_from, self._silent_until = silent_from, silent_until
        async for row in every_row(view, AWAY):
            match row:
                case (int(since), int(until)):
                    self._away[since] = until

    def rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row."""
        if self._last:
            yield HEARD, self._row()
        yield from ((AWAY, (since, until)) for since, until in self._away.items())

    def hear(self, at: int, silence: int, open_from: int) -> tuple[Change, ...]:
        """Take note that something was logged; more than `silence` without anything is one.

        When the node was away before `open_from` is forgotten.
        """
        if at <= self._last:
            return ()
        changes: list[Change] = []
        if self._stopped:
            self._away[self._last] = at
            over = [since for since, until in self._away.items() if until <= open_from]
            for since in over:
                del self._away[since]
            changes.append(Put(AWAY, [(self._last, at)]))
            if over:
                changes.append(Delete(AWAY, [(since,) for since in over]))
        elif at - self._last > silence:
            self._silent_from, self._silent_until = self._last, at
        self._last, self._stopped = at, False
        return (*changes, Put(HEARD, [self._row()]))

    def stop(self) -> tuple[Change, ...]:
        """Take note that the node was away after the last entry."""
        self._stopped = True
        return (Put(HEARD, [self._row()]),)

    def deadline(self, end: int, wait: int) -> int | None:
        """Say until when to wait for readings of what ended; None while that cannot be said.

        The node has to have been there for so long since then, in one piece or several. Where all
        of that was silent, the time to wait begins with what was logged first after it.
        """
        if self._last < end:
            return None
        since, left = end, wait
        for gone, back in self._away.items():
            if back > since and gone < since + left:
                left -= max(0, gone - since)
                since = back
        deadline = since + left
        if self._stopped and self._last < deadline:
            return None
        if self._silent_from < end and deadline < self._silent_until:
            return self._silent_until + wait
        return deadline

    def _row(self) -> Row:
        return _LOG, self._last, int(self._stopped), self._silent_from, self._silent_until
