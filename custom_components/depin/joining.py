"""Joining a co-op: the request of an invited home, and what its node answers."""

import time
from dataclasses import dataclass, field

from .home_key import TIER, HomeKey
from .node import Joined, Node, UnprovenWordError
from .protocol.joining import JoinRequest
from .protocol.log.errors import LogError
from .protocol.log.notes import VerifierKey


@dataclass(frozen=True, slots=True)
class Invited:
    """What a home joins with, besides its key."""

    code: bytes
    name: str
    pseudonym_salt: bytes = field(repr=False)
    node_key: bytes

    async def join(self, node: Node, key: HomeKey) -> Joined:
        """Join; who has joined already with this key is told the same again."""
        request = JoinRequest(
            coop=node.coop,
            code=self.code,
            key=key.public,
            tier=TIER,
            name=self.name,
            pseudonym_salt=self.pseudonym_salt,
            issued_at=time.time_ns() // 1_000_000,
        )
        joined = await node.join(request.signed(key.seed))
        if joined.node_key != self.node_key:
            raise UnprovenWordError("the node has another key than the invite says")
        try:
            log = VerifierKey.parse(joined.log_key)
        except LogError as error:
            raise UnprovenWordError(f"the key of the node's log is none: {error}") from error
        if log.name != joined.origin:
            raise UnprovenWordError("the key of the node's log is that of another log")
        return joined
