"""When the log was silent, so that nobody pays for a node that was away."""

from collections.abc import Iterator
from typing import Final

from settlement_node.market.settling.tables import HEARD
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Put, Row, Table

_LOG: Final = "log"


class Hearing:
    """The last time that anything was logged, and the last long silence before it."""

    def __init__(self) -> None:
        """Begin with having heard nothing."""
        self._last = 0
        self._silent_from = 0
        self._silent_until = 0

    async def load(self, view: View) -> None:
        """Take it from its row."""
        async for row in every_row(view, HEARD):
            match row:
                case (str(), int(last), int(silent_from), int(silent_until)):
                    self._last = last
                    self._silent_from, self._silent_until = silent_from, silent_until

    def rows(self) -> Iterator[tuple[Table, Row]]:
        """Give the row."""
        if self._last:
            yield HEARD, self._row()

    def hear(self, at: int, silence: int) -> tuple[Change, ...]:
        """Take note that something was logged; more than `silence` without anything is one."""
        if at <= self._last:
            return ()
        if at - self._last > silence:
            self._silent_from, self._silent_until = self._last, at
        self._last = at
        return (Put(HEARD, [self._row()]),)

    def deadline(self, end: int, wait: int) -> int | None:
        """Say until when to wait for readings of what ended; None while nothing was logged since.

        Where all of the time to wait was silent, it begins with what was logged first after it.
        """
        if self._last < end:
            return None
        if self._silent_from < end and end + wait < self._silent_until:
            return self._silent_until + wait
        return end + wait

    def _row(self) -> Row:
        return _LOG, self._last, self._silent_from, self._silent_until
