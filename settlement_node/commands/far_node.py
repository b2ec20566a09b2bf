"""Asks a node on another machine, as the member whose key this is; or a mirror of a log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import click
import msgspec

from depin_protocol.identifiers import is_id
from settlement_node.commands.local_node import Asking, LocalNodeError, Operator, read_answer
from settlement_node.hosting.folder import FolderError, read_seed
from settlement_node.output import shown

_HTTP_OK: Final = 200


class NodeAddress(click.ParamType[str]):
    """Where something answers over HTTP."""

    name = "url"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what cannot be asked."""
        try:
            parts = urlsplit(value)
            is_address = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            is_address = False
        if not is_address:
            what = "an address over HTTP such as https://node.example:8480"
            self.fail(f"{value[:80]!r} is not {what}: give one", param, ctx)
        return value


class _Seed(click.ParamType[bytes]):
    """The seed in a key file."""

    name = "file"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        """Read it."""
        try:
            return read_seed(Path(value), "name the key file of who speaks")
        except FolderError as error:
            self.fail(str(error), param, ctx)


key_option: Final = click.option(
    "--key",
    type=_Seed(),
    help="The key file of who speaks; else the operator's key of the data folder.",
)
member_option: Final = click.option(
    "--member", help="Whose key it is, where the key was changed since the member joined."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks which node."""

    url: str
    seed: bytes
    member: str | None


@asynccontextmanager
async def far_node(caller: Caller, coop: str) -> AsyncIterator[Operator]:
    """Speak to a node over HTTP."""
    async with _session() as session:
        speaker = Operator(session, coop, caller.seed, caller.member, caller.url.rstrip("/"))
        await speaker.log_in()
        yield speaker


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[Asking]:
    """Ask a node what is for everybody."""
    async with _session() as session:
        yield Asking(session, url.rstrip("/"))


class Listed(msgspec.Struct, frozen=True):
    """A co-op as its node lists it."""

    coop: str
    name: str


async def listed(url: str, wanted: str | None) -> Listed:
    """Find a node's co-op by name or identifier, or the only one that it has."""
    async with asking(url) as node:
        coops = await node.ask_for(list[Listed], "/v1/coops")
    found = [one for one in coops if wanted is None or wanted in {one.coop, one.name}]
    if len(found) == 1 and is_id(found[0].coop):
        return found[0]
    names = "; ".join(f"{shown(one.name)} ({shown(one.coop)})" for one in coops)
    raise LocalNodeError(f"say which co-op with --coop, by name or identifier: {names}")


class Mirror:
    """The public files of a log, wherever they are served; none of them is believed."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        """Read below this address."""
        self._session = session
        self._url = url.rstrip("/")

    async def read(self, path: str, most: int) -> bytes:
        """Read a file of at most so many bytes."""
        try:
            async with self._session.get(f"{self._url}/{path}") as response:
                if response.status != _HTTP_OK:
                    raise LocalNodeError(f"{self._url} answers {response.status} to {path}")
                return await read_answer(response, most)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise LocalNodeError(f"{self._url} does not answer: {error}") from error


@asynccontextmanager
async def mirror(url: str) -> AsyncIterator[Mirror]:
    """Read a mirror of a log over HTTP."""
    async with _session() as session:
        yield Mirror(session, url)


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
