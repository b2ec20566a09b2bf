"""What the node's tests stand on: a PostgreSQL server."""

from collections.abc import Iterator
from itertools import count
from typing import Final

import pytest

from provision.postgresql import Binaries
from tests.node.postgres_server import Server, server_programs

NUMBERS: Final = count()


@pytest.fixture(scope="session")
def postgres_binaries() -> Iterator[Binaries]:
    """Give the server's programs."""
    with server_programs() as binaries:
        yield binaries


@pytest.fixture(scope="session")
def postgres(postgres_binaries: Binaries) -> Iterator[Server]:
    """Give a running server; it need not outlive a power cut."""
    server = Server(postgres_binaries)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.abandon()
        server.remove()


@pytest.fixture
def postgres_url(postgres: Server) -> str:
    """Return the address of a new, empty database."""
    return postgres.create(f"test_{next(NUMBERS)}")
