"""Deletes what is no longer to be kept: what lies below an erasure, and events that are old."""

from collections.abc import AsyncIterator
from typing import Final

from settlement_node.coop.answers import Clock
from settlement_node.coop.events import Events
from settlement_node.coop.state import CoopState
from settlement_node.keeping.roots import LINES, Roots
from settlement_node.keeping.state_root import read_rows
from settlement_node.ledger.erasing import erasing_transfers
from settlement_node.ledger.tables import PENDING
from settlement_node.log.reading import erasing
from settlement_node.store.backup import META
from settlement_node.store.port import Store, View
from settlement_node.store.tables import Change, Put, Value

_ERASED_BELOW: Final = "erased_below"
"""The row of `meta` that says below which entry all bodies and older transfers are gone."""


async def deleted_below(view: View) -> int:
    """Tell below which entry everything that was given up is deleted."""
    row = await view.get(META, (_ERASED_BELOW,))
    return int(row[1]) if row is not None else 0


class ClearingOut:
    """Deletes in portions; cut short, it goes on at the next start."""

    def __init__(self, store: Store, state: CoopState, events: Events, clock: Clock) -> None:
        """Clear out a store that a running co-op writes to."""
        self._store = store
        self._state = state
        self._events = events
        self._clock = clock
        self._horizon = 0
        self._erasing: AsyncIterator[Change] | None = None
        self._erased_below: int | None = None
        self.finished: int | None = None
        """Below which entry the bodies are gone by now, if that was done here."""

    async def portion(self) -> bool:
        """Do one portion; tell whether there was one to do."""
        return await self._erase() or await self._events.expire(self._clock())

    async def _erase(self) -> bool:
        if self._erasing is None:
            if self._state.keeping.roots.horizon <= await self._done():
                return False
            # What the state says may not be durable yet.
            durable = Roots()
            await durable.load(self._store)
            self._horizon = durable.horizon
            self._erasing = self._changes(self._horizon)
        # What goes wrong in a portion leaves nothing half done: it begins anew.
        erasing_on, self._erasing = self._erasing, None
        change = await anext(erasing_on, None)
        if change is not None:
            await self._store.commit([change])
            self._erasing = erasing_on
            return True
        await self._store.scrub()
        self._erased_below = self._horizon
        await self._store.commit([Put(META, [(_ERASED_BELOW, b"%d" % self._horizon)])])
        self.finished = self._horizon
        return True

    async def _changes(self, below: int) -> AsyncIterator[Change]:
        async for change in erasing(self._store, below):
            yield change
        tables = {table.name: table for table in self._state.tables}
        standing: set[Value] = set()
        for _, lines in await self._store.scan(LINES, (below,), limit=1):
            if isinstance(lines, bytes):
                _, rows = read_rows(lines, tables)
                standing = {row[1] for table, row in rows if table is PENDING}
        async for change in erasing_transfers(self._store, below, standing):
            yield change

    async def _done(self) -> int:
        if self._erased_below is None:
            self._erased_below = await deleted_below(self._store)
        return self._erased_below
