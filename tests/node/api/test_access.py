"""Who may read what: a signed challenge gets a token, and a token opens its member's own."""

import json

import pytest

from depin_protocol.access import answer_challenge
from depin_protocol.encoding import from_text, to_text
from depin_protocol.keys import public_key
from settlement_node.api.access import CHALLENGE_SECONDS, TOKEN_SECONDS, Access, AccessError
from settlement_node.governance.actions import SetRoles, Suspend
from settlement_node.governance.member import Role
from tests.node.api.conftest import Node
from tests.node.api.neighbour import Neighbour, ask, random_id, readings
from tests.protocol.spoken import COOP, ident, seed

MEMBER = ident(1)
SEED = seed(1)
KEY = public_key(SEED)


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def token_of(access: Access, key: bytes | None = KEY) -> str:
    challenge, _ = access.challenge(COOP, MEMBER)
    signature = answer_challenge(SEED, COOP, MEMBER, challenge)
    return access.token(key, COOP, MEMBER, challenge, signature)[0]


def test_a_token_shows_its_member_until_it_expires() -> None:
    clock = Clock()
    access = Access(clock)
    token = token_of(access)
    clock.now += TOKEN_SECONDS
    assert access.who(token, COOP, lambda _: KEY) == MEMBER
    clock.now += 1
    with pytest.raises(AccessError, match="expired"):
        access.who(token, COOP, lambda _: KEY)


def test_a_token_ends_with_the_key_it_was_got_with() -> None:
    access = Access()
    token = token_of(access)
    with pytest.raises(AccessError, match="no more"):
        access.who(token, COOP, lambda _: public_key(seed(2)))
    with pytest.raises(AccessError, match="no more"):
        access.who(token, COOP, lambda _: None)


def test_a_token_opens_one_coop_of_one_node() -> None:
    access = Access()
    token = token_of(access)
    with pytest.raises(AccessError, match="another co-op"):
        access.who(token, ident(5), lambda _: None)
    with pytest.raises(AccessError, match="anew"):
        Access().who(token, COOP, lambda _: KEY)


def test_an_altered_token_opens_nothing() -> None:
    access = Access()
    data = from_text(token_of(access), 88)
    for at in range(len(data)):
        altered = bytearray(data)
        altered[at] ^= 1
        with pytest.raises(AccessError):
            access.who(to_text(bytes(altered)), COOP, lambda _: KEY)


def test_a_challenge_counts_once_for_a_minute_and_for_one_member() -> None:
    clock = Clock()
    access = Access(clock)
    challenge, expires = access.challenge(COOP, MEMBER)
    assert expires == int(clock.now) + CHALLENGE_SECONDS
    signature = answer_challenge(SEED, COOP, MEMBER, challenge)
    with pytest.raises(AccessError, match="not of this node"):
        access.token(
            KEY, COOP, ident(2), challenge, answer_challenge(SEED, COOP, ident(2), challenge)
        )
    with pytest.raises(AccessError, match="not signed"):
        access.token(KEY, COOP, MEMBER, challenge, bytes(64))
    with pytest.raises(AccessError, match="not signed"):
        access.token(None, COOP, MEMBER, challenge, signature)
    access.token(KEY, COOP, MEMBER, challenge, signature)
    with pytest.raises(AccessError, match="used"):
        access.token(KEY, COOP, MEMBER, challenge, signature)
    late, _ = access.challenge(COOP, MEMBER)
    clock.now += CHALLENGE_SECONDS + 1
    with pytest.raises(AccessError, match="older"):
        access.token(KEY, COOP, MEMBER, late, answer_challenge(SEED, COOP, MEMBER, late))


def test_a_member_reads_its_own_and_nobody_elses(node: Node) -> None:
    home, other = node.welcome(), node.welcome()
    said = home.say("metering", readings(5))
    home.tell(node.port, said)
    chain = home.heads["metering"].chain
    paths = [
        home.path,
        f"{home.path}/head",
        f"{home.path}/events",
        f"{home.path}/statements/metering/{chain}",
        f"{home.path}/statements/metering/{chain}/2/receipt",
    ]
    token, others = home.token(node.port), other.token(node.port)
    for path in paths:
        assert ask(node.port, path, Authorization=token).status == 200, path
        assert ask(node.port, path, Authorization=others).json["code"] == "forbidden"
        nobody = ask(node.port, path)
        assert (nobody.status, nobody.json["code"]) == (401, "token-wanted")
        assert "Bearer" in nobody.headers["WWW-Authenticate"]
    held = ask(node.port, paths[3], Authorization=token).json
    assert from_text(held[1]["statement"], len(said.wire)) == said.wire
    heads = ask(node.port, paths[1], Authorization=token).json
    assert heads["metering"] == [said.head.to_json()]


def test_auditors_read_bodies_and_members_do_not(node: Node) -> None:
    auditor, member = node.welcome(Role.AUDITOR), node.welcome()
    path = f"/v1/coops/{node.coop.description.coop}"
    token = auditor.token(node.port)
    for index in range(3):
        body = ask(node.port, f"{path}/bodies/{index}", Authorization=token)
        assert body.status == 200
    assert ask(node.port, f"{path}/bodies/{10**9}", Authorization=token).status == 404
    for private in ("members", "backup"):
        assert ask(node.port, f"{path}/{private}", Authorization=token).status == 200
    for private in ("bodies/0", "members", "backup"):
        reply = ask(node.port, f"{path}/{private}", Authorization=member.token(node.port))
        assert reply.json["code"] == "forbidden"
    node.act(SetRoles(auditor.member, (Role.MEMBER,)))
    assert ask(node.port, f"{path}/bodies/0", Authorization=token).status == 403


def test_a_suspended_operator_can_do_nothing(node: Node) -> None:
    operator = node.welcome(Role.OPERATOR)
    token = operator.token(node.port)
    path = f"/v1/coops/{node.coop.description.coop}/members"
    assert ask(node.port, path, Authorization=token).status == 200
    node.act(Suspend(operator.member))
    assert ask(node.port, path, Authorization=token).json["code"] == "forbidden"


def test_who_is_no_member_gets_a_challenge_but_no_token(node: Node) -> None:
    nobody = Neighbour(node.coop.description.coop)
    with pytest.raises(AssertionError, match="challenge-refused"):
        nobody.token(node.port)


@pytest.mark.parametrize("name", ["", "x", "A" * 23, "A" * 21 + "B", "ä" * 22])
def test_a_challenge_is_for_a_name(node: Node, name: str) -> None:
    path = f"/v1/coops/{node.coop.description.coop}/challenges"
    reply = ask(node.port, path, json.dumps({"member": name}).encode())
    assert (reply.status, reply.json["code"]) == (400, "request-invalid")


@pytest.mark.parametrize("path", ["challenges", "tokens"])
@pytest.mark.parametrize(
    "content",
    [
        b'{"member":"\xff"}',
        b'{"\xff":"\xff"}',
        b'{"member":"\xed\xa0\x80"}',
        b'{"member":"\\ud800"}',
        b"[" * 4096,
        b'{"member":' * 400,
        b'{"member":' + b"[" * 4000,
        b"null",
        b"\xff",
    ],
    ids=range(9),
)
def test_what_is_not_the_json_that_is_wanted_is_refused(
    node: Node, path: str, content: bytes
) -> None:
    reply = ask(node.port, f"/v1/coops/{node.coop.description.coop}/{path}", content)
    assert (reply.status, reply.json["code"]) == (400, "request-invalid")


def test_a_coop_that_is_not_here_is_not_found(node: Node) -> None:
    for path in (f"/v1/coops/{random_id()}", "/v1/coops/x", f"/log/{random_id()}/checkpoint"):
        assert ask(node.port, path).json["code"] == "not-found"
