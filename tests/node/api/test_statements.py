"""Statements over HTTP: a receipt or a problem for each, in order."""

import pytest

from depin_protocol.encoding import encode_json, from_text
from depin_protocol.frames import MEDIA_TYPE, pack
from depin_protocol.receipts import Receipt
from depin_protocol.statements.trading import Preference
from tests.node.api.conftest import Node
from tests.node.api.neighbour import Neighbour, Reply, ask, random_id, readings


def send(node: Node, content: bytes, media_type: str = MEDIA_TYPE) -> Reply:
    return ask(node.port, "/v1/statements", content, media_type)


def test_each_statement_gets_its_answer_in_order(node: Node) -> None:
    home = node.welcome()
    stranger = Neighbour(home.coop)
    first, second, third = (home.say("metering", readings(total)) for total in range(3))
    altered = second.wire[:-3] + b"x" + second.wire[-2:]
    wires = [first.wire, stranger.open("trading").wire, altered, third.wire, first.wire, b"{}"]
    reply = send(node, pack(wires))
    assert reply.status == 200
    codes = [answer.get("code") for answer in reply.json]
    assert codes == [None, "unknown-key", "bad-signature", "gap", None, "malformed"]
    assert reply.json[3]["wanted"] == {"chain": second.header.chain, "seq": 3}
    assert reply.json[0] == reply.json[4]
    key = ask(node.port, f"/v1/coops/{home.coop}").json["node_key"]
    Receipt.read(encode_json(reply.json[0])).verify(from_text(key, 32))
    assert [one.get("code") for one in send(node, pack([second.wire, third.wire])).json] == [
        None
    ] * 2


def test_a_fork_is_told_what_stands_there(node: Node) -> None:
    home = node.welcome()
    head = home.heads["trading"]
    clone = Neighbour(home.coop, home.seed, dict(home.heads))
    (kept,) = home.tell(node.port, home.say("trading", _preference())).json
    (forked,) = clone.tell(node.port, clone.say("trading", _preference())).json
    assert forked["code"] == "fork"
    assert f"{head.chain} is {kept['statement']}" in forked["detail"]
    token = home.token(node.port)
    assert ask(node.port, home.path, Authorization=token).json["orders_held"] is True
    kinds = [one["kind"] for one in ask(node.port, f"{home.path}/events", Authorization=token).json]
    assert "held" in kinds


def _preference() -> Preference:
    return Preference("hof", (random_id(),))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "request-invalid"),
        (b"\0", "request-invalid"),
        (b"\0\0\0\5abcd", "request-invalid"),
        (b"\xff\xff\xff\xff", "request-invalid"),
        (bytes(4 * 1001), "request-invalid"),
        (bytes(2**20 + 1), "too-large"),
    ],
)
def test_what_is_no_batch_is_refused_whole(node: Node, content: bytes, code: str) -> None:
    reply = send(node, content)
    assert reply.status in {400, 413}
    assert reply.json["code"] == code
    assert reply.headers["Content-Type"] == "application/problem+json"


def test_another_type_of_content_is_refused(node: Node) -> None:
    assert send(node, b"{}", "application/json").json["code"] == "unsupported-media-type"


def test_statements_for_a_coop_that_is_not_here(node: Node) -> None:
    stranger = Neighbour(random_id())
    reply = send(node, pack([stranger.open("trading").wire, b"x"]))
    assert [answer["code"] for answer in reply.json] == ["wrong-coop", "malformed"]
    home = node.welcome()
    mixed = send(
        node, pack([home.say("metering", readings()).wire, stranger.open("metering").wire])
    )
    assert [answer.get("code") for answer in mixed.json] == [None, "wrong-coop"]


@pytest.mark.parametrize(("bad", "code"), [(b"abc", "malformed"), (bytes(65_536), "too-large")])
def test_a_bad_first_statement_spoils_no_other(node: Node, bad: bytes, code: str) -> None:
    home = node.welcome()
    stranger = Neighbour(random_id())
    wires = [bad, stranger.open("trading").wire, home.say("metering", readings()).wire]
    answers = send(node, pack(wires)).json
    assert [answer.get("code") for answer in answers] == [code, "wrong-coop", None]
    alone = send(node, pack([bad])).json
    assert [answer["code"] for answer in alone] == [code]


@pytest.mark.parametrize(("code", "problem"), [(bytes(16), "invite-unknown")])
def test_joining_wants_a_code(node: Node, code: bytes, problem: str) -> None:
    home = Neighbour(node.coop.description.coop)
    reply = home.join(node.port, code)
    assert (reply.status, reply.json["code"]) == (403, problem)
    assert "ask an operator" in reply.json["action"].casefold()


def test_joining_wants_a_request(node: Node) -> None:
    path = f"/v1/coops/{node.coop.description.coop}/members"
    for content, status in ((b"", 400), (b"x" * 100, 400), (b"x" * 2049, 413)):
        reply = ask(node.port, path, content, "application/vnd.depin.join-request")
        assert reply.status == status
