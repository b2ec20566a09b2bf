"""What a node tells its homes at once; everything here can also be asked for."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from .encoding import EncodingError, decode_json, encode_json
from .statements.fields import MAX_COUNT, BodyError, Fields

MAX_EVENT: Final = 16_384

_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")


class EventError(ValueError):
    """The event is malformed; the message says where."""


class EventKind(StrEnum):
    """The events that there are; a home passes over those that it doesn't know."""

    CHECKPOINT = "checkpoint"
    """The log has a new checkpoint."""
    GATE = "gate"
    """An interval's book is closed."""
    CLEARED = "cleared"
    """An interval has its price and volume."""
    SETTLED = "settled"
    """An interval is settled, provisionally or finally."""
    DECISION = "decision"
    """A statement of this home's has no effect, or something was decided about it."""
    VERDICT = "verdict"
    """A contribution of this home's was judged."""
    REWARD = "reward"
    """An epoch's shares are booked."""
    KEY = "key"
    """A key is to be replaced, of this home or of the node; a veto is possible until then."""
    NOTICE = "notice"
    """The co-op has something to say, or parameters will change."""
    HELD = "held"
    """This home's orders are held: two chains of one stream are alive."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ids rise, so that a stream goes on after the last one seen."""

    id: int
    kind: str
    at: int
    data: dict[str, object]

    def written(self) -> bytes:
        """Write the event as one line of JSON; refuse to write what nobody could read."""
        data = encode_json({"id": self.id, "kind": self.kind, "at": self.at, "data": self.data})
        self.read(data)
        return data

    @property
    def known(self) -> EventKind | None:
        """The event's kind, if it is one of those that there are."""
        return EventKind(self.kind) if self.kind in EventKind else None

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read an event; one of an unknown kind is an event too."""
        if len(data) > MAX_EVENT:
            msg = f"an event of {len(data)} bytes, where at most {MAX_EVENT} are allowed"
            raise EventError(msg)
        try:
            fields = Fields(decode_json(data), "event")
            event = cls(
                id=fields.integer("id", 1, MAX_COUNT),
                kind=fields.text("kind", _KIND),
                at=fields.time("at"),
                data=fields.json_object("data"),
            )
            fields.finish()
        except (BodyError, EncodingError) as error:
            raise EventError(str(error)) from None
        return event
