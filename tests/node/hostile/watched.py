"""A node as a process of its own, thrown at over one connection, and the memory that it holds."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from typing import Final

from depin_protocol.frames import MEDIA_TYPE
from settlement_node.hosting.folder import NodeFolder
from tests.node.api.conftest import Node
from tests.node.api.neighbour import Reply
from tests.patience import PATIENCE
from tests.system.node_process import COMMAND, new_coop, running

LEAKING: Final = (sys.executable, "-m", "tests.node.hostile.leaking_node")
"""A node that keeps what it is sent."""

UNLIMITED: Final = (sys.executable, "-m", "tests.node.hostile.unlimited_node")
"""A node without limits on rates."""

PAGE: Final = 4096


def resident(process: int) -> int:
    """Return the bytes of memory that a process holds."""
    return int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) * PAGE


@dataclass
class Watched:
    """A node that is thrown at."""

    node: Node
    process: int
    connection: HTTPConnection
    chance: Random

    def throw(self, content: bytes) -> Reply:
        """Send a batch of statements."""
        return self._answer("POST", "/v1/statements", content)

    def fetch(self, path: str, token: str = "") -> Reply:
        """Ask for something that must be there."""
        reply = self._answer("GET", path, b"", token)
        assert reply.status == 200, reply.content
        return reply

    def _answer(self, method: str, path: str, content: bytes, token: str = "") -> Reply:
        # Each from another address, so that the node's limits do not help it.
        address = ".".join(str(self.chance.randrange(1, 255)) for _ in range(4))
        headers = {"Content-Type": MEDIA_TYPE, "X-Forwarded-For": address, "Authorization": token}
        self.connection.request(method, path, content, headers)
        response = self.connection.getresponse()
        return Reply(response.status, dict(response.getheaders()), response.read())

    def resident(self) -> int:
        """Return the bytes of memory that the node holds."""
        return resident(self.process)


@contextmanager
def watched(folder: Path, program: tuple[str, ...] = COMMAND) -> Iterator[Watched]:
    """Run a new co-op's node; it must say nothing on standard error, and stop when it is told."""
    new_coop(folder)
    node_folder = NodeFolder(folder)
    coop = node_folder.choose(None)
    with running(folder, "--proxy", "127.0.0.1", program=program) as (port, process):
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            yield Watched(Node(node_folder, coop, port), process.pid, connection, Random(1))
        finally:
            connection.close()
