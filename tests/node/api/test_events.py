"""The stream of events: it resumes, it lives, and nobody can use it up."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.membership import Leave, OperatorAction
from settlement_node.api import context
from settlement_node.api.access import TOKEN_SECONDS, Access
from settlement_node.api.limits import Limits
from settlement_node.governance.actions import Reinstate, Suspend
from settlement_node.governance.member import Role
from tests.node.api.conftest import Node, running_node
from tests.node.api.neighbour import Neighbour, ask, readings
from tests.patience import PATIENCE


@dataclass
class Stream:
    """A home that listens."""

    response: HTTPResponse

    def lines(self) -> Iterator[str]:
        while line := self.response.readline():
            yield line.decode().rstrip("\n")

    def next_of(self, kind: str) -> tuple[int, dict[str, Any]]:
        """Wait for the next event of a kind."""
        number, found = 0, ""
        for line in self.lines():
            name, _, value = line.partition(": ")
            if name == "id":
                number = int(value)
            elif name == "event":
                found = value
            elif name == "data" and found == kind:
                return number, json.loads(value)
        raise AssertionError(f"the stream has ended before {kind}")


@contextmanager
def listening(node: Node, home: Neighbour, **headers: str) -> Iterator[Stream]:
    connection = HTTPConnection("127.0.0.1", node.port, timeout=PATIENCE)
    try:
        token = home.token(node.port)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"{home.path}/events/stream"
        connection.request("GET", path, headers={"Authorization": token, **named})
        response = connection.getresponse()
        assert response.status == 200, response.read()
        assert response.headers["Content-Type"] == "text/event-stream"
        yield Stream(response)
    finally:
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
        connection.close()


def test_a_stream_goes_on_after_the_last_event_seen(node: Node) -> None:
    home = node.welcome()
    with listening(node, home) as stream:
        node.act(Suspend(home.member))
        first, told = stream.next_of("decision")
        assert told["data"]["kind"] == "suspended"
    node.act(Reinstate(home.member), Suspend(home.member))
    with listening(node, home, Last_Event_ID=str(first)) as stream:
        _, second = stream.next_of("decision")
        last, third = stream.next_of("decision")
    assert [second["data"]["kind"], third["data"]["kind"]] == ["reinstated", "suspended"]
    asked = ask(node.port, f"{home.path}/events?after={first}", Authorization=home.token(node.port))
    assert asked.json == [second, third]
    assert last > first


def test_a_new_checkpoint_is_told_to_who_listens(node: Node) -> None:
    home = node.welcome()
    with listening(node, home) as stream:
        node.act(Suspend(home.member))
        size = stream.next_of("checkpoint")[1]["data"]["size"]
        while size < ask(node.port, f"/v1/coops/{home.coop}").json["entries"]:
            size = stream.next_of("checkpoint")[1]["data"]["size"]


def test_a_quiet_stream_shows_that_it_lives(tmp_path: Path) -> None:
    limits = Limits(heartbeat=0.1)
    with running_node(tmp_path, limits) as node:
        home = node.welcome()
        with listening(node, home) as stream:
            beats = (line for line in stream.lines() if line == ": still here")
            assert next(beats) == next(beats)


def test_a_new_stream_takes_the_place_of_the_oldest(tmp_path: Path) -> None:
    limits = Limits(streams_per_member=2, streams=3)
    with running_node(tmp_path, limits) as node:
        home, other = node.welcome(), node.welcome()
        with ExitStack() as stack:
            first, *_ = [stack.enter_context(listening(node, home)) for _ in range(3)]
            assert list(first.lines())[-3:] == [
                "retry: 60000",
                ": the member listens elsewhere",
                "",
            ]
            third = stack.enter_context(listening(node, other))
            node.act(Suspend(other.member))
            assert third.next_of("decision")[1]["data"]["kind"] == "suspended"
            token = other.token(node.port)
            full = ask(node.port, f"{other.path}/events/stream", Authorization=token)
            assert (full.status, full.json["code"]) == (503, "busy")


def test_a_stream_ends_with_the_key_that_opened_it(node: Node) -> None:
    home = node.welcome()
    with listening(node, home) as stream:
        assert home.tell(node.port, home.change_key()).status == 200
        node.act(Suspend(home.member))
        told = list(stream.lines())
        assert not [line for line in told if '"suspended"' in line]
    with listening(node, home) as again:
        assert again.next_of("decision")[1]["data"]["kind"] == "suspended"


def test_a_stream_ends_with_its_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = 0

    def clock() -> float:
        return time.time() + later

    monkeypatch.setattr(context, "Access", lambda: Access(clock))
    with running_node(tmp_path, Limits(heartbeat=0.1)) as node:
        home = node.welcome()
        with listening(node, home) as stream:
            assert ": still here" in stream.lines()
            later = TOKEN_SECONDS + 1
            assert set(stream.lines()) <= {"", ": still here"}


def test_who_has_left_reads_what_is_its_own_and_hears_nothing_more(node: Node) -> None:
    home = node.welcome(Role.AUDITOR)
    with listening(node, home) as stream:
        home.tell(node.port, home.say("trading", Leave()))
        assert not [line for line in stream.lines() if line.startswith("event: decision")]
    token = home.token(node.port)
    home.tell(node.port, home.say("metering", readings()))
    for own in ("", "/head", "/accounts", "/events"):
        assert ask(node.port, f"{home.path}{own}", Authorization=token).status == 200
    told = ask(node.port, f"{home.path}/events", Authorization=token).json
    assert told[-1]["data"]["code"] == "not-active"
    for private in (f"{home.path}/events/stream", f"/v1/coops/{home.coop}/bodies/0"):
        refused = ask(node.port, private, Authorization=token)
        assert (refused.status, refused.json["code"]) == (403, "forbidden")


def test_an_event_that_never_was_is_not_waited_for(node: Node) -> None:
    home = node.welcome()
    token = home.token(node.port)
    for path in ("events/stream", "events"):
        reply = ask(node.port, f"{home.path}/{path}?after={'9' * 15}", Authorization=token)
        assert (reply.status, reply.json["code"]) == (410, "events-expired")
        with listening(node, home, Last_Event_ID=str(reply.json["after"])):
            pass


def unheard_of(home: Neighbour) -> Statement:
    """Say something that can have no effect."""
    return home.say("trading", OperatorAction("unheard_of", {}, "why not"))


def test_who_does_not_read_its_stream_is_dropped_and_holds_up_nobody(tmp_path: Path) -> None:
    limits = Limits(stalled_time=1, streams_per_member=1)
    with running_node(tmp_path, limits) as node:
        home, other = node.welcome(), node.welcome()
        for _ in range(8):
            home.tell(node.port, *(unheard_of(home) for _ in range(500)))
        token = home.token(node.port)
        # The system holds less of what is unread here than it does of TCP.
        with socket.socket(socket.AF_UNIX) as deaf:
            deaf.connect(str(node.folder.socket))
            asked = f"GET {home.path}/events/stream HTTP/1.1\r\nHost: x\r\n"
            deaf.sendall(f"{asked}Authorization: {token}\r\n\r\n".encode())
            with listening(node, other) as stream:
                node.act(Suspend(other.member))
                assert stream.next_of("decision")[1]["data"]["kind"] == "suspended"
            assert next_told(node, home)["code"] == "not-operator"


def next_told(node: Node, home: Neighbour) -> dict[str, Any]:
    """Listen, once the stream before has been given up; return what is told first."""
    for _ in range(100):
        with suppress(AssertionError), listening(node, home) as stream:
            data: dict[str, Any] = stream.next_of("decision")[1]["data"]
            return data
        time.sleep(0.1)
    raise AssertionError("the node holds on to a stream that nobody reads")


def test_a_client_can_resume_as_often_as_it_likes_and_misses_nothing(node: Node) -> None:
    home = node.welcome()
    home.tell(node.port, *(unheard_of(home) for _ in range(250)))
    path = f"{home.path}/events"
    token, all_told, after = home.token(node.port), list[int](), 0
    while page := ask(node.port, f"{path}?after={after}&limit=100", Authorization=token).json:
        all_told += [event["id"] for event in page]
        after = all_told[-1]
    assert len(all_told) == 250
    assert all_told == sorted(set(all_told))
    heard: list[int] = []
    while len(heard) < len(all_told):
        last = str(heard[-1]) if heard else "0"
        with listening(node, home, Last_Event_ID=last) as stream:
            heard += [stream.next_of("decision")[0] for _ in range(50)]
    assert heard == all_told


@pytest.mark.parametrize("last", ["-1", "x", "1" * 16, "1.5"])
def test_a_last_event_that_is_no_number_is_refused(node: Node, last: str) -> None:
    home = node.welcome()
    token = home.token(node.port)
    path = f"{home.path}/events/stream"
    reply = ask(node.port, path, Authorization=token, Last_Event_ID=last)
    assert (reply.status, reply.json["code"]) == (400, "request-invalid")


def test_a_node_that_stops_ends_its_streams(tmp_path: Path) -> None:
    with running_node(tmp_path) as node:
        home = node.welcome()
        connection = HTTPConnection("127.0.0.1", node.port, timeout=PATIENCE)
        path = f"{home.path}/events/stream"
        connection.request("GET", path, headers={"Authorization": home.token(node.port)})
        response = connection.getresponse()
    assert response.read().startswith(b"retry: 5000")
    connection.close()
