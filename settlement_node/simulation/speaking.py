"""A simulated home as the node sees it: a key, two chains, and what it signs."""

from hashlib import shake_256
from typing import Final

from depin_protocol.encoding import to_text
from depin_protocol.identifiers import ID_LENGTH, member_id
from depin_protocol.joining import JoinRequest
from depin_protocol.keys import public_key
from depin_protocol.statements.bodies import Body, Stream
from depin_protocol.statements.envelope import FIRST_PREV, Header, sign_statement
from depin_protocol.statements.heads import Head
from depin_protocol.statements.membership import ChainOpening

_SEED: Final = 32


class Dice:
    """Bytes that are the same in every run with the same seed."""

    def __init__(self, seed: bytes) -> None:
        """Begin with a seed."""
        self._seed = seed
        self._thrown = 0

    def __call__(self, length: int) -> bytes:
        """Return so many bytes more."""
        self._thrown += 1
        return shake_256(b"%d %s" % (self._thrown, self._seed)).digest(length)


class Speaker:
    """A member with its key, which goes on with its chains."""

    def __init__(self, coop: str, name: str, dice: Dice) -> None:
        """Draw a key."""
        self.name = name
        self.seed = dice(_SEED)
        self.member = member_id(coop, public_key(self.seed))
        self.coop = coop
        self._dice = dice
        self._heads: dict[Stream, Head] = {}

    def request(self, code: bytes, at: int) -> bytes:
        """Write the request to join."""
        key, salt = public_key(self.seed), self._dice(ID_LENGTH)
        request = JoinRequest(self.coop, code, key, "software", self.name, salt, at)
        return request.signed(self.seed)

    def say(self, stream: Stream, body: Body, at: int) -> bytes:
        """Sign the next statement of a stream."""
        head = self._heads.get(stream)
        if head is None:
            head = Head(to_text(self._dice(ID_LENGTH)), 0, FIRST_PREV)
        salt = to_text(self._dice(ID_LENGTH))
        header = Header(
            self.coop, self.member, stream, head.chain, head.seq + 1, head.hash, at, salt
        )
        said = sign_statement(header, body, self.seed)
        self._heads[stream] = said.head
        return said.wire

    def openings(self, at: int) -> list[bytes]:
        """Open both chains."""
        streams: tuple[Stream, ...] = ("metering", "trading")
        return [self.say(stream, ChainOpening(), at) for stream in streams]
