"""Which statement may come next: two streams a member, in each a chain at a time."""

from collections.abc import Collection, Mapping
from typing import Final, Literal, NamedTuple, Protocol

from ..problems import (
    ChainEndedError,
    ForkError,
    GapError,
    NoEffect,
    ProblemCode,
    TooManyChainsError,
)
from .bodies import Stream
from .envelope import Statement
from .heads import Head
from .history import KeyHistory
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
    """What a statement does to the member's chains and keys when it enters."""

    head: Head
    ends: frozenset[tuple[Stream, str]] = frozenset()
    """Chains that end where they stand now."""
    lacks: NoEffect | None = None
    """Why it does nothing else, as far as the chains can tell."""


type Streams = Mapping[Stream, StreamView]
type Admission = Entry | Literal["known"]


def admit(statement: Statement, streams: Streams, history: KeyHistory) -> Admission:
    """Tell what a well-signed statement does, or raise the RefusedError that says why not."""
    header = statement.header
    stream = streams[header.stream]
    held = stream.hash_at(header.chain, header.seq)
    if held == statement.hash:
        return KNOWN
    if held is not None:
        raise ForkError(header.chain, header.seq, held)
    if isinstance(statement.body, ChainOpening):
        return Entry(statement.head, _ended_by_opening(statement.body, header.stream, stream))
    _check_place(statement, stream)
    named = history.last_place(header.stream, header.chain, header.seq)
    if named is not None and named.hash != statement.hash:
        raise ForkError(named.chain, named.seq, named.hash)
    if isinstance(statement.body, KeyChange):
        return _key_change(statement.head, statement.body, streams, history)
    return Entry(statement.head, lacks=statement.lacks)


def _check_place(statement: Statement, stream: StreamView) -> None:
    """Check that a statement follows the head of its chain."""
    header = statement.header
    head = stream.head(header.chain)
    if head is None:
        raise GapError(header.chain, 1)
    if header.chain not in stream.live():
        raise ChainEndedError(head.chain, head.seq, head.hash)
    if header.seq > head.seq + 1:
        raise GapError(header.chain, head.seq + 1)
    if header.prev != head.hash:
        raise ForkError(head.chain, head.seq, head.hash)


def _ended_by_opening(
    opening: ChainOpening, name: Stream, stream: StreamView
) -> frozenset[tuple[Stream, str]]:
    """End the live chains that an opening names, once all that it names is held.

    A chain of which more is held than was named ends where it stands, since a restored home
    knows only the past. A live chain that is not named goes on beside the new one, and the
    member's orders are held until an opening names both.
    """
    for head in opening.after:
        held = stream.hash_at(head.chain, head.seq)
        if held is None:
            last = stream.head(head.chain)
            raise GapError(head.chain, last.seq + 1 if last else 1)
        if held != head.hash:
            raise ForkError(head.chain, head.seq, held)
    live = frozenset(stream.live())
    ended = live & {head.chain for head in opening.after}
    if len(live - ended) >= MAX_LIVE:
        raise TooManyChainsError(live)
    return frozenset((name, chain) for chain in ended)


def _key_change(head: Head, change: KeyChange, streams: Streams, history: KeyHistory) -> Entry:
    """End every chain that the new key does not take over.

    In metering it takes over the named chain, of which the old key may still deliver what
    comes before the named place. The chain ends too if more of it is held than was named.
    """
    if change.key in history.keys:
        detail = "the member has had this key before; a change is to a new one"
        return Entry(head, lacks=NoEffect(ProblemCode.KEY_UNFIT, detail))
    metering = streams["metering"]
    taken_over = None
    if change.metering is not None:
        named = change.metering
        last = metering.head(named.chain)
        if last is None:
            raise GapError(named.chain, 1)
        held = metering.hash_at(named.chain, named.seq)
        if held not in (None, named.hash):
            raise ForkError(named.chain, named.seq, str(held))
        if last.seq <= named.seq:
            taken_over = named.chain
    ends: set[tuple[Stream, str]] = {
        ("metering", chain) for chain in metering.live() if chain != taken_over
    }
    ends |= {("trading", chain) for chain in streams["trading"].live() if chain != head.chain}
    return Entry(head, frozenset(ends))
