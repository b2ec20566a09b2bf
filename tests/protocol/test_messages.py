"""Invites, requests to join, receipts and events: written, read back, refused when damaged."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.encoding import EncodingError, decode_json, encode_json, from_text, to_text
from depin_protocol.events import MAX_EVENT, Event, EventError, EventKind
from depin_protocol.identifiers import is_id, member_id
from depin_protocol.invite import (
    DamagedInviteError,
    Invite,
    InviteError,
    NoInviteError,
    parse_invite,
)
from depin_protocol.joining import MAX_JOIN_REQUEST, JoinError, JoinRequest
from depin_protocol.keys import public_key, sign
from depin_protocol.receipts import MAX_RECEIPT, Receipt, ReceiptError, group_holds, sign_receipts
from tests.protocol.spoken import COOP, NOON, digest, hashes, idents, json_objects, seed, times

NODE_KEY = public_key(seed(0))
INVITE = Invite("https://node.example:8480/sunny-street", NODE_KEY, COOP, bytes(range(16)))

hosts = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z0-9]{1,8}){0,3}", fullmatch=True)


@given(hosts, st.integers(1, 65535), idents, st.binary(min_size=16, max_size=16))
def test_an_invite_reads_back(host: str, port: int, coop: str, code: bytes) -> None:
    """However people paste it."""
    invite = Invite(f"http://{host}:{port}", NODE_KEY, coop, code)
    text = str(invite)
    half = len(text) // 2
    for pasted in (
        text,
        f"  {text}\n",
        f"https://{host}/join#{text}",
        f"Here you are: {text} See you there.",
        f"{text[:half]}\n    {text[half:]}",
        f"Welcome!\n{text[:half]}\n{text[half:]}\nGreetings from number 7",
        f"> {text[:half]}\n> {text[half:]}\n> bye",
        f"{text[:half]}\u200b{text[half:]}",
        f'"{text}"',
    ):
        assert parse_invite(pasted) == invite


def test_a_damaged_invite_is_never_taken_for_another() -> None:
    """A character changed, or cut off anywhere, is noticed."""
    text = str(INVITE)
    prefix = len("depin1.")
    for at in range(prefix, len(text)):
        with pytest.raises(DamagedInviteError):
            parse_invite(text[:at])
        with pytest.raises(DamagedInviteError):
            parse_invite(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])
    for at in range(prefix):
        with pytest.raises(NoInviteError):
            parse_invite(text[:at])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"address": "ftp://node.example"}, "address"),
        ({"address": "https://Node.example"}, "small letters"),
        ({"address": "https://node.example/"}, "without a slash"),
        ({"address": "https://user@node.example"}, "address"),
        ({"address": "https://node.example/?a=b"}, "address"),
        ({"address": "https://" + "a" * 200}, "address"),
        ({"address": "https://node.example:65536"}, "address"),
        ({"address": "https://node.example/../x"}, "address"),
        ({"address": "https://[....]"}, "address"),
        ({"coop": "street"}, "co-op"),
        ({"node_key": bytes(32)}, "Ed25519"),
        ({"code": b"1234"}, "16 bytes"),
    ],
)
def test_an_invite_that_could_not_be_used_is_not_made(
    change: dict[str, str | bytes], message: str
) -> None:
    """The mistake shows at the co-op, not at the new member's home."""
    with pytest.raises(InviteError, match=message):
        replace(INVITE, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    [
        "http://192.0.2.7:8480",
        "https://[2001:db8::7]:65535",
        "https://node.example/sunny.street/~7",
        "https://x/..a",
    ],
)
def test_every_address_that_can_be_used_can_be_invited_to(address: str) -> None:
    """Names, numbers of both kinds, ports and paths."""
    assert parse_invite(str(replace(INVITE, address=address))).address == address


@given(st.text(max_size=200) | st.text("depin1.AQgw-_", max_size=200).map("depin1.".__add__))
def test_any_other_text_is_no_invite(text: str) -> None:
    """Whatever is pasted gets a sentence."""
    with pytest.raises(InviteError, match=r"copy the whole"):
        parse_invite(text)


REQUEST = JoinRequest(
    COOP, bytes(16), public_key(seed(1)), "software", "Number 1", bytes(range(16)), NOON
)


@given(
    coop=idents,
    code=st.binary(min_size=16, max_size=16),
    number=st.integers(1, 20),
    name=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=80),
    salt=st.binary(min_size=16, max_size=16),
    at=times,
)
def test_a_request_to_join_reads_back(
    coop: str, code: bytes, number: int, name: str, salt: bytes, at: int
) -> None:
    """It is signed by the key that it names, which names the member."""
    request = JoinRequest(coop, code, public_key(seed(number)), "meter", name, salt, at)
    assert JoinRequest.read(request.signed(seed(number))) == request
    assert request.member == member_id(coop, public_key(seed(number)))
    assert is_id(request.member)


def test_no_bit_of_a_request_can_change() -> None:
    """Nobody else's key gets in on this invite."""
    wire = REQUEST.signed(seed(1))
    for bit in range(8 * len(wire)):
        changed = bytearray(wire)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(JoinError):
            JoinRequest.read(bytes(changed))


def request_with(**changes: object) -> bytes:
    """Sign a request of any content."""
    text = encode_json(decode_json(REQUEST.signed(seed(1))[64:]) | changes)
    return sign(seed(1), b"depin join v1\x00" + text) + text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"v": 2}, "request.v"),
        ({"coop": "x"}, "request.coop"),
        ({"code": "x"}, "request.code"),
        ({"key": to_text(bytes(32))}, "request.key"),
        ({"key": to_text(public_key(seed(2)))}, "not signed by the key"),
        ({"tier": "paper"}, "request.tier"),
        ({"name": "x" * 81}, "request.name"),
        ({"name": None}, "request.name"),
        ({"pseudonym_salt": ""}, "request.pseudonym_salt"),
        ({"issued_at": 0}, "request.issued_at"),
        ({"referrer": "me"}, "request.'referrer'"),
    ],
)
def test_a_request_names_the_field_that_is_wrong(changes: dict[str, object], message: str) -> None:
    """Each field is checked."""
    with pytest.raises(JoinError, match=message):
        JoinRequest.read(request_with(**changes))


@given(st.binary(max_size=300))
def test_any_bytes_are_no_request(data: bytes) -> None:
    """Bytes from anywhere are refused, never more than that."""
    with pytest.raises(JoinError):
        JoinRequest.read(data)


def test_a_request_is_of_bounded_size_and_of_ones_own_key() -> None:
    """What can't be read is not written."""
    with pytest.raises(JoinError, match=str(MAX_JOIN_REQUEST)):
        JoinRequest.read(bytes(MAX_JOIN_REQUEST + 1))
    with pytest.raises(JoinError, match="another key"):
        REQUEST.signed(seed(2))


ORIGIN = "node.example/log/" + COOP


@given(st.lists(hashes, min_size=1, max_size=40), times)
def test_each_statement_of_a_group_has_its_receipt(statements: list[str], due: int) -> None:
    """One signature for all; each receipt stands alone."""
    receipts = sign_receipts(ORIGIN, due, statements, seed(0))
    assert [receipt.statement for receipt in receipts] == statements
    for receipt in receipts:
        assert Receipt.read(receipt.written()) == receipt
        receipt.verify(NODE_KEY)
        with pytest.raises(ReceiptError, match="did not sign"):
            receipt.verify(public_key(seed(1)))


@given(st.lists(hashes, min_size=1, max_size=40), times)
def test_a_group_s_promise_holds_for_just_its_statements(statements: list[str], due: int) -> None:
    """None fewer, none more, none in another place; and of no other time, log and key."""
    signature = sign_receipts(ORIGIN, due, statements, seed(0))[0].signature
    assert group_holds(ORIGIN, due, statements, signature, NODE_KEY)
    more = [*statements, digest(1)]
    other = [digest(1), *statements[1:]]
    for wrong in (more, other, statements[::-1] if statements[::-1] != statements else more):
        assert not group_holds(ORIGIN, due, wrong, signature, NODE_KEY)
    assert not group_holds(ORIGIN, due + 1, statements, signature, NODE_KEY)
    assert not group_holds("other.example/log", due, statements, signature, NODE_KEY)
    assert not group_holds(ORIGIN, due, statements, signature, public_key(seed(1)))
    assert not group_holds(ORIGIN, due, statements, bytes(64), NODE_KEY)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_no_bit_of_a_receipt_can_change(size: int) -> None:
    """Neither origin, time, statement, place nor path: each is signed."""
    for receipt in sign_receipts(ORIGIN, NOON, [digest(n) for n in range(size)], seed(0)):
        written = receipt.written()
        for bit in range(8 * len(written)):
            changed = bytearray(written)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises(ReceiptError):
                Receipt.read(bytes(changed)).verify(NODE_KEY)


@given(st.binary(max_size=300))
def test_any_bytes_are_no_receipt(data: bytes) -> None:
    """Bytes from anywhere are refused, never more than that."""
    with pytest.raises(ReceiptError):
        Receipt.read(data)


@pytest.mark.parametrize(
    ("changes", "sound"),
    [
        ({"size": 2**20, "index": 2**20 - 1, "path": [digest(1)] * 20}, True),
        ({"size": 2**20 + 1}, False),
        ({"size": 2**20, "index": 2**20}, False),
        ({"path": [digest(1)] * 21}, False),
        ({"size": 0}, False),
        ({"origin": "node example"}, False),
        ({"origin": "a+b"}, False),
        ({"more": 1}, False),
    ],
)
def test_a_receipt_has_its_form(changes: dict[str, object], sound: bool) -> None:  # noqa: FBT001
    """Up to its bounds, and no further."""
    (receipt,) = sign_receipts(ORIGIN, NOON, [digest(1)], seed(0))
    written = encode_json(decode_json(receipt.written()) | changes)
    if sound:
        with pytest.raises(ReceiptError, match="did not sign"):
            Receipt.read(written).verify(NODE_KEY)
    else:
        with pytest.raises(ReceiptError, match="receipt"):
            Receipt.read(written)


def test_receipts_are_bounded() -> None:
    """No group is empty, no name has a blank, and no receipt is endless."""
    with pytest.raises(ReceiptError, match="group"):
        sign_receipts(ORIGIN, NOON, [], seed(0))
    with pytest.raises(ReceiptError, match="without blank"):
        sign_receipts("node example", NOON, [digest(1)], seed(0))
    with pytest.raises(ReceiptError, match=str(MAX_RECEIPT)):
        Receipt.read(bytes(MAX_RECEIPT + 1))


@given(
    st.integers(1, 10**15 - 1),
    st.sampled_from(EventKind) | st.just("gossip"),
    times,
    json_objects,
)
def test_an_event_reads_back(number: int, kind: str, at: int, data: dict[str, object]) -> None:
    """Those of unknown kinds are events too, and known as such."""
    event = Event(number, str(kind), at, data)
    read = Event.read(event.written())
    assert read == event
    assert read.known == (None if kind == "gossip" else kind)


def test_an_event_that_nobody_could_read_is_not_written() -> None:
    """The mistake shows at the node."""
    with pytest.raises(EventError, match="id"):
        Event(0, EventKind.GATE, NOON, {}).written()
    with pytest.raises(EventError, match="integer"):
        Event(1, EventKind.GATE, NOON, {"price": 0.5}).written()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[1]",
        b'{"id":0,"kind":"gate","at":1,"data":{}}',
        b'{"id":1,"kind":"Gate","at":1,"data":{}}',
        b'{"id":1,"kind":"gate","at":1,"data":[]}',
        b'{"id":1,"kind":"gate","at":1,"data":{"a":0.5}}',
        b'{"id":1,"kind":"gate","at":1,"data":{},"more":1}',
        b" " * (MAX_EVENT + 1),
    ],
)
def test_what_is_no_event_is_refused(text: bytes) -> None:
    """With a reason."""
    with pytest.raises(EventError):
        Event.read(text)


@given(st.binary(max_size=70))
def test_bytes_have_one_text(data: bytes) -> None:
    """Every other writing of the same bytes is refused."""
    text = to_text(data)
    assert from_text(text, len(data)) == data
    for other in (text + "=", text + "A", text + "\n", " " + text, text.replace("A", "+") + "/"):
        with pytest.raises(EncodingError):
            from_text(other, len(data))


def test_unused_bits_of_a_text_are_zero() -> None:
    """Sixteen bytes leave four bits over."""
    text = to_text(bytes(16))
    with pytest.raises(EncodingError):
        from_text(text[:-1] + "B", 16)
    assert not is_id(text[:-1] + "B")
