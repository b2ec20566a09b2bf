"""Who speaks, as far as intake has to know."""

from collections.abc import Callable, Mapping
from typing import Protocol

from depin_protocol.statements.bodies import Stream
from depin_protocol.statements.history import KeyHistory
from settlement_node.intake.streams import StreamState


class Speaker(Protocol):
    """A member's keys, and what was heard from it."""

    @property
    def id(self) -> str:
        """Its name."""
        ...

    @property
    def history(self) -> KeyHistory:
        """Its keys, and where each took over."""
        ...

    @property
    def streams(self) -> Mapping[Stream, StreamState]:
        """What is held of each of its streams."""
        ...

    def key_index(self, stream: Stream, chain: str, seq: int) -> int:
        """Tell which of its keys counts at a place."""
        ...


type FindSpeaker = Callable[[str], Speaker | None]
