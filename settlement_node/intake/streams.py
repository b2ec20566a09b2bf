"""What is held of a member's two streams, as small as deciding allows.

Of each chain that may go on the head is kept. Chains that have ended, and older hashes, are looked
up in the store when a statement names them, and are at hand until the streams are told to forget.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, Self

from depin_protocol.encoding import decode_json, from_text, to_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.problems import EarlierLogError
from depin_protocol.statements.bodies import Stream
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.fields import HASH, MAX_TIME, Fields
from depin_protocol.statements.heads import Head
from depin_protocol.statements.membership import ChainOpening, KeyChange
from settlement_node.store.tables import Change, Delete, Put, Row, Table, binary, integers

STREAMS: Final[tuple[Stream, ...]] = ("metering", "trading")
NUMBER_OF: Final[dict[Stream, int]] = {"metering": 0, "trading": 1}

STATEMENT: Final = Table("statement", integers("chain", "seq"), integers("index"))
"""Where a chain's statements stand in the log; a chain is called by the index of its opening."""

CHAIN: Final = Table(
    "chain", (*binary("member"), *integers("stream"), *binary("chain")), binary("data")
)
"""The chains that may go on: at most eight of a stream."""

ENDED: Final = Table("ended_chain", CHAIN.key, (*integers("index"), *binary("data")))
"""The chains that have ended, and by which entry; no later one changes them."""

_MAX_KEYS: Final = 2**20


class Place(NamedTuple):
    """Where a statement stands among those of its member."""

    member: str
    stream: Stream
    chain: str
    seq: int


@lru_cache(maxsize=2**14)
def _name(text: str) -> bytes:
    return from_text(text, ID_LENGTH)


class NotLookedUpError(LookupError):
    """A chain or a hash was asked for that the caller ought to have fetched first."""


@dataclass(slots=True)
class Chain:
    """One chain, as far as it was heard."""

    seq: int
    hash: str
    opened_under: int
    opened_at: int
    """The index of its opening in the log; below 0 if that is an earlier log."""
    ended_at: int | None = None
    """The index of the entry by which it ended; nothing while it may go on."""

    def data(self) -> bytes:
        """Write where the chain stands for its row."""
        key, opened = self.opened_under, self.opened_at
        text = f'{{"s":{self.seq},"h":"{self.hash}","k":{key},"o":{opened}}}'
        return text.encode("ascii")

    @classmethod
    def read(cls, data: bytes, ended_at: int | None = None) -> Self:
        """Read the chain from its row."""
        fields = Fields(decode_json(data), "chain")
        return cls(
            fields.integer("s", 1, MAX_TIME),
            fields.text("h", HASH),
            fields.integer("k", 0, _MAX_KEYS),
            fields.integer("o", -MAX_TIME, MAX_TIME),
            ended_at,
        )


class StreamState:
    """One stream of a member: a `StreamView` of the protocol."""

    __slots__ = ("_ended", "_near", "chains")

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self.chains: dict[str, Chain] = {}
        """Those that may go on."""
        self._ended: dict[str, Chain | None] = {}
        self._near: dict[tuple[str, int], str | None] = {}

    def head(self, chain: str) -> Head | None:
        """Return the last statement held of a chain."""
        held = self._held(chain)
        return None if held is None else Head(chain, held.seq, held.hash)

    def hash_at(self, chain: str, seq: int) -> str | None:
        """Return the hash of a statement that is held."""
        held = self._held(chain)
        if held is None or seq > held.seq:
            return None
        if seq == held.seq:
            return held.hash
        if (chain, seq) not in self._near:
            raise NotLookedUpError(f"number {seq} of chain {chain} was not looked up")
        hash_ = self._near[chain, seq]
        if hash_ is None and held.opened_at >= 0:
            raise NotLookedUpError(f"number {seq} of chain {chain} has no row")
        if hash_ is None:
            raise EarlierLogError(f"number {seq} of chain {chain} stands in the log before this")
        return hash_

    def live(self) -> list[str]:
        """Return the chains that may go on."""
        return list(self.chains)

    def opened_under(self, chain: str) -> int | None:
        """Return which key signed the chain's opening, as far as it is at hand.

        Signatures are checked before anything is looked up, and again if this has changed by then.
        """
        held = self.at_hand(chain)
        return None if held is None else held.opened_under

    def at_hand(self, chain: str) -> Chain | None:
        """Return a chain that may go on, or was looked up."""
        return self.chains.get(chain) or self._ended.get(chain)

    def _held(self, chain: str) -> Chain | None:
        if self.lacks_chain(chain):
            raise NotLookedUpError(f"chain {chain} was not looked up")
        return self.at_hand(chain)

    def append(self, head: Head, key_index: int, index: int) -> None:
        """Take one more statement, which stands at this index of the log."""
        held = self.chains.get(head.chain)
        if held is None:
            self.chains[head.chain] = Chain(head.seq, head.hash, key_index, index)
        else:
            self._near[head.chain, held.seq] = held.hash
            held.seq, held.hash = head.seq, head.hash

    def end(self, chain: str, index: int) -> Chain:
        """Let a chain go on no more, by the entry at this index."""
        ended = self._ended[chain] = self.chains.pop(chain)
        ended.ended_at = index
        return ended

    def lacks_chain(self, chain: str) -> bool:
        """Tell whether only the store knows if there was such a chain."""
        return chain not in self.chains and chain not in self._ended

    def remember_chain(self, chain: str, ended: Chain | None) -> None:
        """Take a chain that was looked up; none if none of this name has ended."""
        self._ended[chain] = ended

    def lacks(self, chain: str, seq: int) -> bool:
        """Tell whether a hash is held, but only in the store."""
        held = self.at_hand(chain)
        return held is not None and seq < held.seq and (chain, seq) not in self._near

    def lacks_any(self, chain: str, seq: int) -> bool:
        """Tell whether anything is left to look up about a place."""
        return self.lacks_chain(chain) or self.lacks(chain, seq)

    def remember(self, chain: str, seq: int, hash_: str | None) -> None:
        """Take a hash that was looked up; none if it is not in this log."""
        self._near[chain, seq] = hash_

    def forget(self) -> None:
        """Keep no more than the heads of the chains that may go on."""
        self._near.clear()
        self._ended.clear()


def named_places(statement: Statement) -> Iterator[tuple[Stream, Head]]:
    """List the places besides its own whose hashes decide whether a statement enters."""
    match statement.body:
        case ChainOpening(after=after):
            for head in after:
                yield statement.header.stream, head
        case KeyChange(metering=Head() as head):
            yield "metering", head


def chain_key(member: str, stream: Stream, name: str) -> Row:
    """Return the key of a chain's row."""
    return _name(member), NUMBER_OF[stream], _name(name)


def chain_row(member: str, stream: Stream, name: str, chain: Chain) -> Row:
    """Return a chain's row, in the one table or the other."""
    key = chain_key(member, stream, name)
    return (*key, chain.data()) if chain.ended_at is None else (*key, chain.ended_at, chain.data())


def chain_changes(moved: Mapping[tuple[str, Stream, str], Chain]) -> list[Change]:
    """Return the rows of chains that have moved, by member, stream and name."""
    rows = [(chain_row(*place, chain), chain) for place, chain in sorted(moved.items(), key=_place)]
    live = [row for row, chain in rows if chain.ended_at is None]
    ended = [row for row, chain in rows if chain.ended_at is not None]
    changes: list[Change] = [Put(CHAIN, live)] if live else []
    if ended:
        changes += [Delete(CHAIN, [row[: len(CHAIN.key)] for row in ended]), Put(ENDED, ended)]
    return changes


def _place(moved: tuple[tuple[str, Stream, str], Chain]) -> tuple[str, Stream, str]:
    return moved[0]


def read_chain_row(row: Row) -> tuple[str, Stream, str, Chain]:
    """Read a row of either table: member, stream, name and where the chain stands."""
    match row:
        case (bytes(member), int(number), bytes(name), bytes(data)):
            chain = Chain.read(data)
        case (bytes(member), int(number), bytes(name), int(index), bytes(data)):
            chain = Chain.read(data, index)
        case _:
            raise TypeError(f"not the row of a chain: {row!r}")
    return to_text(member), STREAMS[number], to_text(name), chain
