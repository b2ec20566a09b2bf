"""What is held of a member's two streams, as small as deciding allows.

Of each chain the head is kept; older hashes are looked up in the store when a statement names
them, and are at hand until the streams are told to forget.
"""

from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, Self

from depin_protocol.encoding import decode_json, encode_json, from_text, to_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.statements.bodies import Stream
from depin_protocol.statements.envelope import Header, Statement
from depin_protocol.statements.fields import HASH, MAX_TIME, Fields
from depin_protocol.statements.heads import Head
from depin_protocol.statements.membership import ChainOpening, KeyChange
from settlement_node.store.tables import Row, Table, binary, integers

STREAMS: Final[tuple[Stream, ...]] = ("metering", "trading")
NUMBER_OF: Final[dict[Stream, int]] = {"metering": 0, "trading": 1}

STATEMENT: Final = Table(
    "statement",
    (*binary("member"), *integers("stream"), *binary("chain"), *integers("seq")),
    (*binary("hash"), *integers("index")),
)
CHAIN: Final = Table(
    "chain", (*binary("member"), *integers("stream"), *binary("chain")), binary("data")
)

_MAX_KEYS: Final = 2**20


class Place(NamedTuple):
    """Where a statement stands among those of its member."""

    member: str
    stream: Stream
    chain: str
    seq: int

    def key(self) -> Row:
        """Return the key of the place's row."""
        return (
            _name(self.member),
            NUMBER_OF[self.stream],
            _name(self.chain),
            self.seq,
        )


@lru_cache(maxsize=2**14)
def _name(text: str) -> bytes:
    return from_text(text, ID_LENGTH)


class NotLookedUpError(LookupError):
    """A hash was asked for that the caller ought to have fetched first."""


@dataclass(slots=True)
class Chain:
    """One chain, as far as it was heard."""

    seq: int
    hash: str
    opened_under: int
    live: bool = True

    def data(self) -> bytes:
        """Write the chain for its row."""
        fields = {"s": self.seq, "h": self.hash, "k": self.opened_under, "l": int(self.live)}
        return encode_json(fields)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read the chain from its row."""
        fields = Fields(decode_json(data), "chain")
        return cls(
            fields.integer("s", 1, MAX_TIME),
            fields.text("h", HASH),
            fields.integer("k", 0, _MAX_KEYS),
            bool(fields.integer("l", 0, 1)),
        )


class StreamState:
    """One stream of a member: a `StreamView` of the protocol."""

    __slots__ = ("_near", "chains")

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self.chains: dict[str, Chain] = {}
        self._near: dict[tuple[str, int], str] = {}

    def head(self, chain: str) -> Head | None:
        """Return the last statement held of a chain."""
        held = self.chains.get(chain)
        return None if held is None else Head(chain, held.seq, held.hash)

    def hash_at(self, chain: str, seq: int) -> str | None:
        """Return the hash of a statement that is held."""
        held = self.chains.get(chain)
        if held is None or seq > held.seq:
            return None
        if seq == held.seq:
            return held.hash
        if (chain, seq) not in self._near:
            raise NotLookedUpError(f"number {seq} of chain {chain} was not looked up")
        return self._near[chain, seq]

    def live(self) -> list[str]:
        """Return the chains that may go on."""
        return [name for name, chain in self.chains.items() if chain.live]

    def opened_under(self, chain: str) -> int | None:
        """Return which key signed the chain's opening."""
        held = self.chains.get(chain)
        return None if held is None else held.opened_under

    def append(self, head: Head, key_index: int) -> None:
        """Take one more statement."""
        held = self.chains.get(head.chain)
        if held is None:
            self.chains[head.chain] = Chain(head.seq, head.hash, key_index)
        else:
            self._near[head.chain, held.seq] = held.hash
            held.seq, held.hash = head.seq, head.hash

    def lacks(self, chain: str, seq: int) -> bool:
        """Tell whether a hash is held, but only in the store."""
        held = self.chains.get(chain)
        return held is not None and seq < held.seq and (chain, seq) not in self._near

    def remember(self, chain: str, seq: int, hash_: str) -> None:
        """Take a hash that was looked up."""
        self._near[chain, seq] = hash_

    def forget(self) -> None:
        """Keep no more than the heads."""
        self._near.clear()


def named_places(statement: Statement) -> Iterator[tuple[Stream, Head]]:
    """List the places besides its own whose hashes decide whether a statement enters."""
    match statement.body:
        case ChainOpening(after=after):
            for head in after:
                yield statement.header.stream, head
        case KeyChange(metering=Head() as head):
            yield "metering", head


def statement_row(header: Header, hash_: str, index: int) -> Row:
    """Return the row that leads from a statement's place to its entry."""
    place = Place(header.member, header.stream, header.chain, header.seq)
    # The hash was written by us a moment ago, and needs no check of its form.
    return (*place.key(), urlsafe_b64decode(f"{hash_}="), index)


def chain_row(member: str, stream: Stream, name: str, chain: Chain) -> Row:
    """Return a chain's row."""
    key = (_name(member), NUMBER_OF[stream], _name(name))
    return (*key, chain.data())


def read_chain_row(row: Row) -> tuple[str, Stream, str, Chain]:
    """Read a chain's row: member, stream, name and where it stands."""
    member, number, name, data = row
    match member, number, name, data:
        case bytes(), int(), bytes(), bytes():
            return to_text(member), STREAMS[number], to_text(name), Chain.read(data)
    raise TypeError(f"not the row of a chain: {row!r}")
