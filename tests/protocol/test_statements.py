"""Every kind of statement: written, signed, read back, and refused when altered."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.encoding import MAX_DEPTH, encode_json, to_text
from depin_protocol.keys import public_key, sign
from depin_protocol.problems import (
    ADVICE,
    STATUS,
    MalformedError,
    ProblemCode,
    RefusedError,
    TooLargeError,
)
from depin_protocol.statements.bodies import Body
from depin_protocol.statements.envelope import (
    FIRST_PREV,
    MAX_STATEMENT,
    Header,
    Statement,
    read_statement,
    sign_statement,
    signature_holds,
)
from depin_protocol.statements.kinds import KINDS
from depin_protocol.statements.measuring import Device, Observations, Readings
from depin_protocol.statements.membership import ChainOpening, Leave
from depin_protocol.statements.money import Payout
from depin_protocol.statements.timing import MAX_LEAD, Deadlines, lack_of_effect
from depin_protocol.statements.trading import Curve, FlexibleOrder, Order
from depin_protocol.statements.week import minute_of_week
from tests.protocol.spoken import BODIES, COOP, NOON, QUARTER, Home, digest, ident, seed

HEADER = Header(COOP, Home().member, "trading", ident(5), 2, digest(5), NOON, ident(6))


def header_for(kind: str) -> Header:
    """Make a header in which a kind may stand."""
    stream = KINDS[kind].STREAMS[0]
    if kind == ChainOpening.KIND:
        return HEADER._replace(stream=stream, seq=1, prev=FIRST_PREV)
    return HEADER._replace(stream=stream)


def wire(kind: str = "payout", body: object = None, **changes: object) -> bytes:
    """Write a statement with any content, signed by the home."""
    envelope: dict[str, object] = {
        "v": 1,
        **HEADER._asdict(),
        "kind": kind,
        "body": {"amount": 1} if body is None else body,
    }
    names = ("v", "coop", "member", "stream", "chain", "seq", "prev", "kind", "issued_at", "salt")
    text = encode_json({name: changes.get(name, envelope[name]) for name in (*names, "body")})
    return signed(text)


def signed(text: bytes) -> bytes:
    """Sign any bytes as a statement."""
    return sign(seed(1), b"depin statement v1\x00" + text) + text


def lacking(kind: str, body: object, **changes: object) -> tuple[ProblemCode, str]:
    """Read a statement that must have no effect, and say why it has none."""
    statement = read_statement(wire(kind, body, **changes))
    assert statement.body is None
    assert statement.lacks is not None
    return statement.lacks.code, statement.lacks.detail


def test_every_kind_has_a_strategy_here() -> None:
    """A kind that is added must be tested."""
    assert set(BODIES) == set(KINDS)
    assert len(KINDS) == 19


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(data=st.data())
def test_a_statement_reads_back_as_it_was_said(kind: str, data: st.DataObject) -> None:
    """Signing and reading are each other's inverse, for each kind."""
    body = data.draw(BODIES[kind])
    said = sign_statement(header_for(kind), body, seed(1))
    read = read_statement(said.wire)
    assert read == said
    assert read.body == body
    assert read.lacks is None
    assert read.kind == kind
    assert signature_holds(read.wire, public_key(seed(1)))
    assert not signature_holds(read.wire, public_key(seed(2)))
    assert json.loads(said.wire[64:])["body"] == json.loads(json.dumps(body.to_json()))


def test_no_single_bit_can_change() -> None:
    """A flipped bit makes the bytes no statement, or no statement that the key signed."""
    said = sign_statement(HEADER, Payout(1_000_000), seed(1))
    key = public_key(seed(1))
    for bit in range(8 * len(said.wire)):
        changed = bytearray(said.wire)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            statement = read_statement(bytes(changed))
        except MalformedError:
            continue
        assert not signature_holds(statement.wire, key)
        assert statement.hash != said.hash


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_reason(data: bytes) -> None:
    """Bytes from anywhere are refused, never more than that."""
    with pytest.raises(MalformedError, match=r"."):
        read_statement(data)


@given(st.data())
def test_damaged_statements_are_refused_or_unsigned(data: st.DataObject) -> None:
    """Cutting, doubling and replacing pieces of a statement never yields one that is signed."""
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    said = sign_statement(header_for(kind), data.draw(BODIES[kind]), seed(1)).wire
    begin, end = sorted(data.draw(st.tuples(*[st.integers(0, len(said))] * 2)))
    damaged = (
        said[:begin] + data.draw(st.binary(max_size=9) | st.just(said[begin:end] * 2)) + said[end:]
    )
    if damaged == said:
        return
    try:
        statement = read_statement(damaged)
    except RefusedError:
        return
    assert not signature_holds(statement.wire, public_key(seed(1)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("v", 2),
        ("v", 1.0),
        ("coop", "x"),
        ("coop", ident(0)[:-1] + "B"),
        ("member", 7),
        ("stream", "gossip"),
        ("chain", None),
        ("seq", 0),
        ("seq", -1),
        ("seq", 10**15),
        ("seq", "2"),
        ("prev", to_text(bytes(31))),
        ("kind", "Order"),
        ("issued_at", 0),
        ("issued_at", 1.5),
        ("salt", ident(1) + "A"),
        ("body", []),
        ("body", "x"),
    ],
)
def test_the_envelope_has_one_form(name: str, value: object) -> None:
    """Each field of another form is refused by name."""
    with pytest.raises(MalformedError, match=f"'{name}'"):
        read_statement(wire(**{name: value}))  # type: ignore[arg-type]


def test_the_envelope_has_no_other_writing() -> None:
    """Blanks, another order of keys, escapes and anything added are refused."""
    text = wire()[64:]
    for other in (
        text.replace(b":", b": "),
        b" " + text,
        text + b"\n",
        text.replace(b'{"v":1,', b"{").replace(b',"body"', b',"v":1,"body"'),
        text.replace(b'"payout"', b'"p\\u0061yout"'),
        text.replace(b',"body":{', b',"body":{"a":1},"body":{'),
        text.replace(b'"seq":2', b'"seq":02'),
        text[:-1] + b',"x":1}',
        text.replace(b'"v":1', b'"v":1,"v":1'),
        b"\xef\xbb\xbf" + text,
        text + b"\xff",
    ):
        with pytest.raises(MalformedError):
            read_statement(signed(other))


def test_a_statement_may_be_so_large_and_no_larger() -> None:
    """The limit counts the signature too."""
    empty = len(wire("appeal", {"verdict": digest(1), "reason": ""}))
    fits = wire("gossip", {"verdict": digest(1), "reason": "x" * (MAX_STATEMENT - empty)})
    assert len(fits) == MAX_STATEMENT
    assert read_statement(fits).lacks is not None
    with pytest.raises(TooLargeError) as caught:
        read_statement(fits + b" ")
    assert caught.value.extensions() == {"limit": MAX_STATEMENT}


def test_number_one_opens_its_chain_and_nothing_else_does() -> None:
    """Only an opening is number 1, and only number 1 follows nothing."""
    opening: dict[str, object] = {"after": []}
    read_statement(wire("chain_opening", opening, seq=1, prev=FIRST_PREV))
    for kind, body, seq, prev in (
        ("payout", {"amount": 1}, 1, FIRST_PREV),
        ("chain_opening", opening, 2, digest(1)),
        ("chain_opening", opening, 1, digest(1)),
        ("payout", {"amount": 1}, 2, FIRST_PREV),
    ):
        with pytest.raises(MalformedError):
            read_statement(wire(kind, body, seq=seq, prev=prev))


@pytest.mark.parametrize(
    "text",
    [
        b'{"amount":1.0}',
        b'{"amount":1e3}',
        b'{"amount":NaN}',
        b'{"amount":1,"amount":2}',
        b'{"amount":9223372036854775808}',
        b'{"amount":"\\ud800"}',
        b'{"\\udfff":1}',
        b'{"amount":[' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"]}",
        b'{"amount":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"amount":' + b"9" * 5000 + b"}",
        b"{amount:1}",
        b'{"amount":1},"x":{}',
    ],
)
@pytest.mark.parametrize("kind", [b"payout", b"gossip"])
def test_json_that_readers_take_differently_is_malformed(kind: bytes, text: bytes) -> None:
    """What JSON libraries disagree on can't stand in a chain, whatever the kind."""
    other = wire()[64:].replace(b'"payout"', b'"%b"' % kind).replace(b'{"amount":1}', text)
    with pytest.raises(MalformedError, match="body"):
        read_statement(signed(other))


def test_deepest_nesting_and_largest_integer_are_read() -> None:
    """The stated limits themselves are allowed."""
    body = {"deep": 2**63 - 1}
    for _ in range(MAX_DEPTH - 1):
        body = {"deep": body}  # type: ignore[dict-item]
    assert lacking("gossip", body)[0] is ProblemCode.UNKNOWN_KIND
    action = {"action": "tell", "parameters": body["deep"], "reason": ""}
    assert read_statement(wire("operator_action", action)).lacks is None
    for kind, deeper in (
        ("gossip", {"deep": body}),
        ("operator_action", action | {"parameters": body}),
    ):
        with pytest.raises(MalformedError, match="deep"):
            read_statement(wire(kind, deeper))


def test_thousands_of_keys_are_looked_at_once() -> None:
    """The last of many keys stands twice: found in one pass, and told in few words."""
    many = b",".join(b'"%d":1' % n for n in range(6000)) + b',"%b":1,"%b":1' % ((b"x" * 900,) * 2)
    with pytest.raises(MalformedError, match="stands twice") as caught:
        read_statement(signed(wire("gossip", {})[64:].replace(b"{}", b"{%b}" % many)))
    assert len(str(caught.value)) < 200


def test_a_kind_from_the_future_stands_without_effect() -> None:
    """A node that doesn't know a kind keeps it."""
    assert lacking("gossip", {"a": [True, None, "ü"]}) == (
        ProblemCode.UNKNOWN_KIND,
        "the kind gossip is unknown",
    )


def test_what_was_measured_belongs_in_metering_and_all_else_in_trading() -> None:
    """A statement in the wrong stream stands without effect."""
    assert lacking("observations", OBSERVATION)[0] is ProblemCode.WRONG_STREAM
    assert lacking("payout", {"amount": 1}, stream="metering")[0] is ProblemCode.WRONG_STREAM
    assert lacking("readings", {})[0] is ProblemCode.WRONG_STREAM


ORDER = {"market": "main", "starts": [NOON, NOON + QUARTER], "bids": [[5, 10], None]}
DEVICE = {"device": ident(1), "role": "grid", "resolution": {}}
READING = {"device": ident(1), "at": [1, 2], "registers": {"import": [1, None]}}
OBSERVATION = {
    "device": ident(1),
    "quantity": "voltage",
    "unit": "V",
    "scale": -1,
    "at": [1, 2],
    "values": [2301, 2299],
}
CONSTANT = {"type": "constant", "price": 1}


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("payout", {}, "body.amount is missing"),
        ("payout", {"amount": 0}, "body.amount is not an integer from 1"),
        ("payout", {"amount": True}, "body.amount"),
        ("payout", {"amount": 2**62}, "body.amount"),
        ("payout", {"amount": 1, "to": "me"}, "body.'to' is unknown"),
        ("leave", {"now": 1}, "body.'now'"),
        ("veto", {"decision": ident(1)}, "body.decision"),
        ("confirmation", {"decision": ident(1)}, "body.decision"),
        ("vote", {"proposal": digest(1), "choice": "maybe"}, "body.choice is none of abstain"),
        ("vote", {"proposal": digest(1), "choice": ["yes"]}, "body.choice"),
        ("appeal", {"verdict": digest(1), "reason": "x" * 2001}, "body.reason"),
        ("payout_address", {"address": "0x" + "A" * 40}, "body.address"),
        ("operator_action", {"action": "x", "parameters": [], "reason": ""}, "body.parameters"),
        ("cancellation", {"market": "m", "slots": [], "flexible": [digest(1)] * 65}, "flexible"),
        ("preference", {"market": "m", "members": [ident(n) for n in range(17)]}, "body.members"),
        (
            "standing_order",
            {"market": "m", "side": "bid", "steps": [], "windows": [[n, n + 1] for n in range(65)]},
            "body.windows",
        ),
        (
            "tariff",
            {
                "market": "m",
                "retail": CONSTANT,
                "feed_in": {"type": "dynamic", "values": [[n + 1, 0] for n in range(401)]},
            },
            "body.feed_in.values",
        ),
        ("device", DEVICE | {"fuse": {"milliamperes": 10**8 + 1, "phases": 1}}, "milliamperes"),
        ("device", DEVICE | {"resolution": {"import": 10**6 + 1}}, "body.resolution.import"),
        ("order", {"market": "m", "starts": []}, "body.starts"),
        ("order", ORDER | {"market": "Main Street"}, "body.market"),
        ("order", ORDER, "neither bids nor asks"),
        ("order", ORDER | {"asks": [[5, 10]]}, "body.asks is not an array of 2"),
        ("order", ORDER | {"starts": [NOON, NOON]}, "body.starts[1] must come after"),
        ("order", ORDER | {"asks": [None, [5]]}, "body.asks[1] is not an array of price, Wh"),
        (
            "order",
            ORDER | {"asks": [None, [6, 1, 5, 1]]},
            "body.asks[1] has prices that do not rise",
        ),
        ("order", ORDER | {"bids": [[5, 1, 5, 1], []]}, "body.bids[0] has prices that do not fall"),
        ("order", ORDER | {"asks": [None, [5, 0]]}, "body.asks[1][1]"),
        ("order", ORDER | {"asks": [None, [2**40 + 1, 1]]}, "body.asks[1][0]"),
        ("order", ORDER | {"asks": [None, [1, 2**31, 2, 1]]}, "body.asks[1] has more than"),
        ("order", ORDER | {"asks": [None, [n // 2 + 1 for n in range(34)]]}, "up to 16 steps"),
        ("order", {"market": "m", "starts": list(range(1, 98))}, "body.starts"),
        ("cancellation", {"market": "m", "slots": [], "flexible": []}, "takes nothing back"),
        (
            "standing_order",
            {"market": "m", "side": "bid", "steps": [], "windows": [[0, 60], [59, 90]]},
            "body.windows[1] begins before",
        ),
        (
            "standing_order",
            {"market": "m", "side": "bid", "steps": [], "windows": [[60, 60]]},
            "body.windows[0][1]",
        ),
        (
            "flexible_order",
            {"market": "m", "energy": 1, "power": 1, "price": 1, "begin": 9, "end": 9},
            "body.end must be later",
        ),
        ("preference", {"market": "m", "members": [ident(1), ident(1)]}, "names a member twice"),
        (
            "tariff",
            {"market": "m", "retail": CONSTANT, "feed_in": {"type": "free"}},
            "feed_in.type",
        ),
        (
            "tariff",
            {"market": "m", "retail": CONSTANT, "feed_in": {"type": "dynamic", "values": []}},
            "body.feed_in.values",
        ),
        ("device", DEVICE | {"role": "toaster"}, "body.role"),
        ("device", DEVICE | {"plane": {"tilt": 91, "azimuth": 0}}, "body.plane.tilt"),
        ("device", DEVICE | {"resolution": {"gas": 1}}, "body.resolution.'gas'"),
        ("device", DEVICE | {"retired": False}, "body.retired is true or left out"),
        ("device", DEVICE | {"role": "sub", "import_only": True}, "body.import_only is for a grid"),
        (
            "device",
            DEVICE | {"resolution": {"export": 1}, "import_only": True},
            "body.import_only is for a grid",
        ),
    ],
)
def test_a_body_that_its_kind_refuses_stands_without_effect(
    kind: str, body: object, field: str
) -> None:
    """The field that is wrong is named."""
    code, detail = lacking(kind, body)
    assert code is ProblemCode.BODY_INVALID
    assert field in detail


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"at": [2, 1]}, "body.at"),
        ({"at": [1, 1]}, "body.at"),
        ({"at": []}, "body.at"),
        ({"at": list(range(1, 514))}, "body.at"),
        ({"at": [1, None]}, "body.at[1] is missing"),
        ({"at": [1, 2, 3]}, "body.registers.import"),
        ({"registers": {"import": [1, -1]}}, "body.registers.import[1]"),
        ({"registers": {"import": [1, True]}}, "body.registers.import[1]"),
        ({"registers": {"gas": [1, 1]}}, "body.registers.'gas'"),
        ({"registers": {}}, "neither registers nor power"),
        ({"power": [1, 2**31 + 1]}, "body.power[1]"),
        ({"flags": [0, 16]}, "body.flags[1]"),
        ({"flags": [0, None]}, "body.flags[1]"),
        ({"fine": {"root": digest(1), "count": 0}}, "body.fine.count"),
    ],
)
def test_readings_that_do_not_fit_stand_without_effect(
    change: dict[str, object], field: str
) -> None:
    """Columns are of one length, in order, and within their bounds."""
    code, detail = lacking("readings", READING | change, stream="metering")
    assert code is ProblemCode.BODY_INVALID
    assert field in detail


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": "gossip"}, "body.quantity is none of air_pressure"),
        ({"unit": "Cel"}, "body.unit is none of V"),
        ({"scale": 10}, "body.scale"),
        ({"scale": -10}, "body.scale"),
        ({"at": [2, 1]}, "body.at"),
        ({"at": [1, 2, 3]}, "body.values"),
        ({"values": [1, None]}, "body.values[1] is missing"),
        ({"values": [1, 2**31 + 1]}, "body.values[1]"),
        ({"flags": [0, 1]}, "body.flags says that a counter began anew"),
        ({"flags": [0, 16]}, "body.flags[1]"),
        ({"power": [1, 1]}, "body.'power' is unknown"),
    ],
)
def test_observations_that_do_not_fit_stand_without_effect(
    change: dict[str, object], field: str
) -> None:
    """What was observed is of a known quantity in its own unit, without gaps."""
    assert read_statement(wire("observations", OBSERVATION, stream="metering")).lacks is None
    code, detail = lacking("observations", OBSERVATION | change, stream="metering")
    assert code is ProblemCode.BODY_INVALID
    assert field in detail


def test_what_would_have_no_effect_is_not_signed() -> None:
    """A home's own mistakes stop at its own door."""
    with pytest.raises(MalformedError, match="amount"):
        sign_statement(HEADER, Payout(0), seed(1))
    with pytest.raises(MalformedError, match="stream"):
        sign_statement(HEADER._replace(stream="metering"), Leave(), seed(1))
    with pytest.raises(MalformedError, match="resolution"):
        sign_statement(HEADER, Device(ident(1), "grid", {"import": 0}), seed(1))


def said(body: Body, at: int) -> Statement:
    """Say something at some time."""
    return sign_statement(header_for(body.KIND)._replace(issued_at=at), body, seed(1))


DEADLINES = Deadlines(gate=5 * 60_000, correction=86_400_000)


def test_a_clock_may_be_ahead_so_far() -> None:
    """Two minutes are forgiven, to the millisecond; samples from the future are no better."""
    assert lack_of_effect(said(Leave(), NOON), NOON - MAX_LEAD, DEADLINES) is None
    ahead = lack_of_effect(said(Leave(), NOON), NOON - MAX_LEAD - 1, DEADLINES)
    assert ahead is not None
    assert ahead.code is ProblemCode.CLOCK_WRONG
    for body in (
        Readings(ident(1), (NOON,), {"import": (1,)}),
        Observations(ident(1), "ozone", 0, (NOON,), (61,)),
    ):
        ahead = lack_of_effect(said(body, 1), NOON - MAX_LEAD - 1, DEADLINES)
        assert ahead is not None
        assert ahead.code is ProblemCode.CLOCK_WRONG


@pytest.mark.parametrize(
    ("body", "closed"),
    [
        (
            Order("m", (Curve(NOON, "bid", ()), Curve(NOON + QUARTER, "ask", ()))),
            NOON + QUARTER - DEADLINES.gate,
        ),
        (FlexibleOrder("m", 1, 1, 1, NOON, NOON + QUARTER), NOON + QUARTER - DEADLINES.gate),
        (
            Readings(ident(1), (NOON, NOON + 1), {"import": (1, 2)}),
            NOON + 1 + DEADLINES.correction,
        ),
        (
            Observations(ident(1), "ozone", 0, (NOON, NOON + 1), (61, 62)),
            NOON + 1 + DEADLINES.correction,
        ),
    ],
)
def test_what_can_do_nothing_any_more_is_late(body: Body, closed: int) -> None:
    """The last interval counts: an order for 96 of them isn't lost with the first."""
    statement = said(body, NOON - 86_400_000)
    assert lack_of_effect(statement, closed - 1, DEADLINES) is None
    late = lack_of_effect(statement, closed, DEADLINES)
    assert late is not None
    assert late.code is ProblemCode.LATE


def test_what_chains_rest_on_has_its_effect_whatever_the_clock() -> None:
    """The statements after an opening or a key change were already heard under it."""
    home = Home()
    for statement in (home.open("trading"), home.change_key(2, None)):
        assert lack_of_effect(statement, 1, DEADLINES) is None


def test_what_lacks_effect_by_its_form_says_so_first() -> None:
    """Form comes before time."""
    statement = read_statement(wire("gossip", {}, issued_at=10**14))
    assert lack_of_effect(statement, NOON, DEADLINES) == statement.lacks


def test_every_problem_says_what_to_do() -> None:
    """No code is without advice, and each that refuses has its status."""
    assert set(ADVICE) == set(ProblemCode)
    refusals = RefusedError.__subclasses__()
    assert set(STATUS) == {refusal.code for refusal in refusals}
    assert len(refusals) == len(STATUS)
    assert all(advice.action.endswith(".") for advice in ADVICE.values())


def test_the_week_begins_on_monday() -> None:
    """Minute 0 is Monday 00:00 UTC: 1970-01-05, for one."""
    monday = 4 * 86_400_000
    assert minute_of_week(monday) == 0
    assert minute_of_week(monday - 1) == 7 * 24 * 60 - 1
    assert minute_of_week(monday + 90_000) == 1
