"""Two homes with one key, and keys that are none: told over HTTP, and kept from doing harm."""

import json
from dataclasses import replace

import pytest

from depin_protocol.encoding import to_text
from depin_protocol.identifiers import member_id
from depin_protocol.keys import sign
from depin_protocol.statements.bodies import Body, Stream
from depin_protocol.statements.envelope import Statement, read_statement
from depin_protocol.statements.trading import Preference
from settlement_node.governance.member import MAX_EVIDENCE
from tests.node.api.conftest import Node
from tests.node.api.neighbour import Neighbour, Reply, ask, random_id, readings

LOW_ORDER = bytes([1]) + bytes(31)
"""The identity: a lax library finds a signature of it under everything."""

UNDER_EVERYTHING = LOW_ORDER + bytes(32)


def twin(home: Neighbour) -> Neighbour:
    """Restore a backup of a home beside it."""
    return replace(home, heads=dict(home.heads))


def preference() -> Preference:
    return Preference("hof", (random_id(),))


def told(node: Node, home: Neighbour) -> list[dict[str, object]]:
    reply = ask(node.port, f"{home.path}/events", Authorization=home.token(node.port))
    return [{"event": one["kind"], **one["data"]} for one in reply.json]


def orders_held(node: Node, home: Neighbour) -> bool:
    reply = ask(node.port, home.path, Authorization=home.token(node.port))
    return bool(reply.json["orders_held"])


def test_a_fork_names_what_is_held_so_that_an_opening_can(node: Node) -> None:
    home = node.welcome()
    clone = twin(home)
    home.tell(node.port, kept := home.say("trading", preference()))
    (refused,) = clone.tell(node.port, clone.say("trading", preference())).json
    assert refused["code"] == "fork"
    assert refused["held"] == kept.head.to_json()
    assert orders_held(node, home)
    (ended,) = home.tell(node.port, home.open("trading", kept.head)).json
    assert "statement" in ended
    assert not orders_held(node, home)
    late = replace(clone, heads={"trading": kept.head}).say("trading", preference())
    (refused,) = clone.tell(node.port, late).json
    assert (refused["code"], refused["held"]) == ("chain-ended", kept.head.to_json())


def test_two_live_chains_hold_orders_and_the_owner_is_asked(node: Node) -> None:
    home = node.welcome()
    first = home.heads["trading"]
    assert "statement" in home.tell(node.port, home.open("trading")).json[0]
    assert {"event": "held"} in told(node, home)
    assert orders_held(node, home)
    assert "statement" in home.tell(node.port, home.say("trading", preference())).json[0]
    answer = home.open("trading", first, home.heads["trading"])
    assert "statement" in home.tell(node.port, answer).json[0]
    assert not orders_held(node, home)


@pytest.mark.parametrize(("forked", "other"), [("trading", "metering"), ("metering", "trading")])
def test_an_opening_answers_for_its_own_stream_only(
    node: Node, forked: Stream, other: Stream
) -> None:
    home = Neighbour(node.coop.description.coop)
    assert home.join(node.port, node.code()).status == 201
    home.tell(node.port, home.open(forked))
    (refused,) = fork(node, home, forked)
    assert refused["code"] == "fork"
    assert orders_held(node, home)
    assert "statement" in home.tell(node.port, home.open(other)).json[0]
    assert orders_held(node, home)
    assert "statement" in home.tell(node.port, home.open(forked, home.heads[forked])).json[0]
    assert not orders_held(node, home)


def test_two_live_chains_of_metering_hold_orders_too(node: Node) -> None:
    home = node.welcome()
    first = home.heads["metering"]
    home.tell(node.port, home.open("metering"))
    assert {"event": "held"} in told(node, home)
    assert orders_held(node, home)
    home.tell(node.port, home.open("metering", first, home.heads["metering"]))
    assert not orders_held(node, home)


def test_the_first_other_bytes_at_each_place_are_kept_and_told_within_bounds(node: Node) -> None:
    home = node.welcome()
    for _ in range(MAX_EVIDENCE + 2):
        fork(node, home, "trading", twice=True)
    held = [one["decision"] for one in told(node, home) if one["event"] == "held"]
    assert len(set(held)) == len(held) == MAX_EVIDENCE
    fork(node, home, "metering")
    assert len(told(node, home)) == MAX_EVIDENCE + 1


def test_what_a_key_signs_that_was_handed_over_holds_nothing(node: Node) -> None:
    home = node.welcome()
    begun = dict(home.heads)
    home.tell(node.port, home.say("metering", readings(1)), home.say("trading", preference()))
    thief = twin(home)
    assert "statement" in home.tell(node.port, home.change_key()).json[0]
    spoken: list[tuple[Stream, Body]] = [("metering", readings(2)), ("trading", preference())]
    for stream, body in spoken:
        thief.heads = dict(begun)
        (refused,) = thief.tell(node.port, thief.say(stream, body)).json
        assert refused["code"] == "fork"
    assert not orders_held(node, home)
    assert not told(node, home)
    fork(node, home, "trading")
    assert orders_held(node, home)


def fork(
    node: Node, home: Neighbour, stream: Stream, *, twice: bool = False
) -> list[dict[str, object]]:
    """Go on with a chain, and let a twin say something else in the same place."""
    clones = [twin(home) for _ in range(1 + twice)]
    home.tell(node.port, home.say(stream, words(stream)))
    return [one.tell(node.port, one.say(stream, words(stream))).json[0] for one in clones]


def words(stream: Stream) -> Body:
    return preference() if stream == "trading" else readings()


def test_a_gap_names_what_is_wanted(node: Node) -> None:
    home = node.welcome()
    lost, later = home.say("metering", readings(1)), home.say("metering", readings(2))
    (refused,) = home.tell(node.port, later).json
    wanted = {"chain": lost.header.chain, "seq": lost.header.seq}
    assert (refused["code"], refused["wanted"]) == ("gap", wanted)
    assert ["statement" in one for one in home.tell(node.port, lost, later).json] == [True, True]


def test_a_key_of_low_order_is_refused_when_somebody_joins(node: Node) -> None:
    home, code = Neighbour(node.coop.description.coop), node.code()
    asked = json.loads(home.request(code)[64:])
    text = json.dumps({**asked, "key": to_text(LOW_ORDER)}, separators=(",", ":")).encode()
    for signature in (UNDER_EVERYTHING, sign(home.seed, b"depin join v1\0" + text)):
        path = f"/v1/coops/{home.coop}/members"
        reply = ask(node.port, path, signature + text, "application/vnd.depin.join-request")
        assert (reply.status, reply.json["code"]) == (400, "request-invalid")
    assert home.join(node.port, code).status == 201


def weak_change(home: Neighbour) -> Statement:
    """Hand over to a key of low order."""
    change = twin(home).change_key()
    text = json.loads(change.wire[64:])
    text["body"] |= {"key": to_text(LOW_ORDER), "possession": to_text(UNDER_EVERYTHING)}
    written = json.dumps(text, separators=(",", ":")).encode()
    return read_statement(sign(home.seed, b"depin statement v1\0" + written) + written)


def test_a_key_of_low_order_is_refused_when_it_is_to_replace_another(node: Node) -> None:
    home = node.welcome()
    change = weak_change(home)
    assert "statement" in home.tell(node.port, change).json[0]
    assert told(node, home)[-1]["code"] == "key-unfit"
    home.heads["trading"] = change.head
    assert "statement" in home.tell(node.port, home.say("trading", preference())).json[0]
    stolen = Neighbour(home.coop, named=member_id(home.coop, LOW_ORDER))
    forged = UNDER_EVERYTHING + stolen.open("trading").wire[64:]
    assert send(node, forged).json[0]["code"] == "unknown-key"


def send(node: Node, wire: bytes) -> Reply:
    content = len(wire).to_bytes(4) + wire
    return ask(node.port, "/v1/statements", content, "application/vnd.depin.statements")


def test_a_new_key_speaks_and_the_old_one_reads_and_says_nothing_more(node: Node) -> None:
    home = node.welcome()
    thief, token = twin(home), home.token(node.port)
    change = home.change_key()
    assert "statement" in home.tell(node.port, change).json[0]
    assert ask(node.port, home.path, Authorization=token).json["code"] == "token-wanted"
    thief.heads["trading"] = change.head
    (refused,) = thief.tell(node.port, thief.say("trading", preference())).json
    assert refused["code"] == "bad-signature"
    said = [home.say("trading", preference()), home.say("metering", readings(3))]
    assert ["statement" in one for one in home.tell(node.port, *said).json] == [True, True]
    assert ask(node.port, home.path, Authorization=home.token(node.port)).status == 200
