"""A real node on a real port, in a thread of its own, for tests that come from outside."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from depin_protocol.durations import DAY
from depin_protocol.encoding import from_text
from depin_protocol.invite import CODE_LENGTH
from settlement_node.api.limits import Limits
from settlement_node.api.serving import Listening, serving
from settlement_node.commands.local_node import operator
from settlement_node.governance.actions import Action, GiveInvite, invite_hash
from settlement_node.governance.member import Role
from settlement_node.hosting.folder import CoopFolder, NodeFolder
from settlement_node.hosting.founding import Wish, found
from settlement_node.hosting.hosting import hosting
from tests.node.api.neighbour import Neighbour, now, random_id


@dataclass
class Node:
    """A node that runs, and its operator."""

    folder: NodeFolder
    coop: CoopFolder
    port: int

    def act(self, *actions: Action) -> None:
        """Let the operator act, as the commands do."""

        async def acting() -> None:
            async with operator(self.folder, self.coop) as speaker:
                for action in actions:
                    await speaker.act(action, "as agreed")

        asyncio.run(acting())

    def code(self, role: Role = Role.MEMBER) -> bytes:
        """Make an invite's code."""
        code = from_text(random_id(), CODE_LENGTH)
        self.act(GiveInvite(invite_hash(code), now() + DAY, role))
        return code

    def welcome(self, role: Role = Role.MEMBER) -> Neighbour:
        """Let a home join and open its chains."""
        home = Neighbour(self.coop.description.coop)
        assert home.join(self.port, self.code(role)).status == 201
        assert home.tell(self.port, home.open("metering"), home.open("trading")).status == 200
        return home


@contextmanager
def running_node(
    path: Path,
    limits: Limits | None = None,
    proxies: tuple[str, ...] = (),
    tls: ssl.SSLContext | None = None,
) -> Iterator[Node]:
    """Make a co-op in a folder and run it."""
    folder = NodeFolder(path)
    wish = Wish("Hof", "EUR", "SUN", "hof", "http://127.0.0.1:8480", "Olga")
    coop = asyncio.run(found(folder, wish))
    begun = threading.Event()
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = []

    async def serve() -> None:
        where = Listening(folder.socket, "127.0.0.1", 0, tls)
        stop = asyncio.Event()
        async with (
            hosting(folder.coops()) as hosted,
            serving(hosted, where, limits, proxies) as port,
        ):
            running.append((asyncio.get_running_loop(), stop, port))
            begun.set()
            await stop.wait()

    def live() -> None:
        try:
            asyncio.run(serve())
        finally:
            begun.set()

    thread = threading.Thread(target=live)
    thread.start()
    begun.wait()
    ((loop, stop, port),) = running
    try:
        yield Node(folder, coop, port)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


@pytest.fixture(scope="package")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Give a node with usual limits, shared by all tests here."""
    with running_node(tmp_path_factory.mktemp("node")) as running:
        yield running
