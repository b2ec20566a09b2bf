"""A statement that stands in the log, and what comes of entries: rows to write, things to tell."""

from typing import NamedTuple

import msgspec

from depin_protocol.events import EventKind
from depin_protocol.statements.envelope import Statement
from settlement_node.store.tables import Change


class Said(msgspec.Struct, frozen=True):
    """A statement with its place in the log."""

    index: int
    at: int
    statement: Statement


class Telling(NamedTuple):
    """What a member is to be told at once."""

    member: str
    kind: EventKind
    data: dict[str, object]


class Effects(NamedTuple):
    """What an entry changes in the tables, and who hears of it."""

    changes: tuple[Change, ...] = ()
    tellings: tuple[Telling, ...] = ()

    def and_then(self, more: "Effects") -> "Effects":
        """Return these and what came of it elsewhere."""
        return Effects((*self.changes, *more.changes), (*self.tellings, *more.tellings))
