"""Asks the node of a data folder, as its operator: the one that runs, or one started for it."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import aiohttp
import msgspec

from depin_protocol.access import CHALLENGE_LENGTH, answer_challenge
from depin_protocol.encoding import EncodingError, from_text, to_text
from depin_protocol.frames import MEDIA_TYPE, pack
from depin_protocol.identifiers import HASH_PATTERN, ID_LENGTH, ID_PATTERN, member_id
from depin_protocol.keys import public_key
from depin_protocol.log.entries import SALT_LENGTH
from depin_protocol.statements.bodies import Body
from depin_protocol.statements.envelope import FIRST_PREV, Header, Statement, sign_statement
from depin_protocol.statements.fields import MAX_COUNT
from depin_protocol.statements.heads import Head
from depin_protocol.statements.membership import ChainOpening, KeyChange, prove_possession
from settlement_node.api.serving import Listening, serving
from settlement_node.foreign_json import ForeignJSONError, read_foreign
from settlement_node.governance.actions import Action, action_body
from settlement_node.governance.objections import NO_EFFECT
from settlement_node.hosting.clock import now
from settlement_node.hosting.folder import CoopFolder, NodeFolder
from settlement_node.hosting.hosting import hosting
from settlement_node.hosting.socket_path import short_path
from settlement_node.log.entries import decode_lines
from settlement_node.output import shown
from settlement_node.store.backup import read_head
from settlement_node.store.sqlite_file import private_file

LOCAL: Final = "http://node"
"""A node's address where its socket is known."""

LONGEST: Final = 2**28
"""More bytes than any answer has."""

_CHUNK: Final = 2**16


class LocalNodeError(Exception):
    """The node did not do as it was asked; the message says why."""


class NodeRefusedError(LocalNodeError):
    """The node understood what was asked of it, and has not done it."""


class NotFoundError(NodeRefusedError):
    """The node has nothing there."""


class KeyRefusedError(NodeRefusedError):
    """The key is not the one that speaks for the member now."""


class NoEffectError(LocalNodeError):
    """What was done stands in the log and has no effect; the message says why."""

    def __init__(self, code: str, detail: str) -> None:
        """Say why."""
        super().__init__(f"it had no effect: {detail}")
        self.code = code
        self.detail = detail


_ERRORS: Final = {"not-found": NotFoundError, "challenge-refused": KeyRefusedError}


class _Problem(msgspec.Struct, frozen=True):
    code: str
    detail: str
    action: str


class _Challenge(msgspec.Struct, frozen=True):
    challenge: str


class _Token(msgspec.Struct, frozen=True):
    token: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]+\Z")]


class _Held(msgspec.Struct, frozen=True):
    chain: Annotated[str, msgspec.Meta(pattern=rf"\A{ID_PATTERN}\Z")]
    seq: Annotated[int, msgspec.Meta(ge=1, lt=MAX_COUNT)]
    hash: Annotated[str, msgspec.Meta(pattern=rf"\A{HASH_PATTERN}\Z")]


class _Heads(msgspec.Struct, frozen=True):
    metering: list[_Held]
    trading: list[_Held]


class _Answer(msgspec.Struct, frozen=True):
    """A receipt, or why there is none."""

    code: str | None = None
    detail: str = ""
    action: str = ""


class _Place(msgspec.Struct, frozen=True):
    index: int


async def read_answer(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Read an answer of at most so many bytes; a node may be anybody's."""
    data = bytearray()
    async for part in response.content.iter_chunked(_CHUNK):
        data += part
        if len(data) > most:
            raise LocalNodeError(f"{response.url} gives too much")
    return bytes(data)


class _Event(msgspec.Struct, frozen=True):
    id: int
    data: dict[str, object]


def _told(detail: str, action: str) -> str:
    """Say what a node said, which may be anybody's."""
    return shown(f"{detail.removesuffix('.')}. {action}")


class Asking:
    """Asks a node for JSON."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        """Ask at an address, for what is for everybody."""
        self._session = session
        self._address = address
        self._headers: dict[str, str] = {}

    async def ask(self, path: str, content: object | None = None) -> Any:  # noqa: ANN401 - JSON
        """Ask for JSON, or raise a LocalNodeError."""
        answered: Any = await self.ask_for(object, path, content)
        return answered

    async def ask_for[T](self, kind: type[T], path: str, content: object | None = None) -> T:
        """Ask for JSON of this kind."""
        data = None if content is None else msgspec.json.encode(content)
        return self._read(kind, *await self._exchange(path, data))

    async def send(self, path: str, data: bytes, media_type: str) -> Any:  # noqa: ANN401
        """Send something; return the JSON that is answered."""
        answered: Any = await self.send_for(object, path, data, media_type)
        return answered

    async def send_for[T](self, kind: type[T], path: str, data: bytes, media_type: str) -> T:
        """Send something; return the JSON of this kind that is answered."""
        return self._read(kind, *await self._exchange(path, data, media_type))

    async def fetch(self, path: str) -> bytes:
        """Ask for a file."""
        status, content = await self._exchange(path)
        self._check(status, content)
        return content

    async def _exchange(
        self, path: str, data: bytes | None = None, media_type: str = "application/json"
    ) -> tuple[int, bytes]:
        method = "GET" if data is None else "POST"
        headers = {**self._headers, "Content-Type": media_type}
        try:
            async with self._session.request(
                method, f"{self._address}{path}", data=data, headers=headers
            ) as response:
                return response.status, await read_answer(response, LONGEST)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise LocalNodeError(f"the node does not answer: {error}") from error

    def _read[T](self, kind: type[T], status: int, content: bytes) -> T:
        self._check(status, content)
        try:
            return read_foreign(content, kind)
        except ForeignJSONError as error:
            raise self._no_node(error) from error

    def _check(self, status: int, content: bytes) -> None:
        """Raise what the node says went wrong, if anything did."""
        if status < 400:  # noqa: PLR2004 - errors begin there
            return
        try:
            problem = read_foreign(content, _Problem)
        except ForeignJSONError as error:
            raise LocalNodeError(
                f"{self._address} answers {status} and does not say why: see whether it is the"
                " address of a settlement node, and try again later"
            ) from error
        fault = LocalNodeError if status >= 500 else NodeRefusedError  # noqa: PLR2004 - as above
        kind = _ERRORS.get(problem.code, fault)
        raise kind(_told(problem.detail, problem.action))

    def _no_node(self, error: ValueError) -> LocalNodeError:
        return LocalNodeError(
            f"{self._address} is no settlement node, see whether the address is right: {error}"
        )


class Operator(Asking):
    """Speaks to a node with an operator's key, or an auditor's."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        coop: str,
        seed: bytes,
        member: str | None = None,
        address: str = LOCAL,
    ) -> None:
        """Speak for a member, or for who joined with this key, if none is named."""
        super().__init__(session, address)
        self._seed = seed
        self.coop = coop
        self.member = member or member_id(coop, public_key(seed))

    async def log_in(self) -> None:
        """Get a token; the member's name stays when its key changes, so it is asked for by name."""
        path = f"/v1/coops/{self.coop}"
        given = await self.ask_for(_Challenge, f"{path}/challenges", {"member": self.member})
        try:
            challenge = from_text(given.challenge, CHALLENGE_LENGTH)
        except EncodingError as error:
            raise self._no_node(error) from error
        signature = answer_challenge(self._seed, self.coop, self.member, challenge)
        answered = {
            "member": self.member,
            "challenge": given.challenge,
            "signature": to_text(signature),
        }
        got = await self.ask_for(_Token, f"{path}/tokens", answered)
        self._headers = {"Authorization": f"Bearer {got.token}"}

    async def act(self, action: Action, reason: str) -> int:
        """Do something as operator, insist that it took effect, and return its place in the log."""
        return await self.tell(action_body(action, reason))

    async def change_key(self, seed: bytes) -> None:
        """Hand over to another key, which speaks from then on."""
        key = public_key(seed)
        possession = prove_possession(seed, self.coop, self.member, key)
        metering = (await self._heads()).metering
        named = Head(*msgspec.structs.astuple(metering[0])) if metering else None
        await self.tell(KeyChange(key, "software", named, possession), seed)

    async def tell(self, body: Body, successor: bytes | None = None) -> int:
        """Say something, insist that it took effect, and return its place in the log.

        A key change names the seed of the key that speaks from then on.
        """
        heads = await self._heads()
        if heads.trading:
            chain, seq, prev = msgspec.structs.astuple(heads.trading[0])
        else:
            opening = self._sign(ChainOpening(), to_text(secrets.token_bytes(ID_LENGTH)), 1)
            await self._say(opening)
            chain, seq, prev = opening.header.chain, 1, opening.hash
        said = self._sign(body, chain, seq + 1, prev)
        await self._say(said)
        if successor is not None:
            self._seed = successor
            await self.log_in()
        index = await self._index(said)
        await self._check_effect(index, said)
        return index

    async def _heads(self) -> _Heads:
        return await self.ask_for(_Heads, f"/v1/coops/{self.coop}/members/{self.member}/head")

    async def decided_on(self, index: int) -> list[dict[str, Any]]:
        """Read the lines of the decision that follows a statement at this place in the log."""
        content = await self.fetch(f"/v1/coops/{self.coop}/bodies/{index + 1}")
        return [read_foreign(line[SALT_LENGTH:], dict[str, Any]) for line in decode_lines(content)]

    def _sign(self, body: Body, chain: str, seq: int, prev: str = FIRST_PREV) -> Statement:
        salt = to_text(secrets.token_bytes(ID_LENGTH))
        header = Header(self.coop, self.member, "trading", chain, seq, prev, now(), salt)
        return sign_statement(header, body, self._seed)

    async def _say(self, statement: Statement) -> None:
        said = pack([statement.wire])
        (one,) = await self.send_for(tuple[_Answer], "/v1/statements", said, MEDIA_TYPE)
        if one.code is not None:
            raise LocalNodeError(_told(one.detail, one.action))

    async def _index(self, statement: Statement) -> int:
        header = statement.header
        chain = f"/v1/coops/{self.coop}/members/{self.member}/statements/trading/{header.chain}"
        path = f"{chain}?after={header.seq - 1}&limit=1"
        (held,) = await self.ask_for(tuple[_Place], path)
        return held.index

    async def download_backup(self, file: Path) -> None:
        """Write the co-op's books into a file that appears once it is whole."""
        partial = file.with_name(f"{file.name}.partial")
        address = f"{self._address}/v1/coops/{self.coop}/backup"
        endless = aiohttp.ClientTimeout(total=None, sock_read=600)
        try:
            async with self._session.get(
                address, headers=self._headers, timeout=endless
            ) as response:
                if response.status != 200:  # noqa: PLR2004 - nothing else is a backup
                    self._check(response.status, await read_answer(response, LONGEST))
                    raise LocalNodeError(f"{self._address} answers {response.status}: no backup")
                with private_file(partial) as target:
                    async for part in response.content.iter_chunked(2**18):
                        target.write(part)
                    target.flush()
                    os.fsync(target.fileno())
            await read_head(partial)
            partial.rename(file)
        except (aiohttp.ClientError, OSError) as error:
            raise LocalNodeError(f"the backup could not be written: {error}") from error
        finally:
            partial.unlink(missing_ok=True)

    async def _check_effect(self, index: int, statement: Statement) -> None:
        # Events are numbered by the time, and this one came after the statement was signed.
        after = statement.header.issued_at - 120_000
        path = f"/v1/coops/{self.coop}/members/{self.member}/events"
        while events := await self.ask_for(list[_Event], f"{path}?after={after}&limit=200"):
            for data in (event.data for event in events):
                if data.get("kind") == NO_EFFECT and data.get("statement") == index:
                    raise NoEffectError(str(data.get("code")), str(data.get("detail")))
            after = events[-1].id


@asynccontextmanager
async def operator(
    node: NodeFolder, folder: CoopFolder, seed: bytes | None = None, member: str | None = None
) -> AsyncIterator[Operator]:
    """Speak to the node that runs on this folder; if none does, run one for as long as it takes.

    Without a seed it is the operator who speaks.
    """
    folder.check_own()
    if await is_running(node):
        async with _session(node.socket) as session:
            await _insist_that_it_runs(session, folder)
            yield await _logged_in(session, folder, seed, member)
        return
    async with hosting([folder]) as hosted:
        for trouble in hosted.troubles.values():
            raise LocalNodeError(trouble)
        async with serving(hosted, Listening(node.socket)), _session(node.socket) as session:
            yield await _logged_in(session, folder, seed, member)


async def _logged_in(
    session: aiohttp.ClientSession, folder: CoopFolder, seed: bytes | None, member: str | None
) -> Operator:
    coop = folder.description.coop
    if seed is not None:
        speaker = Operator(session, coop, seed, member)
        await speaker.log_in()
        return speaker
    name = folder.description.operator
    for one in folder.operator_seeds():
        speaker = Operator(session, coop, one, name)
        try:
            await speaker.log_in()
        except KeyRefusedError:
            continue
        return speaker
    raise LocalNodeError(
        f"none of the keys in {folder.path / 'keys'} speaks for the operator {name} now:"
        " put its newest key there, as operator-new.key"
    )


async def _insist_that_it_runs(session: aiohttp.ClientSession, folder: CoopFolder) -> None:
    described = folder.description
    coops = await Asking(session, LOCAL).ask("/v1/coops")
    if described.coop not in {one["coop"] for one in coops}:
        raise LocalNodeError(
            f"the node that runs on this folder does not run {described.name}:"
            " start it anew, and see what it says of it"
        )


async def is_running(node: NodeFolder) -> bool:
    """Tell whether a node runs on this folder and answers."""
    try:
        async with _session(node.socket) as session, session.get(f"{LOCAL}/openapi.json"):
            return True
    except aiohttp.ClientConnectorError:
        return False


@asynccontextmanager
async def _session(socket: Path) -> AsyncIterator[aiohttp.ClientSession]:
    with short_path(socket) as path:
        connector = aiohttp.UnixConnector(str(path))
        # The last part of an import of quarter hours is answered once all of it is settled anew.
        timeout = aiohttp.ClientTimeout(total=600)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            yield session
