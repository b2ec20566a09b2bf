"""The client of a settlement node: asks over HTTP, and believes nothing that it cannot check."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

from aiohttp import ClientError, ClientSession, ClientTimeout

from .metering_times import MeteringTimes, metering_times
from .protocol.access import CHALLENGE_LENGTH, answer_challenge
from .protocol.encoding import EncodingError, decode_json, encode_json, from_text, to_text
from .protocol.frames import MEDIA_TYPE, pack
from .protocol.keys import KEY_LENGTH, public_key
from .protocol.receipts import Receipt, ReceiptError
from .protocol.statements.bodies import Stream
from .protocol.statements.fields import HASH, ID, MARKET, MAX_COUNT, BodyError, Fields
from .protocol.statements.heads import Head

JOIN_TYPE: Final = "application/vnd.depin.join-request"

_TIMEOUT: Final = ClientTimeout(total=60, connect=15)
_JSON_TYPE: Final = "application/json"
_MAX_ANSWER: Final = 8 * 2**20
_CHUNK: Final = 2**16
_MAX_HEADS: Final = 64
_MAX_WORDS: Final = 300
_LOGGED_OUT: Final = "token-wanted"
_FIRST_ERROR: Final = 400
_FIRST_FAILURE: Final = 500
_TOO_MANY: Final = 429
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{0,47}")
_ORIGIN: Final = re.compile(r"[!-*,-~]{1,255}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_VKEY: Final = re.compile(r"[!-~]{1,400}")


class NodeError(Exception):
    """The node did not do as it was asked; the message says why."""


class NodeAwayError(NodeError):
    """The node does not answer, or can't for now; perhaps it said when to come again."""

    def __init__(self, detail: str, retry_after: int | None = None) -> None:
        """Say what happened, and in how many seconds it may be better."""
        super().__init__(detail)
        self.retry_after = retry_after


class LoggedOutError(NodeAwayError):
    """The token has come to its end; with a new one, the node may be asked at once."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("the token counts no more", 0)


class StrangeAnswerError(NodeError):
    """What answers is not a settlement node as it was agreed."""


class UnprovenWordError(NodeError):
    """A receipt or a proof of the node's does not hold."""


class NodeRefusedError(NodeError):
    """The node says no, with a code and what to do."""

    def __init__(self, code: str, detail: str, after: int | None = None) -> None:
        """Keep the code for programs, and the words for people."""
        super().__init__(detail)
        self.code = code
        self.after = after
        """After which event to go on, where those that were asked for are no longer kept."""


class CoopDescription(NamedTuple):
    """What a node says of a co-op to everybody."""

    name: str
    node_key: bytes
    currency: str
    market: str


class Joined(NamedTuple):
    """What a home is told when it joins: the name of the log, and the key that signs it."""

    origin: str
    node_key: bytes
    log_key: str


class Problem(NamedTuple):
    """Why a statement was not taken; `chain` and `seq` are what is wanted, or held."""

    code: str
    detail: str
    wanted: tuple[str, int] | None = None
    held: Head | None = None
    after: int | None = None


class Standing(NamedTuple):
    """How the node sees this member."""

    key: bytes
    orders_held: bool


type Heads = Mapping[Stream, tuple[Head, ...]]


@dataclass(slots=True)
class Node:
    """A settlement node at its address, as everybody may ask it."""

    session: ClientSession
    address: str
    coop: str
    ahead: float | None = None
    """By how many seconds its clock was ahead of this home's when it last answered."""

    @property
    def path(self) -> str:
        """Where the co-op is."""
        return f"/v1/coops/{self.coop}"

    async def describe(self) -> CoopDescription:
        """Ask what the co-op is called, and what key signs its receipts."""
        answered = await self.ask(self.path)

        def read() -> CoopDescription:
            fields = Fields(answered, "co-op")
            return CoopDescription(
                fields.words("name", _MAX_WORDS),
                _key(fields, "node_key"),
                fields.text("currency", _CURRENCY),
                fields.text("market", MARKET),
            )

        return agreed(read)

    async def metering_times(self, now: int) -> MeteringTimes:
        """Ask how long intervals are, and how long the co-op waits for readings."""
        answered = await self.ask(f"{self.path}/markets")
        return agreed(lambda: metering_times(answered, now))

    async def join(self, request: bytes) -> Joined:
        """Hand in a request to join; the same request again gives the same answer."""
        answered = await self.ask(f"{self.path}/members", request, JOIN_TYPE)

        def read() -> Joined:
            fields = Fields(answered, "joined")
            origin, log_key = fields.text("origin", _ORIGIN), fields.text("log_key", _VKEY)
            return Joined(origin, _key(fields, "node_key"), log_key)

        return agreed(read)

    async def send(self, wires: Sequence[bytes]) -> list[Receipt | Problem]:
        """Hand in statements of one stream, in order; the answers are in order too."""
        answered = await self.ask("/v1/statements", pack(wires), MEDIA_TYPE)

        def read() -> list[Receipt | Problem]:
            if not isinstance(answered, list) or len(answered) != len(wires):
                msg = f"{len(wires)} statements do not have as many answers"
                raise StrangeAnswerError(msg)
            return [_receipt_or_problem(one) for one in answered]

        return agreed(read)

    async def public_file(self, path: str) -> bytes:
        """Read a file of the co-op's log; nothing in it is believed."""
        return await self.content(f"/log/{self.coop}/{path}")

    async def ask(
        self,
        path: str,
        data: bytes | None = None,
        media_type: str = _JSON_TYPE,
    ) -> Any:  # noqa: ANN401 - the callers check what they get
        """Ask for JSON, or hand something in."""
        return decoded(await self.content(path, data, media_type))

    async def content(
        self,
        path: str,
        data: bytes | None = None,
        media_type: str = _JSON_TYPE,
        token: str | None = None,
    ) -> bytes:
        """Ask for bytes, or hand something in."""
        headers = {"Content-Type": media_type}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        content = bytearray()
        try:
            async with self.session.request(
                "GET" if data is None else "POST",
                f"{self.address}{path}",
                data=data,
                headers=headers,
                timeout=_TIMEOUT,
                allow_redirects=False,
            ) as response:
                async for part in response.content.iter_chunked(_CHUNK):
                    content += part
                    if len(content) > _MAX_ANSWER:
                        raise StrangeAnswerError("the answer is too long")
                status, wait = response.status, response.headers.get("Retry-After", "")
                self.ahead = _ahead(response.headers.get("Date", ""))
        except (ClientError, TimeoutError, OSError) as error:
            raise NodeAwayError(f"the node does not answer: {error!r}") from error
        if status >= _FIRST_ERROR:
            raise refusal(status, wait, bytes(content))
        return bytes(content)


class MemberNode:
    """A settlement node as a member asks it, who shows who it is with its key."""

    def __init__(self, node: Node, member: str) -> None:
        """Speak for a member; a token is asked for when one is needed."""
        self.node = node
        self._member = member
        self._token: str | None = None
        self.key: bytes | None = None
        """The public key that the node last knew the member by."""

    @property
    def path(self) -> str:
        """Where the member is."""
        return f"{self.node.path}/members/{self._member}"

    async def log_in(self, seed: bytes) -> None:
        """Get a token; a NodeRefusedError means that this key does not speak for the member now."""
        given = await self.node.ask(
            f"{self.node.path}/challenges", encode_json({"member": self._member})
        )

        def challenge() -> bytes:
            fields = Fields(given, "challenge")
            return from_text(str(fields.take("challenge")), CHALLENGE_LENGTH)

        asked = agreed(challenge)
        answered = {
            "member": self._member,
            "challenge": to_text(asked),
            "signature": to_text(answer_challenge(seed, self.node.coop, self._member, asked)),
        }
        given = await self.node.ask(f"{self.node.path}/tokens", encode_json(answered))

        self._token = agreed(lambda: Fields(given, "token").text("token", _VKEY))
        self.key = public_key(seed)

    @property
    def token(self) -> str | None:
        """The token that the node knows the member by."""
        return self._token

    @property
    def is_logged_in(self) -> bool:
        """Whether there is a token; how long it counts is the node's to say."""
        return self._token is not None

    def log_out(self) -> None:
        """Forget the token, as after a change of key."""
        self._token = None

    async def heads(self) -> Heads:
        """Ask where the member's chains stand that may go on."""
        answered = await self.ask(f"{self.path}/head")

        def read() -> Heads:
            fields = Fields(answered, "heads")
            return {
                "metering": fields.array("metering", _MAX_HEADS, Head.read),
                "trading": fields.array("trading", _MAX_HEADS, Head.read),
            }

        return agreed(read)

    async def standing(self) -> Standing:
        """Ask which key counts, and whether orders are held because of a clone."""
        answered = await self.ask(self.path)

        def read() -> Standing:
            fields = Fields(answered, "standing")
            held = fields.take("orders_held") is True
            return Standing(_key(fields, "key"), held)

        return agreed(read)

    async def proof(self, stream: Stream, head: Head) -> bytes:
        """Ask for the file that proves a statement to be in the log."""
        return await self.content(f"{self.path}/statements/{stream}/{head.chain}/{head.seq}/proof")

    async def ask(self, path: str) -> Any:  # noqa: ANN401 - the callers check what they get
        """Ask for JSON, as the member."""
        return decoded(await self.content(path))

    async def content(self, path: str) -> bytes:
        """Ask for bytes, as the member."""
        try:
            return await self.node.content(path, token=self._token)
        except NodeRefusedError as error:
            heeded = self.heed(error)
            if heeded is error:
                raise
            raise heeded from error

    def heed(self, error: NodeError) -> NodeError:
        """Forget a token that counts no more."""
        if isinstance(error, NodeRefusedError) and error.code == _LOGGED_OUT:
            self.log_out()
            return LoggedOutError()
        return error


def decoded(content: bytes) -> Any:  # noqa: ANN401 - the callers check what they get
    """Read an answer's JSON."""
    try:
        return decode_json(content)
    except EncodingError as error:
        raise StrangeAnswerError(f"the answer is not JSON as agreed: {error}") from error


def _receipt_or_problem(value: object) -> Receipt | Problem:
    if isinstance(value, dict) and "code" in value:
        return _problem(value)
    return Receipt.read(encode_json(value))


def _problem(value: object) -> Problem:
    fields = Fields(value, "problem")
    code, detail = fields.text("code", _CODE), str(fields.take("detail"))[:_MAX_WORDS]
    wanted = held = None
    if "wanted" in fields:
        inner = Fields(fields.take("wanted"), "wanted")
        wanted = inner.text("chain", ID), inner.integer("seq", 1, 10**15)
    if "held" in fields:
        held = Head.read(fields.take("held"), "held")
    after = fields.integer("after", 0, MAX_COUNT) if "after" in fields else None
    return Problem(code, detail, wanted, held, after)


def refusal(status: int, wait: str, content: bytes) -> NodeError:
    """Read why the node does not do as it is asked, and when to come again."""
    if status >= _FIRST_FAILURE or status == _TOO_MANY:
        seconds = int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 6 else None  # noqa: PLR2004 - no more than a day
        return NodeAwayError(f"the node answers {status}", seconds)
    try:
        problem = _problem(decode_json(content))
    except BodyError, EncodingError:
        return StrangeAnswerError(f"the answer is {status}, and does not say why: is it a node?")
    return NodeRefusedError(problem.code, problem.detail, problem.after)


def _ahead(date: str) -> float | None:
    """Compare the time that an answer bears with this home's."""
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except ValueError, OverflowError:
        return None


def _key(fields: Fields, name: str) -> bytes:
    return from_text(fields.text(name, HASH), KEY_LENGTH)


def agreed[T](read: Callable[[], T]) -> T:
    """Read an answer; one that is not as agreed is a StrangeAnswerError."""
    try:
        return read()
    except (BodyError, EncodingError, ReceiptError) as error:
        raise StrangeAnswerError(f"the answer is not as agreed: {error}") from error
