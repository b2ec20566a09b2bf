"""Our own vectors for statements, receipts, invites and requests, for other implementations."""

import re
from hashlib import sha256
from typing import Any

from depin_protocol.encoding import to_text
from depin_protocol.invite import Invite, parse_invite
from depin_protocol.joining import JoinRequest
from depin_protocol.keys import fingerprint, public_key, sign
from depin_protocol.problems import ProblemCode, RefusedError
from depin_protocol.receipts import Receipt, sign_receipts
from depin_protocol.statements.bodies import Body
from depin_protocol.statements.chains import KNOWN
from depin_protocol.statements.envelope import (
    FIRST_PREV,
    MAX_STATEMENT,
    Header,
    Statement,
    read_statement,
    sign_statement,
)
from depin_protocol.statements.heads import Head
from depin_protocol.statements.kinds import KINDS
from depin_protocol.statements.measuring import Device, Fine, Fuse, Observations, Plane, Readings
from depin_protocol.statements.membership import (
    Appeal,
    ChainOpening,
    Confirmation,
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
from depin_protocol.statements.record import CoopRecord, check_statement
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
    Observations(
        ident(17),
        "temperature",
        -2,
        (NOON, NOON + 300_000, NOON + 600_000),
        (-312, 0, 45),
        (0, 2, 4),
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
    Device(ident(7), "grid", {"import": 10}, import_only=True),
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
    Confirmation(digest(12)),
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


def resigned(text: bytes) -> bytes:
    """Sign any bytes as a statement."""
    return sign(seed(1), b"depin statement v1\x00" + text) + text


def altered() -> list[dict[str, Any]]:
    """Describe what one co-op says to changed statements, each signed anew, at the same place."""
    home = Home()
    coop = CoopRecord(COOP)
    coop.join(home.member, public_key(seed(1)))
    opening = home.open("trading")
    coop.hear(opening.wire)
    text = home.say("trading", Payout(1)).wire[64:]
    home.heads["trading"] = opening.head
    change = home.change_key(2, None).wire[64:]
    changes = {
        "as it was": text,
        "another version": text.replace(b'"v":1', b'"v":2'),
        "a blank": text.replace(b'"v":1,', b'"v":1, '),
        "a key twice": text.replace(b'"amount":1', b'"amount":1,"amount":1'),
        "a float": text.replace(b'"amount":1', b'"amount":1.0'),
        "an exponent": text.replace(b'"amount":1', b'"amount":1e0'),
        "an integer of 64 bits": text.replace(b'"amount":1', b'"amount":9223372036854775808'),
        "half a surrogate pair": text.replace(b'"amount":1', b'"amount":"\\ud800"'),
        "a body nested 17 deep": text.replace(b"1}}", b"[" * 16 + b"]" * 16 + b"}}"),
        "a body nested 16 deep": text.replace(b"1}}", b"[" * 15 + b"]" * 15 + b"}}"),
        "number 1 that opens nothing": text.replace(b'"seq":2', b'"seq":1'),
        "a leading zero": text.replace(b'"seq":2', b'"seq":02'),
        "unused bits of a name": text.replace(COOP.encode(), COOP[:-1].encode() + b"B"),
        "a kind of the future": text.replace(b'"payout"', b'"gossip"'),
        "a field too many": text.replace(b'"amount":1', b'"amount":1,"to":"me"'),
        "a field too small": text.replace(b'"amount":1', b'"amount":0'),
        "no UTF-8": text.replace(b'"amount"', b'"\xff"'),
        "another co-op": text.replace(COOP.encode(), ident(1).encode()),
        "a stranger": text.replace(home.member.encode(), ident(2).encode()),
        "another prev": re.sub(rb'"prev":"[^"]*"', b'"prev":"%b"' % digest(1).encode(), text),
        "a new key unproven": re.sub(rb'(?<="possession":").{4}', b"AAAA", change),
        "too large": text.replace(b'"amount":1', b'"amount":1' + b" " * 65_535),
    }
    found = []
    for what, other in changes.items():
        wire = resigned(other)
        try:
            statement, _ = check_statement(wire, COOP, coop.find)
        except RefusedError as error:
            outcome: dict[str, Any] = {"refused": str(error.code)}
        else:
            effect = statement.lacks and str(statement.lacks.code)
            outcome = {"enters": True, "effect": effect}
        shown = {"length": len(wire)} if len(wire) > MAX_STATEMENT else {"wire": wire.hex()}
        found.append({"what": what, **shown, **outcome})
    return found


def heard() -> list[dict[str, Any]]:
    """Describe what one co-op hears, statement by statement, and what comes of each."""
    home, clone = Home(), Home()
    clone._opened = 50  # noqa: SLF001 - another chain of the same key
    coop = CoopRecord(COOP)
    coop.join(home.member, public_key(seed(1)))
    opening, metering = home.open("trading"), home.open("metering")
    first, second, third = (home.say("metering", reading(at)) for at in (1, 2, 3))
    clone.heads["metering"] = metering.head
    forged = clone.say("metering", reading(7))
    cloned = clone.open("trading")
    payout, vote = home.say("trading", Payout(1)), home.say("trading", Vote(digest(1), "yes"))
    astray = home.say("trading", Payout(3)).wire[64:].replace(b'"trading"', b'"metering"')
    home.heads["trading"] = vote.head
    home.heads["metering"] = second.head
    change = home.change_key(2, second.head)
    clone.heads["trading"] = change.head
    told = [
        ("a gap", payout.wire),
        ("the first", opening.wire),
        ("a chain beside it", cloned.wire),
        ("a gap in the chain", vote.wire),
        ("the next", payout.wire),
        ("the same bytes again", payout.wire),
        ("the next", vote.wire),
        ("a chain of the other stream that is unknown", resigned(astray)),
        ("a key change that names a chain not yet opened", change.wire),
        ("the other stream", metering.wire),
        ("a key change, which ends the chain beside it", change.wire),
        ("the old key after the change", clone.say("trading", Payout(7)).wire),
        ("the old key before the named head", first.wire),
        ("the old key, other bytes at a used number", forged.wire),
        ("the old key at the named head", second.wire),
        ("the old key after the named head", third.wire),
        ("the same bytes again, under a key that counts no more", first.wire),
        ("the new key after it", home.say("metering", reading(4)).wire),
        ("the new key", home.say("trading", Payout(2)).wire),
        ("a key of the past, which changes nothing", (back := home.change_key(1, None)).wire),
    ]
    home.seed = seed(2)
    told += [
        ("a chain after the head of the last", home.open("trading", back.head).wire),
        ("another past", home.open("trading", Head(opening.header.chain, 2, digest(1))).wire),
    ]
    clone.seed, clone.heads["trading"] = seed(1), cloned.head
    told.append(("a chain that has ended", clone.say("trading", Payout(8)).wire))
    told += [(f"chain {n} beside it", home.open("trading").wire) for n in range(2, 10)]
    found = []
    for what, wire in told:
        try:
            admission = coop.hear(wire)[1]
        except RefusedError as error:
            outcome: dict[str, Any] = {"refused": str(error.code), **error.extensions()}
        else:
            if admission == KNOWN:
                outcome = {"known": True}
            else:
                effect = admission.lacks and str(admission.lacks.code)
                ends = sorted(chain for _, chain in admission.ends)
                outcome = {"enters": True, "ends": ends, "effect": effect}
        found.append({"what": what, "wire": wire.hex(), **outcome})
    return found


def reading(at: int) -> Readings:
    """Make a reading."""
    return Readings(ident(7), (NOON + at,), {"import": (at,)})


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
        "fingerprint": fingerprint(public_key(seed(1))),
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
    outcomes = [*vectors["altered"], *vectors["heard"]]
    codes = {vector.get("refused") or vector.get("effect") for vector in outcomes}
    elsewhere = {
        ProblemCode.LATE,
        ProblemCode.CLOCK_WRONG,
        ProblemCode.WRONG_STREAM,
        ProblemCode.EARLIER_LOG,
    }
    assert codes - {None} == set(ProblemCode) - elsewhere
    for text in vectors["receipts"]["receipts"]:
        Receipt.read(text.encode()).verify(bytes.fromhex(vectors["receipts"]["node_key"]))
    invite = parse_invite(vectors["invite"]["text"])
    assert invite.code.hex() == vectors["invite"]["code"]
    request = JoinRequest.read(bytes.fromhex(vectors["join_request"]["wire"]))
    assert request.member == vectors["join_request"]["member"]


if __name__ == "__main__":
    write("statements", built())
