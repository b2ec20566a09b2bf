"""Our own vectors for statements, receipts, invites and requests, for other implementations."""

from hashlib import sha256
from typing import Any

from depin_protocol.encoding import to_text
from depin_protocol.invite import Invite, parse_invite
from depin_protocol.joining import JoinRequest
from depin_protocol.keys import public_key
from depin_protocol.problems import ProblemCode, RefusedError
from depin_protocol.receipts import Receipt, sign_receipts
from depin_protocol.statements.bodies import Body
from depin_protocol.statements.chains import KNOWN
from depin_protocol.statements.envelope import (
    FIRST_PREV,
    Header,
    Statement,
    read_statement,
    sign_statement,
)
from depin_protocol.statements.heads import Head
from depin_protocol.statements.kinds import KINDS
from depin_protocol.statements.measuring import Device, Fine, Fuse, Plane, Readings
from depin_protocol.statements.membership import (
    Appeal,
    ChainOpening,
    KeyChange,
    Leave,
    OperatorAction,
    Veto,
    Vote,
    prove_possession,
)
from depin_protocol.statements.money import (
    Constant,
    Dynamic,
    Payout,
    PayoutAddress,
    Tariff,
    TimeOfUse,
)
from depin_protocol.statements.record import CoopRecord
from depin_protocol.statements.trading import (
    Cancellation,
    Curve,
    FlexibleOrder,
    Order,
    Preference,
    StandingOrder,
)
from tests.protocol.own_vectors import as_json, committed, write
from tests.protocol.spoken import COOP, NOON, QUARTER, Home, digest, ident, seed

EXAMPLES: tuple[Body, ...] = (
    Readings(
        ident(7),
        (NOON, NOON + 300_000, NOON + 600_000, NOON + QUARTER),
        {"import": (7_123_456,) * 4, "export": (3_123_456, 3_123_470, None, 3_123_500)},
        (-800, -900, None, -900),
        (0, 0, 2, 0),
        Fine(digest(7), 180),
    ),
    Order(
        "main",
        (
            Curve(NOON, "bid", ((250_000, 400), (-1, 100))),
            Curve(NOON, "ask", ()),
            Curve(NOON + QUARTER, "ask", ((120_000, 500),)),
        ),
    ),
    Cancellation("main", ((NOON, "bid"), (NOON, "ask")), (digest(8),)),
    StandingOrder("main", "bid", ((200_000, 150),), ((0, 360), (9720, 10_080))),
    FlexibleOrder("main", 12_000, 11_000, 180_000, NOON, NOON + 32 * QUARTER),
    Preference("main", (ident(21), ident(20))),
    Tariff(
        "main",
        TimeOfUse(((0, 360, 210_000), (1440, 1800, 210_000)), 320_000),
        Dynamic(((NOON, 81_000), (NOON + QUARTER, -2_000))),
    ),
    Tariff("main", Constant(320_000), Constant(81_000)),
    Device(
        ident(7),
        "production",
        {"production": 10},
        Fuse(35_000, 3),
        nameplate=9_800,
        capacity=12_000,
        plane=Plane(35, 190),
    ),
    Device(ident(7), "production", {}, retired=True),
    ChainOpening((Head(ident(30), 12, digest(30)), Head(ident(31), 1, digest(31)))),
    KeyChange(
        public_key(seed(2)),
        "secure_element",
        Head(ident(32), 40, digest(32)),
        prove_possession(seed(2), COOP, Home().member, public_key(seed(2))),
    ),
    Veto(digest(9)),
    Payout(4_611_686_018_427_387_903),
    PayoutAddress("0x52908400098527886e0f7030069857d2e4169ee7"),
    PayoutAddress(None),
    Appeal(digest(10), "Schnee auf dem Dach: siehe Foto \N{SNOWFLAKE}\N{CAMERA}"),
    Vote(digest(11), "abstain"),
    Leave(),
    OperatorAction("suspend_member", {"member": ident(20), "days": [1, None, True]}, "unpaid"),
)


def header(body: Body) -> Header:
    """Make a header in which a body may stand."""
    stream = KINDS[body.KIND].STREAMS[0]
    seq, prev = (1, FIRST_PREV) if isinstance(body, ChainOpening) else (2, digest(5))
    return Header(COOP, Home().member, stream, ident(5), seq, prev, NOON, ident(6))


def described(statement: Statement) -> dict[str, Any]:
    """Describe a statement that stands, with or without effect."""
    return {
        "wire": statement.wire.hex(),
        "hash": statement.hash,
        "kind": statement.kind,
        "effect": None if statement.lacks is None else str(statement.lacks.code),
    }


def refused(wire: bytes) -> str | None:
    """Read bytes and return the code with which they are refused."""
    try:
        read_statement(wire)
    except RefusedError as error:
        return str(error.code)
    return None


def altered() -> list[dict[str, Any]]:
    """Describe statements that are none, or have no effect."""
    home = Home()
    home.open("trading")
    wire = home.say("trading", Payout(1)).wire
    changes = {
        "another version": (b'"v":1', b'"v":2'),
        "a blank": (b'"v":1,', b'"v":1, '),
        "a key twice": (b'"amount":1', b'"amount":1,"amount":1'),
        "a float": (b'"amount":1', b'"amount":1.0'),
        "an exponent": (b'"amount":1', b'"amount":1e0'),
        "an integer of 64 bits": (b'"amount":1', b'"amount":9223372036854775808'),
        "half a surrogate pair": (b'"amount":1', b'"amount":"\\ud800"'),
        "nested 17 deep": (b'"amount":1', b'"amount":' + b"[" * 16 + b"]" * 16),
        "nested 16 deep": (b'"amount":1', b'"amount":' + b"[" * 15 + b"]" * 15),
        "number 1 that opens nothing": (b'"seq":2', b'"seq":1'),
        "a leading zero": (b'"seq":2', b'"seq":02'),
        "an identifier with unused bits": (COOP.encode(), COOP[:-1].encode() + b"B"),
        "a kind of the future": (b'"payout"', b'"gossip"'),
        "a field too many": (b'"amount":1', b'"amount":1,"to":"me"'),
        "a field too small": (b'"amount":1', b'"amount":0'),
        "the wrong stream": (b'"trading"', b'"metering"'),
        "no UTF-8": (b'"amount"', b'"\xff"'),
        "as it was": (b"", b""),
    }
    found = []
    for what, (old, new) in changes.items():
        other = wire.replace(old, new, 1) if old else wire
        code = refused(other)
        lacks = None if code else read_statement(other).lacks
        found.append(
            {
                "what": what,
                "wire": other.hex(),
                "refused": code,
                "effect": str(lacks.code) if lacks else None,
            }
        )
    return found


def heard() -> list[dict[str, Any]]:
    """Describe what one co-op hears, statement by statement, and what comes of each."""
    home, clone = Home(), Home()
    clone._opened = 50  # noqa: SLF001 - another chain of the same key
    coop = CoopRecord(COOP)
    coop.join(home.member, public_key(seed(1)))
    opening, metering = home.open("trading"), home.open("metering")
    first = home.say("metering", Readings(ident(7), (NOON,), {"import": (1,)}))
    second = home.say("metering", Readings(ident(7), (NOON + 1,), {"import": (2,)}))
    cloned = clone.open("trading")
    payout, vote = home.say("trading", Payout(1)), home.say("trading", Vote(digest(1), "yes"))
    change = home.change_key(2, second.head)
    clone.heads["trading"] = change.head
    told = [
        ("a gap", payout),
        ("the first", opening),
        ("a chain beside it", cloned),
        ("a gap in the chain", vote),
        ("the next", payout),
        ("the same bytes again", payout),
        ("the next", vote),
        ("the other stream", metering),
        ("a key change, which ends the chain beside it", change),
        ("the old key after the change", clone.say("trading", Payout(7))),
        ("the old key up to the named head", first),
        ("the old key up to the named head", second),
        (
            "the new key after it",
            home.say("metering", Readings(ident(7), (NOON + 2,), {"import": (3,)})),
        ),
        ("the new key", home.say("trading", Payout(2))),
        ("a chain after the head of the last", home.open("trading", home.heads["trading"])),
        (
            "a chain that names another past",
            home.open("trading", Head(opening.header.chain, 2, digest(1))),
        ),
    ]
    clone.heads["trading"] = cloned.head
    told.append(("a chain that has ended", clone.say("trading", Payout(8))))
    found = []
    for what, statement in told:
        try:
            admission = coop.hear(statement.wire)[1]
        except RefusedError as error:
            outcome: dict[str, Any] = {"refused": str(error.code), **error.extensions()}
        else:
            if admission == KNOWN:
                outcome = {"known": True}
            else:
                outcome = {"enters": True, "ends": sorted(chain for _, chain in admission.ends)}
        found.append({"what": what, "wire": statement.wire.hex(), **outcome})
    return found


def built() -> dict[str, Any]:
    """Build all vectors of this file."""
    invite = Invite("https://node.example:8480/sunny-street", public_key(seed(0)), COOP, bytes(16))
    request = JoinRequest(
        COOP, bytes(16), public_key(seed(1)), "software", "Number 1", bytes(range(16)), NOON
    )
    receipts = sign_receipts(
        f"node.example/log/{COOP}", NOON, [digest(n) for n in range(3)], seed(0)
    )
    return {
        "seed": seed(1).hex(),
        "public_key": public_key(seed(1)).hex(),
        "coop": COOP,
        "member": Home().member,
        "statements": [described(sign_statement(header(body), body, seed(1))) for body in EXAMPLES],
        "altered": altered(),
        "heard": heard(),
        "receipts": {
            "node_key": public_key(seed(0)).hex(),
            "receipts": [receipt.written().decode() for receipt in receipts],
        },
        "invite": {
            "address": invite.address,
            "node_key": invite.node_key.hex(),
            "coop": invite.coop,
            "code": invite.code.hex(),
            "text": str(invite),
        },
        "join_request": {"wire": request.signed(seed(1)).hex(), "member": request.member},
    }


def test_the_committed_vectors_are_what_this_code_says() -> None:
    """No byte of the protocol changes unnoticed."""
    assert committed("statements") == as_json(built())


def test_the_vectors_hold() -> None:
    """Each is read as it was meant, from the committed bytes alone."""
    vectors = committed("statements")
    assert {vector["kind"] for vector in vectors["statements"]} == set(KINDS)
    for vector, body in zip(vectors["statements"], EXAMPLES, strict=True):
        wire = bytes.fromhex(vector["wire"])
        assert read_statement(wire).body == body
        digest_of_wire = sha256(b"depin statement hash v1\x00" + wire).digest()
        assert to_text(digest_of_wire) == vector["hash"]
    codes = {vector["refused"] or vector["effect"] for vector in vectors["altered"]}
    codes |= {vector.get("refused") for vector in vectors["heard"]}
    assert codes >= {
        ProblemCode.MALFORMED,
        ProblemCode.BODY_INVALID,
        ProblemCode.UNKNOWN_KIND,
        ProblemCode.WRONG_STREAM,
        ProblemCode.GAP,
        ProblemCode.FORK,
        ProblemCode.CHAIN_ENDED,
        ProblemCode.BAD_SIGNATURE,
    }
    for text in vectors["receipts"]["receipts"]:
        Receipt.read(text.encode()).verify(bytes.fromhex(vectors["receipts"]["node_key"]))
    invite = parse_invite(vectors["invite"]["text"])
    assert invite.code.hex() == vectors["invite"]["code"]
    request = JoinRequest.read(bytes.fromhex(vectors["join_request"]["wire"]))
    assert request.member == vectors["join_request"]["member"]


if __name__ == "__main__":
    write("statements", built())
