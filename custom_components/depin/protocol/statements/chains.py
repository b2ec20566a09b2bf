"""Which statement may come next: two streams a member, in each a chain at a time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

from ..problems import ChainEndedError, ForkError, GapError
from .bodies import Stream
from .envelope import Statement
from .heads import Head
from .membership import ChainOpening, KeyChange

MAX_LIVE: Final = 8
"""Most chains of a stream that go on side by side: as many as an opening can name."""

KNOWN: Final = "known"
"""The very bytes are held already: the same receipt again."""


class StreamView(Protocol):
    """What is held of one stream of one member."""

    def head(self, chain: str) -> Head | None:
        """Return the last statement held of a chain, None if the chain is unknown."""
        ...

    def hash_at(self, chain: str, seq: int) -> str | None:
        """Return the hash of a statement that is held."""
        ...

    def live(self) -> Collection[str]:
        """Return the chains that may go on: one, or several while a clone may be about."""
        ...

    def opened_under(self, chain: str) -> int | None:
        """Return which of the member's keys signed the chain's opening, None if it is unknown."""
        ...


class Entry(NamedTuple):
    """What a statement does to the member's chains when it enters."""

    head: Head
    ends: frozenset[tuple[Stream, str]] = frozenset()
    """Chains that end where they stand now."""


type Streams = Mapping[Stream, StreamView]
type Admission = Entry | Literal["known"]


@dataclass(frozen=True, slots=True)
class Handover:
    """Up to these heads the key before counts, after them only the next."""

    metering: Head | None
    trading: Head | None

    def head(self, stream: Stream) -> Head | None:
        """Return the last place of the key before."""
        return self.metering if stream == "metering" else self.trading


@dataclass(frozen=True, slots=True)
class KeyHistory:
    """A member's keys, one after another; `handovers[i]` leads from key i to key i + 1."""

    keys: tuple[bytes, ...]
    handovers: tuple[Handover, ...] = ()

    def index_at(self, stream: Stream, chain: str, seq: int, opened_under: int | None) -> int:
        """Tell which key counts at a place of a chain, whenever the statement arrives."""
        last = [
            head.seq if head is not None and head.chain == chain else None
            for head in (handover.head(stream) for handover in self.handovers)
        ]
        index = opened_under
        if index is None:
            naming = (at for at, seq_of_last in enumerate(last) if seq_of_last is not None)
            index = next(naming, len(last))
        for at, seq_of_last in enumerate(last[index:], index):
            if seq_of_last is not None and seq > seq_of_last:
                index = at + 1
        return index

    def handed_over(self, key: bytes, handover: Handover) -> "KeyHistory":
        """Return the history with one more key."""
        return KeyHistory((*self.keys, key), (*self.handovers, handover))


def admit(statement: Statement, streams: Streams, history: KeyHistory) -> Admission:
    """Tell what a well-signed statement does; raise GapError, ForkError or ChainEndedError."""
    header = statement.header
    stream = streams[header.stream]
    held = stream.hash_at(header.chain, header.seq)
    if held == statement.hash:
        return KNOWN
    if held is not None:
        msg = f"number {header.seq} of chain {header.chain} is {held}"
        raise ForkError(msg)
    if header.seq == 1:
        ends = _opening(statement, stream)
    else:
        _following(statement, stream)
        ends = frozenset()
    if isinstance(statement.body, KeyChange):
        ends |= _other_chains(statement.head, "trading", streams)
        ends |= _handed_over(statement.body.metering, streams)
    elif any(handover.metering == statement.head for handover in history.handovers):
        ends |= _other_chains(statement.head, "metering", streams)
    return Entry(statement.head, ends)


def _following(statement: Statement, stream: StreamView) -> None:
    """Check that a statement follows the head of its chain."""
    header = statement.header
    head = stream.head(header.chain)
    if head is None:
        raise GapError(header.chain, 1)
    if header.chain not in stream.live():
        msg = f"chain {header.chain} ended with number {head.seq}"
        raise ChainEndedError(msg)
    if header.seq > head.seq + 1:
        raise GapError(header.chain, head.seq + 1)
    if header.prev != head.hash:
        msg = f"number {head.seq} of chain {header.chain} is {head.hash}"
        raise ForkError(msg)


def _opening(statement: Statement, stream: StreamView) -> frozenset[tuple[Stream, str]]:
    """Open a chain once all that it names is held.

    A chain of which more is held than was named ends where it stands, since a restored home
    knows only the past. A live chain that is not named goes on beside the new one, and the
    member's orders are held until an opening names both.
    """
    named = statement.body.after if isinstance(statement.body, ChainOpening) else ()
    for head in named:
        _is_held(head, stream)
    ends = {head.chain for head in named}.intersection(stream.live())
    if len(stream.live()) - len(ends) >= MAX_LIVE:
        msg = f"{MAX_LIVE} chains go on already: name them in the opening"
        raise ForkError(msg)
    return frozenset((statement.header.stream, chain) for chain in ends)


def _is_held(head: Head, stream: StreamView) -> None:
    """Check that what a statement names is what stands there."""
    held = stream.hash_at(head.chain, head.seq)
    if held is None:
        last = stream.head(head.chain)
        raise GapError(head.chain, last.seq + 1 if last else 1)
    if held != head.hash:
        msg = f"number {head.seq} of chain {head.chain} is {held}"
        raise ForkError(msg)


def _handed_over(head: Head | None, streams: Streams) -> frozenset[tuple[Stream, str]]:
    """End the metering chains that the new key does not take over, once its head is held.

    Until then they may still lead up to that head, with readings that are catching up.
    """
    if head is None:
        return frozenset(("metering", chain) for chain in streams["metering"].live())
    held = streams["metering"].hash_at(head.chain, head.seq)
    if held is None:
        return frozenset()
    _is_held(head, streams["metering"])
    return _other_chains(head, "metering", streams)


def _other_chains(head: Head, name: Stream, streams: Streams) -> frozenset[tuple[Stream, str]]:
    return frozenset((name, chain) for chain in streams[name].live() if chain != head.chain)
