"""What `serve` does at its edges: wrong options, no network, a stop amid half a request."""

import signal
import socket
import subprocess
from pathlib import Path

import pytest

from depin_protocol.frames import MEDIA_TYPE
from settlement_node.commands.announcing import Announcement, reachable
from settlement_node.commands.reaching import leads_elsewhere
from settlement_node.hosting.folder import NodeFolder
from tests.node.api.conftest import Node
from tests.node.api.neighbour import random_id
from tests.patience import PATIENCE
from tests.system.node_process import COMMAND, new_coop, refused, running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serving")
    new_coop(folder)
    return folder


def test_a_proxy_that_is_none_is_refused(folder: Path) -> None:
    said = refused("serve", "--data", folder, "--port", "0", "--proxy", "nonsense")
    assert "give a proxy by its address" in said


def test_what_no_home_can_reach_is_not_announced(folder: Path) -> None:
    said = refused("serve", "--data", folder, "--host", "127.0.0.1", "--port", "0", "--announce")
    assert "homes cannot reach that" in said


def test_a_node_without_a_network_runs_and_says_so(folder: Path) -> None:
    # In a network namespace of its own a process has no interface that is up.
    alone = ("unshare", "--map-root-user", "--net", *COMMAND)
    with running(folder, "--host", "0.0.0.0", "--announce", program=alone) as (_, process):  # noqa: S104
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert any(line.startswith("not announced yet") for line in lines)


def test_a_node_on_ipv6_says_an_address_that_can_be_used(folder: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "serve", "--data", folder, "--host", "::1", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening on http://[::1]:")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def test_an_upload_that_hangs_is_told_when_the_node_stops(folder: Path) -> None:
    with running(folder) as (port, process):
        hanging = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        hanging.sendall(
            f"POST /v1/statements HTTP/1.1\r\nHost: x\r\nContent-Type: {MEDIA_TYPE}\r\n"
            "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert b"100 Continue" in hanging.recv(1000)
        process.send_signal(signal.SIGTERM)
        said = b""
        while part := hanging.recv(65_536):
            said += part
        assert b'"code":"stopped"' in said
        hanging.close()


def test_a_stop_after_streams_were_closed_says_nothing(folder: Path) -> None:
    node_folder = NodeFolder(folder)
    with running(folder) as (port, _):
        home = Node(node_folder, node_folder.choose(None), port).welcome()
        token = home.token(port)
        asked = (
            f"GET {home.path}/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n"
        )
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as listening:
                listening.sendall(asked.encode())
                assert b"200 OK" in listening.recv(1000)


OWN = ["198.51.100.7", "192.0.2.7", "2001:db8::7"]


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("0.0.0.0", OWN[:2]),  # noqa: S104 - it is what a node listens on
        ("::", OWN[2:]),
        ("192.0.2.7", ["192.0.2.7"]),
        ("192.0.2.8", []),
        ("hub.local", OWN),
    ],
)
def test_only_what_is_listened_on_is_announced(host: str, found: list[str]) -> None:
    assert reachable(host, OWN) == found


@pytest.mark.parametrize(
    ("address", "host", "what"),
    [
        ("http://192.0.2.7:8480", "0.0.0.0", None),  # noqa: S104 - it is what a node listens on
        ("http://192.0.2.7:8480", "192.0.2.7", None),
        ("http://[2001:db8::7]:8480", "::", None),
        ("http://node.example:8480", "0.0.0.0", None),  # noqa: S104
        ("http://node.example:8480", "192.0.2.7", None),
        ("http://192.0.2.7:8480", "hub.local", None),
        ("http://localhost:8480", "0.0.0.0", None),  # noqa: S104
        ("http://localhost:8480", "127.0.0.1", None),
        ("https://node.example:8480", "0.0.0.0", "the node speaks http"),  # noqa: S104
        ("http://node.example", "0.0.0.0", "listens on port 8480"),  # noqa: S104
        (
            "https://192.0.2.8",
            "192.0.2.7",
            "the node speaks http; the node listens on port 8480; the node listens on 192.0.2.7",
        ),
        ("http://node.example:8480", "127.0.0.1", "for this machine alone"),
        ("http://192.0.2.7:8480", "localhost", "for this machine alone"),
        ("http://localhost:8480", "192.0.2.7", "listens on 192.0.2.7 alone"),
        ("http://192.0.2.8:8480", "192.0.2.7", "listens on 192.0.2.7 alone"),
        ("http://192.0.2.8:8480", "0.0.0.0", "no address 192.0.2.8"),  # noqa: S104
        ("http://192.0.2.7:8480", "::", "no address 192.0.2.7"),
        ("http://[2001:db8::7]:8480", "0.0.0.0", "no address 2001:db8::7"),  # noqa: S104
    ],
)
def test_it_is_told_where_an_address_plainly_leads_elsewhere(
    address: str, host: str, what: str | None
) -> None:
    said = leads_elsewhere(address, host, 8480, OWN, tls=False)
    assert said is None if what is None else what in str(said)


def test_nodes_of_one_machine_have_names_of_their_own() -> None:
    one, other = (
        Announcement("0.0.0.0", 8480, [random_id()], tls=False).service(OWN)  # noqa: S104
        for _ in range(2)
    )
    assert one.name != other.name
    assert one.server != other.server
    assert one.parsed_addresses() == OWN
