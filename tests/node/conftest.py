"""What the node's tests stand on: a PostgreSQL server, where this machine has one."""

from collections.abc import Iterator
from itertools import count
from typing import Final

import pytest
from provision import postgresql

from tests.node.postgres_server import Server

LEFT_OUT = pytest.StashKey[int]()
NUMBERS: Final = count()


@pytest.fixture(scope="session")
def postgres_binaries() -> postgresql.Binaries:
    """Return the server's programs."""
    binaries = postgresql.find()
    assert binaries is not None
    return binaries


@pytest.fixture(scope="session")
def postgres(postgres_binaries: postgresql.Binaries) -> Iterator[Server]:
    """Give a running server; it need not outlive a power cut."""
    server = Server(postgres_binaries)
    try:
        server.make()
        server.start()
        yield server
        server.stop()
    finally:
        server.remove()


@pytest.fixture
def postgres_url(postgres: Server) -> str:
    """Return the address of a new, empty database."""
    return postgres.create(f"test_{next(NUMBERS)}")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if postgresql.find() is not None:
        return
    left_out = [item for item in items if item.get_closest_marker("postgres")]
    config.stash[LEFT_OUT] = len(left_out)
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if number := config.stash[LEFT_OUT]:
        terminalreporter.write_line(
            f"{number} tests left out: they need PostgreSQL's server; install it."
        )
