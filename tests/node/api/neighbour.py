"""A home that speaks to a node over HTTP, with nothing of the node's own code."""

import json
import secrets
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

from depin_protocol.access import answer_challenge
from depin_protocol.encoding import from_text, to_text
from depin_protocol.frames import MEDIA_TYPE, pack
from depin_protocol.identifiers import member_id
from depin_protocol.joining import JoinRequest
from depin_protocol.keys import public_key
from depin_protocol.statements.bodies import Body, Stream
from depin_protocol.statements.envelope import FIRST_PREV, Header, Statement, sign_statement
from depin_protocol.statements.heads import Head
from depin_protocol.statements.measuring import Readings
from depin_protocol.statements.membership import ChainOpening, KeyChange, prove_possession
from tests.patience import PATIENCE

"""More than the 30 seconds that a node waits for its database to come back."""


def now() -> int:
    return time.time_ns() // 1_000_000


def random_id() -> str:
    return to_text(secrets.token_bytes(16))


@dataclass(frozen=True)
class Reply:
    """What the node answered."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the node answers
        return json.loads(self.content)


def ask(
    port: int,
    path: str,
    content: bytes | None = None,
    media_type: str = "application/json",
    **headers: str,
) -> Reply:
    """Send one request over a connection of its own."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        method = "GET" if content is None else "POST"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, content, {"Content-Type": media_type, **named})
        response = connection.getresponse()
        return Reply(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


@dataclass
class Neighbour:
    """A home with its key and the heads of its chains."""

    coop: str
    seed: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    heads: dict[Stream, Head] = field(default_factory=dict)
    named: str | None = None
    """Its name, once its key is not the first any more."""

    @property
    def member(self) -> str:
        return self.named or member_id(self.coop, public_key(self.seed))

    @property
    def path(self) -> str:
        return f"/v1/coops/{self.coop}/members/{self.member}"

    def request(self, code: bytes) -> bytes:
        """Write a request to join."""
        salt = secrets.token_bytes(16)
        key = public_key(self.seed)
        asked = JoinRequest(self.coop, code, key, "software", "Haus 7", salt, now())
        return asked.signed(self.seed)

    def open(self, stream: Stream, *after: Head) -> Statement:
        return self._sign(stream, ChainOpening(after), random_id(), 1, FIRST_PREV)

    def say(self, stream: Stream, body: Body) -> Statement:
        head = self.heads[stream]
        return self._sign(stream, body, head.chain, head.seq + 1, head.hash)

    def change_key(self) -> Statement:
        """Hand over to a new key, which everything later is signed with."""
        member, seed = self.member, secrets.token_bytes(32)
        key = public_key(seed)
        possession = prove_possession(seed, self.coop, member, key)
        metering = self.heads.get("metering")
        change = self.say("trading", KeyChange(key, "software", metering, possession))
        self.named, self.seed = member, seed
        return change

    def _sign(self, stream: Stream, body: Body, chain: str, seq: int, prev: str) -> Statement:
        header = Header(self.coop, self.member, stream, chain, seq, prev, now(), random_id())
        statement = sign_statement(header, body, self.seed)
        self.heads[stream] = statement.head
        return statement

    def join(self, port: int, code: bytes) -> Reply:
        path = f"/v1/coops/{self.coop}/members"
        return ask(port, path, self.request(code), "application/vnd.depin.join-request")

    def tell(self, port: int, *statements: Statement) -> Reply:
        wires = pack(statement.wire for statement in statements)
        return ask(port, "/v1/statements", wires, MEDIA_TYPE)

    def token(self, port: int) -> str:
        """Sign a challenge, and return the header that a token goes into."""
        path = f"/v1/coops/{self.coop}"
        asked = json.dumps({"member": self.member}).encode()
        challenge = ask(port, f"{path}/challenges", asked).json["challenge"]
        signature = answer_challenge(self.seed, self.coop, self.member, from_text(challenge, 56))
        answered = {
            "member": self.member,
            "challenge": challenge,
            "signature": to_text(signature),
        }
        reply = ask(port, f"{path}/tokens", json.dumps(answered).encode())
        assert reply.status == 201, reply.content
        return f"Bearer {reply.json['token']}"


def readings(total: int = 0) -> Readings:
    """Make a small reading."""
    return Readings(random_id(), (now(),), {"import": (total,)}, None, None, None)
