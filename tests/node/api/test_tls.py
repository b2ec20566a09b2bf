"""Connections under TLS count from when they are there, not from when their handshake is done."""

import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from settlement_node.api.limits import Limits
from tests.node.api.conftest import Node, running_node
from tests.patience import PATIENCE

TIGHT = Limits(connections_per_address=6, head_time=3, idle_time=60)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    request = ("openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2")
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    subprocess.run(
        [*request, *names, "-keyout", path, "-out", path.with_suffix(".crt")],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[Node]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with running_node(tmp_path_factory.mktemp("secured"), TIGHT, tls=context) as node:
        yield node


def asked(node: Node, certificate: Path) -> int:
    """Ask over TLS; return the answer's status, 0 if the connection was refused."""
    context = ssl.create_default_context(cafile=certificate)
    connection = HTTPSConnection("localhost", node.port, timeout=PATIENCE, context=context)
    try:
        connection.request("GET", "/v1/coops")
        return connection.getresponse().status
    except (ConnectionError, ssl.SSLError):
        return 0
    finally:
        connection.close()


def is_closed(connection: socket.socket) -> bool:
    """Wait until the node says something, or closes the connection; tell whether it did that."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def eventually_asked(node: Node, certificate: Path) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if asked(node, certificate) == 200:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("begun", [b"", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n"])
def test_handshakes_that_never_end_are_counted_and_cut_off(
    secured: Node, certificate: Path, begun: bytes
) -> None:
    assert eventually_asked(secured, certificate)
    with ExitStack() as stack:
        stalled = [
            stack.enter_context(
                socket.create_connection(("127.0.0.1", secured.port), timeout=PATIENCE)
            )
            for _ in range(TIGHT.connections_per_address)
        ]
        if not begun.startswith(b"GET"):
            for connection in stalled:
                connection.sendall(begun)
            assert asked(secured, certificate) == 0
        else:
            # What is no handshake ends at once, and is counted no more.
            for connection in stalled:
                connection.sendall(begun)
        # None of them ever says more, and the node lets go of each.
        for connection in stalled:
            while not is_closed(connection):
                pass
    assert eventually_asked(secured, certificate)


def test_one_connection_has_room_for_many_requests(secured: Node, certificate: Path) -> None:
    context = ssl.create_default_context(cafile=certificate)
    connection = HTTPSConnection("localhost", secured.port, timeout=PATIENCE, context=context)
    for _ in range(3):
        connection.request("GET", "/v1/coops")
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:1]) == (200, b"[")
    connection.close()


def test_what_comes_right_behind_the_handshake_is_answered(
    secured: Node, certificate: Path
) -> None:
    context = ssl.create_default_context(cafile=certificate)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    speaking = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", secured.port), timeout=PATIENCE) as connection:
        while True:
            try:
                speaking.do_handshake()
                break
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(65_536))
        # The end of the handshake and the request leave in one piece.
        speaking.write(b"GET /v1/coops HTTP/1.0\r\nHost: localhost\r\n\r\n")
        connection.sendall(outgoing.read())
        answer, ended = b"", False
        # Of TLS, not of the connection: the node waits half a minute to hear the same from here.
        while not ended:
            incoming.write(connection.recv(65_536))
            with suppress(ssl.SSLWantReadError):
                while more := speaking.read(65_536):
                    answer += more
                ended = True
        assert answer.startswith(b"HTTP/1.0 200 OK")
