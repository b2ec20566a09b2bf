"""Clients that are slow, greedy or broken: they are cut off, and others do not notice."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from depin_protocol.frames import MEDIA_TYPE, pack
from settlement_node.api.limits import Buckets, Limits, Rate
from tests.node.api.conftest import Node, running_node
from tests.node.api.neighbour import Neighbour, ask, readings
from tests.patience import PATIENCE

TIGHT = Limits(
    connections=40,
    connections_per_address=30,
    requests_per_address=8,
    head_time=1,
    body_time=1,
    idle_time=2,
    stalled_time=1,
    heartbeat=0.05,
)


@contextmanager
def connected(node: Node) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", node.port), timeout=PATIENCE) as connection:
        yield connection


def ended(connection: socket.socket) -> bytes:
    """Read until the node closes the connection; return what it said before."""
    received = b""
    with suppress(ConnectionError):
        while part := connection.recv(65_536):
            received += part
    return received


def beginning(length: int) -> bytes:
    return (
        f"POST /v1/statements HTTP/1.1\r\nHost: x\r\nContent-Type: {MEDIA_TYPE}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with running_node(tmp_path_factory.mktemp("tight"), TIGHT) as node:
        yield node


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Give a node that has room for few, and cuts off nobody while a test goes on."""
    limits = replace(TIGHT, head_time=PATIENCE, body_time=PATIENCE, idle_time=PATIENCE)
    with running_node(tmp_path_factory.mktemp("crowded"), limits) as node:
        yield node


@pytest.fixture(scope="module")
def home(tight: Node) -> Neighbour:
    return tight.welcome()


def test_a_head_that_never_ends_is_cut_off(tight: Node) -> None:
    with connected(tight) as slow:
        stopped = threading.Event()

        def trickle() -> None:
            slow.sendall(b"GET /healthz HTTP/1.1\r\n")
            while not stopped.wait(0.05):
                try:
                    slow.sendall(b"X: y\r\n")
                except OSError:
                    return

        trickling = threading.Thread(target=trickle)
        trickling.start()
        assert ended(slow) == b""
        stopped.set()
        trickling.join()


def test_a_body_that_never_ends_gets_a_problem(tight: Node) -> None:
    with connected(tight) as slow:
        slow.sendall(beginning(1000) + b"\0\0")
        assert b'"code":"too-slow"' in ended(slow)


def test_who_says_nothing_is_let_go(tight: Node) -> None:
    with connected(tight) as quiet:
        assert ended(quiet) == b""


def test_others_are_served_while_many_are_slow(tight: Node, home: Neighbour) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(tight)) for _ in range(20)]
        for number, connection in enumerate(slow):
            whole = beginning(1000) if number < 6 else b"GET / HT"
            connection.sendall(whole)
        reply = home.tell(tight.port, home.say("metering", readings()))
        assert "statement" in reply.json[0]


def test_an_address_has_so_many_connections_and_no_more(crowded: Node) -> None:
    with ExitStack() as stack:
        for _ in range(TIGHT.connections_per_address):
            stack.enter_context(connected(crowded))
        one_more = stack.enter_context(connected(crowded))
        said = ended(one_more)
        assert said.startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10")
        assert json.loads(said.partition(b"\r\n\r\n")[2])["code"] == "busy"
    # Those that were closed are soon counted no more.
    answered = b""
    while b"200 OK" not in answered:
        with connected(crowded) as again:
            again.sendall(b"GET /openapi.json HTTP/1.0\r\n\r\n")
            answered = ended(again)


def test_too_many_requests_at_one_time_are_refused(crowded: Node) -> None:
    with ExitStack() as stack:
        for _ in range(TIGHT.requests_per_address):
            connection = stack.enter_context(connected(crowded))
            connection.sendall(beginning(1000))
        # The node may not have read all of them yet.
        refused = ask(crowded.port, "/v1/coops")
        while refused.status == 200:
            refused = ask(crowded.port, "/v1/coops")
        assert refused.status == 429
        assert refused.json["code"] == "too-many-requests"
        assert refused.headers["Retry-After"] == "1"


def ask_for_ever(connection: socket.socket, asked: bytes) -> None:
    """Send one request after the other, as long as there is somebody to take them."""
    for _ in range(100_000):
        with suppress(TimeoutError):
            connection.send(asked)
        time.sleep(0.001)


def test_who_reads_nothing_is_dropped(tight: Node) -> None:
    asked = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    with connected(tight) as deaf:
        deaf.settimeout(1)
        with pytest.raises(ConnectionError):
            ask_for_ever(deaf, asked)
    assert ask(tight.port, "/healthz").status == 200


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 100,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/statements HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /v1/statements HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
        b"GET /log/%ff/tile/../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
    ids=range(10),
)
def test_what_is_no_request_is_refused(tight: Node, garbage: bytes) -> None:
    with connected(tight) as connection:
        # The node may have closed the connection before all of it was sent.
        with suppress(OSError):
            connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
        answered = ended(connection)
        assert not answered or answered.split()[1].startswith(b"4"), answered[:200]
        assert not answered or b"application/problem+json" in answered
    assert ask(tight.port, "/healthz").status == 200


@pytest.mark.parametrize("path", ["/v1/statements", "/v1/coops", "/nowhere"])
def test_what_nobody_can_expect_is_a_problem(tight: Node, path: str) -> None:
    reply = ask(tight.port, path, b"x", Expect="200-maybe")
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert (reply.status, reply.json["code"]) == (417, "expectation-failed")
    assert reply.headers["Connection"] == "close"


def test_who_goes_away_in_the_middle_harms_nobody(tight: Node, home: Neighbour) -> None:
    said = [home.say("metering", readings(total)) for total in range(20)]
    content = pack(one.wire for one in said)
    for _ in range(20):
        with connected(tight) as hasty:
            hasty.sendall(beginning(len(content)) + content)
    reply = home.tell(tight.port, *said)
    while reply.status == 429:
        reply = home.tell(tight.port, *said)
    assert [answer["statement"] for answer in reply.json] == [one.hash for one in said]


def test_a_node_holds_no_more_of_unfinished_bodies_than_it_can(tmp_path: Path) -> None:
    with running_node(tmp_path, Limits(bodies_bytes=300_000)) as node:
        home = node.welcome()
        with ExitStack() as stack:
            for _ in range(3):
                unfinished = stack.enter_context(connected(node))
                unfinished.sendall(beginning(500_000) + bytes(90_000))
            one_more = stack.enter_context(connected(node))
            one_more.sendall(beginning(500_000) + bytes(400_000))
            said = answered(one_more)
            assert said.startswith(b"HTTP/1.1 503")
            assert b"Retry-After" in said
            assert "statement" in home.tell(node.port, home.say("metering", readings())).json[0]


def test_the_oldest_body_of_the_greediest_gives_way_to_a_home(tmp_path: Path) -> None:
    limits = Limits(bodies_bytes=1_000_000, requests_per_address=100)
    with running_node(tmp_path, limits) as node, ExitStack() as stack:
        home = node.welcome()
        greedy = []
        for number in range(9):
            one = stack.enter_context(socket.socket())
            one.settimeout(PATIENCE)
            one.bind((f"127.0.0.{2 + number % 3}", 0))
            one.connect(("127.0.0.1", node.port))
            one.sendall(beginning(500_000) + bytes(110_000))
            greedy.append(one)
        said = [home.say("metering", readings(total)) for total in range(600)]
        content = pack(one.wire for one in said)
        with connected(node) as slow:
            slow.sendall(beginning(len(content)) + content[:-1])
            assert answered(greedy[0]).startswith(b"HTTP/1.1 503")
            slow.sendall(content[-1:])
            taken = answered_whole(slow)
        assert taken.startswith(b"HTTP/1.1 200")
        assert taken.count(b'"statement"') == len(said)


def answered_whole(connection: socket.socket) -> bytes:
    """Read an answer to the end of its content."""
    received = b""
    while not received.endswith(b"]"):
        part = connection.recv(65_536)
        assert part, received
        received += part
    return received


def answered(connection: socket.socket) -> bytes:
    """Read an answer as far as its code."""
    received = b""
    while b'"code"' not in received:
        part = connection.recv(65_536)
        assert part, received
        received += part
    return received


def test_a_huge_body_is_refused_before_it_is_sent(tight: Node) -> None:
    for length in (2**20 + 1, 10**15):
        with connected(tight) as huge:
            huge.sendall(beginning(length))
            assert answered(huge).startswith(b"HTTP/1.1 413")
    with connected(tight) as endless:
        head = beginning(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        endless.sendall(head)
        with suppress(ConnectionError):
            for _ in range(40):
                endless.sendall(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        said = ended(endless)
        assert not said or said.startswith(b"HTTP/1.1 413")
    assert ask(tight.port, "/healthz").status == 200


def test_a_member_has_a_share_that_nobody_else_can_use_up(tmp_path: Path) -> None:
    limits = Limits(member=Rate(30, 0.001))
    with running_node(tmp_path, limits) as node:
        greedy, modest = node.welcome(), node.welcome()
        thief = Neighbour(modest.coop, modest.seed, dict(modest.heads))
        stolen = [bytes(64) + thief.say("metering", readings()).wire[64:] for _ in range(60)]
        forged = ask(node.port, "/v1/statements", pack(stolen), MEDIA_TYPE)
        assert {answer["code"] for answer in forged.json} == {"bad-signature"}
        for _ in range(3):
            greedy.tell(node.port, *(greedy.say("metering", readings()) for _ in range(10)))
        refused = greedy.tell(node.port, greedy.say("metering", readings()))
        assert (refused.status, refused.json["code"]) == (429, "too-many-requests")
        assert int(refused.headers["Retry-After"]) > 0
        assert "statement" in modest.tell(node.port, modest.say("metering", readings())).json[0]


def test_a_member_that_opens_chains_without_end_is_slowed_down_and_still_heard(
    tmp_path: Path,
) -> None:
    with running_node(tmp_path, Limits(lasting=Rate(5, 0.001))) as node:
        home, other = node.welcome(), node.welcome()
        before = home.heads["metering"]
        for _ in range(4):
            before, said = home.heads["metering"], home.open("metering", home.heads["metering"])
            reply = home.tell(node.port, said)
        assert (reply.status, reply.json["code"]) == (429, "too-many-requests")
        assert int(reply.headers["Retry-After"]) > 0
        home.heads["metering"] = before
        assert "statement" in home.tell(node.port, home.say("metering", readings())).json[0]
        assert "statement" in home.tell(node.port, home.change_key()).json[0]
        other.tell(node.port, other.say("metering", readings()))
        assert other.tell(node.port, other.open("trading")).status == 200


def test_who_repeats_what_a_home_said_uses_up_nothing_of_the_homes(tmp_path: Path) -> None:
    with running_node(tmp_path, Limits(member=Rate(30, 0.001))) as node:
        home = node.welcome()
        said = home.say("metering", readings())
        assert "statement" in home.tell(node.port, said).json[0]
        for _ in range(4):
            assert home.tell(node.port, *[said] * 20).status == 200
        assert "statement" in home.tell(node.port, home.say("metering", readings())).json[0]


def test_an_address_has_a_share(tmp_path: Path) -> None:
    with running_node(tmp_path, Limits(address=Rate(500, 0.01))) as node:
        home = node.welcome()
        statuses = [ask(node.port, "/v1/coops").status for _ in range(60)]
        assert set(statuses) == {200, 429}
        assert statuses == sorted(statuses)
        assert home.tell(node.port, home.say("metering", readings())).status == 429


def test_a_bucket_fills_again() -> None:
    now = 100.0
    buckets = Buckets(Rate(10, 2), lambda: now, most=3)
    assert buckets.take("a", 8) == 0
    assert buckets.take("a", 4) == 1
    assert buckets.take("b", 10) == 0
    now += 1
    assert buckets.take("a", 4) == 0
    buckets.charge("a", 100)
    assert buckets.wait("a") == 51
    now += 51
    assert buckets.take("a", 1) == 0
    assert buckets.take("c", 1_000) == 0
    for name in "defg":
        buckets.charge(name, 10)
    assert buckets.wait("c") == 0


def test_commands_of_this_machine_are_heard_when_the_address_is_not(tmp_path: Path) -> None:
    with running_node(tmp_path, Limits(address=Rate(1, 0.001))) as node:
        assert ask(node.port, "/v1/coops").status == 200
        assert ask(node.port, "/v1/coops").status == 429
        node.code()
