"""What each member is told at once, kept so that a home can go on after the last event it saw."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final

from depin_protocol.durations import HOUR
from depin_protocol.encoding import decode_json, encode_json, from_text
from depin_protocol.events import Event, EventKind
from depin_protocol.identifiers import ID_LENGTH
from settlement_node.coop.answers import EventsExpiredError
from settlement_node.intake.said import Telling
from settlement_node.store.backup import META
from settlement_node.store.port import Store
from settlement_node.store.tables import Change, Delete, Put, Row, Table, binary, integers, text

EVENT: Final = Table(
    "event",
    (*binary("member"), *integers("id")),
    (*text("kind"), *integers("at"), *binary("data")),
)

_PORTION: Final = 100
_DELETED_AT_ONCE: Final = 500
_LOOK: Final = HOUR
"""Milliseconds from one look for old events to the next."""

_EXPIRED: Final = "events_before"
"""The row of `meta` that says before which id events may have been deleted."""


class Events:
    """The members' events: durable ones by id, and the newest checkpoint for whoever listens."""

    def __init__(self, store: Store, kept: int) -> None:
        """Keep events in a store, for so many milliseconds."""
        self._store = store
        self._kept = kept
        self._before = 0
        self._looked_at = 0
        self._looking: list[str] = []
        self._last: dict[str, int] = {}
        self._listeners: dict[str, set[asyncio.Event]] = {}
        self._checkpoint: dict[str, object] = {}
        self._checkpoint_at = 0
        self._closed = False

    async def load(self, members: Iterable[str]) -> None:
        """Find out which ids are given already, and which are given up."""
        expired = await self._store.get(META, (_EXPIRED,))
        self._before = 0 if expired is None else int(expired[1])
        for member in members:
            prefix = (from_text(member, ID_LENGTH),)
            rows = await self._store.scan(EVENT, prefix, limit=1, reverse=True)
            for row in rows:
                if isinstance(row[1], int):
                    self._last[member] = row[1]

    def rows(self, tellings: Iterable[Telling], at: int) -> Change:
        """Give numbers to what is to be told, once the rows are durable."""
        rows: list[Row] = []
        for telling in tellings:
            # An instant at least, so ids rise even when the tables were made anew.
            number = max(self._last.get(telling.member, 0) + 1, at)
            self._last[telling.member] = number
            key = (from_text(telling.member, ID_LENGTH), number)
            rows.append((*key, str(telling.kind), at, encode_json(telling.data)))
        return Put(EVENT, rows)

    def publish(self, members: Iterable[str]) -> None:
        """Wake who listens for these members."""
        for member in set(members):
            for listener in self._listeners.get(member, ()):
                listener.set()

    def publish_checkpoint(self, size: int, at: int) -> None:
        """Tell everybody who listens of a new checkpoint; only the newest matters."""
        self._checkpoint = {"size": size}
        self._checkpoint_at = at
        self.publish(self._listeners)

    def close(self) -> None:
        """Let every listener come to its end."""
        self._closed = True
        self.publish(self._listeners)

    def expired(self) -> Change:
        """Keep in mind before which id events may be gone."""
        return Put(META, [(_EXPIRED, b"%d" % self._before)])

    def check(self, member: str, after: int, now: int) -> None:
        """Raise an EventsExpiredError if events after this id may have been deleted, or lost."""
        if 0 < after < self._before - 1:
            first = self._before - 1
            raise EventsExpiredError(first, f"events before {first} are no longer kept")
        last = max(self._last.get(member, 0), self._before - 1, now)
        if after > last:
            # Given before a restore, or never: the next ids may lie below it.
            raise EventsExpiredError(last, f"no event has a number above {last} yet")

    async def since(self, member: str, after: int, limit: int) -> list[Event]:
        """Return the member's events after an id, which is the caller's to `check` first."""
        prefix = (from_text(member, ID_LENGTH),)
        rows = await self._store.scan(EVENT, prefix, after=(*prefix, after), limit=limit)
        return [_read(row) for row in rows]

    async def listen(self, member: str, after: int) -> AsyncIterator[Event]:
        """Give what the member missed, then what comes; ends when the co-op closes.

        What may have been deleted is the caller's to `check` first.

        A checkpoint is no durable event: it bears the id of the one before it.
        """
        news = asyncio.Event()
        listeners = self._listeners.setdefault(member, set())
        listeners.add(news)
        told = 0
        try:
            while not self._closed:
                news.clear()
                while events := await self.since(member, after, _PORTION):
                    for event in events:
                        after = event.id
                        yield event
                if self._checkpoint_at > told:
                    told = self._checkpoint_at
                    kind = str(EventKind.CHECKPOINT)
                    yield Event(max(after, 1), kind, told, self._checkpoint)
                await news.wait()
        finally:
            listeners.discard(news)
            if not listeners:
                self._listeners.pop(member, None)

    async def expire(self, now: int) -> bool:
        """Delete some events that are too old; tell whether there may be more."""
        if not self._looking:
            if now < self._looked_at + _LOOK:
                return False
            self._looked_at = now
            self._looking = list(self._last)
        before = max(self._before, self._looked_at - self._kept)
        while self._looking:
            prefix = (from_text(self._looking[-1], ID_LENGTH),)
            until = (*prefix, before - 1)
            rows = await self._store.scan(EVENT, prefix, until=until, limit=_DELETED_AT_ONCE)
            if rows:
                self._before = before
                gone = Delete(EVENT, [row[:2] for row in rows])
                await self._store.commit([gone, self.expired()])
                return True
            self._looking.pop()
        return False


def _read(row: Row) -> Event:
    match row:
        case (bytes(), int(number), str(kind), int(at), bytes(data)):
            return Event(number, kind, at, decode_json(data))
    raise TypeError(f"not the row of an event: {row!r}")
