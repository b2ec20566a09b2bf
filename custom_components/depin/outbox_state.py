"""What a home remembers of its chains besides what it said in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

from .protocol.statements.bodies import Stream
from .protocol.statements.fields import ID, MAX_COUNT, Fields
from .protocol.statements.heads import Head
from .protocol.statements.membership import MAX_NAMED_HEADS

STREAMS: Final[tuple[Stream, ...]] = ("metering", "trading")


class Stranded(NamedTuple):
    """From where on a chain can't be delivered, so that it is said again in another."""

    chain: str
    seq: int


@dataclass(frozen=True, slots=True)
class Reopening:
    """A chain that follows others, of which a part may have to be said again."""

    chain: str
    after: tuple[Head, ...]
    stranded: Stranded | None = None

    def to_json(self) -> dict[str, object]:
        """Return what is written of it."""
        value: dict[str, object] = {
            "chain": self.chain,
            "after": [head.to_json() for head in self.after],
        }
        if self.stranded is not None:
            value["stranded"] = self.stranded._asdict()
        return value

    @classmethod
    def read(cls, value: object) -> Self:
        """Read what was written."""
        fields = Fields(value, "reopening")
        chain = fields.text("chain", ID)
        after = fields.array("after", MAX_NAMED_HEADS, Head.read)
        stranded = None
        if "stranded" in fields:
            inner = Fields(fields.take("stranded"), "stranded")
            stranded = Stranded(inner.text("chain", ID), inner.integer("seq", 1, MAX_COUNT))
        return cls(chain, after, stranded)


@dataclass(frozen=True, slots=True)
class State:
    """Which streams wait for their owner's answer, and which chains were opened anew."""

    held: frozenset[Stream] = frozenset()
    """Streams of which nothing is sent: another home may sign with this key."""
    reopened: Mapping[Stream, Reopening] = field(default_factory=dict)
    unheard: int | None = None
    """How many statements had been written at the first start after the last word of the node."""

    def to_json(self) -> dict[str, object]:
        """Return what is written of it."""
        reopened = {stream: one.to_json() for stream, one in self.reopened.items()}
        value: dict[str, object] = {"held": sorted(self.held), "reopened": reopened}
        return value if self.unheard is None else {**value, "unheard": self.unheard}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read what was written."""
        fields = Fields(value, "state")
        held = fields.array("held", len(STREAMS), lambda stream, _: stream)
        reopened = fields.json_object("reopened")
        return cls(
            frozenset(stream for stream in STREAMS if stream in held),
            {stream: Reopening.read(reopened[stream]) for stream in STREAMS if stream in reopened},
            fields.integer("unheard", 0, MAX_COUNT) if "unheard" in fields else None,
        )
