"""The quick reader of readings never differs from the protocol's own."""

import json
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_AMOUNT
from depin_protocol.encoding import encode_json
from depin_protocol.problems import MalformedError
from depin_protocol.statements.bodies import Body
from depin_protocol.statements.envelope import Envelope, open_envelope, read_envelope
from depin_protocol.statements.measuring import MAX_SAMPLES, Fine, Readings
from settlement_node.intake.plain_readings import read_plain
from tests.protocol.spoken import NOON, Home, digest, ident, readings

USUAL: Final = Readings(
    ident(9),
    (NOON - 600_000, NOON - 300_000),
    {"import": (100, None), "export": (0, MAX_AMOUNT - 1)},
    (-250, 250),
    (0, 15),
    Fine(digest(1), 300),
)


def said(text: str, kind: str = "readings") -> Envelope:
    """Put a body's text into the envelope of a statement."""
    home = Home()
    home.open("metering")
    envelope = read_envelope(home.say("metering", USUAL).wire)
    return envelope._replace(body=text, kind=kind)


def judged(envelope: Envelope) -> Body | None:
    """Return what the protocol's own reader makes of it."""
    try:
        return open_envelope(envelope).body
    except MalformedError:
        return None


def text_of(body: Readings) -> str:
    """Write a body as homes do."""
    return encode_json(body.to_json()).decode()


@given(readings())
def test_what_homes_write_is_read_at_once(body: Readings) -> None:
    """Each register, gap, flag and fine root, in any number."""
    read = read_plain(said(text_of(body)))
    assert read == body
    assert order_of(read) == order_of(body)


def order_of(body: Body | None) -> list[str]:
    """Name the registers as they stand, which equal readings may have otherwise."""
    return [*body.registers] if isinstance(body, Readings) else []


@given(st.data())
def test_what_is_bent_is_read_alike_or_left(data: st.DataObject) -> None:
    """Any part of a body replaced by what JSON has, or might have."""
    text = text_of(data.draw(readings()))
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 12)))
    put = data.draw(st.sampled_from(FRAGMENTS) | st.text(max_size=3) | st.integers().map(str))
    envelope = said(text[:begin] + put + text[end:])
    read = read_plain(envelope)
    judgement = judged(envelope)
    assert read is None or read == judgement
    assert read is None or order_of(read) == order_of(judgement)


@given(st.data())
def test_registers_in_another_order_are_read_alike_or_left(data: st.DataObject) -> None:
    """Whoever follows what was read in the order of its columns, gets one order from both."""
    body = data.draw(readings()).to_json()
    registers = body["registers"]
    assert isinstance(registers, dict)
    body["registers"] = other = dict(data.draw(st.permutations([*registers.items()])))
    envelope = said(encode_json(body).decode())
    judgement = judged(envelope)
    read = read_plain(envelope)
    assert judgement is not None
    assert read is None or order_of(read) == order_of(judgement)
    assert (read is None) is (order_of(judgement) != [*other])


FRAGMENTS: Final = (
    *("null", "true", "1.0", "-0", "1e3", "01", "NaN", "[]", "{}", '""', ",", "]", "}", " "),
    *('"import":[1],', '"power":null,', '"at":[1],', "\\u0069", "\U0001f600", "\n", "9" * 30),
)

COLUMNS: Final = '"export":[0,4611686018427387903]'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (COLUMNS, f'"export":[1,2],{COLUMNS}'),
        (COLUMNS, '"\\u0065xport":[0,1]'),
        (COLUMNS, '"export":[0,1],"gas":[1,2]'),
        (COLUMNS, '"export":[0]'),
        (COLUMNS, '"export":null'),
        (COLUMNS, '"export":[0,4611686018427387904]'),
        (COLUMNS, '"export":[0,-1]'),
        (COLUMNS, '"export":[0,1.0]'),
        (COLUMNS, '"export":[0,true]'),
        (COLUMNS, '"export":[-0,1]'),
        (COLUMNS, '"export":[0, 1]'),
        ('"flags":[0,15]', '"flags":[0,null]'),
        ('"flags":[0,15]', '"flags":[0,16]'),
        ('"flags":[0,15]', '"flags":null'),
        ('"flags":[0,15]', '"flags":[0]'),
        ('"power":[-250,250]', '"power":[250]'),
        ('"power":[-250,250]', '"power":[0,2147483649]'),
        ('"count":300', '"count":0'),
        ('"count":300', '"count":300,"more":1'),
        (f"[{NOON - 600_000},", f"[{NOON},"),
        (f"[{NOON - 600_000},", f"[{NOON - 300_000},"),
        (f"[{NOON - 600_000},", "[0,"),
        (ident(9), ident(9)[:-1]),
        (ident(9), ident(9) + "\\n"),
    ],
)
def test_what_is_not_plain_is_left_to_the_protocol(old: str, new: str) -> None:
    """Two keys of a name, other numbers, values out of bounds, columns of other lengths."""
    text = text_of(USUAL)
    assert old in text
    assert read_plain(said(text)) == USUAL
    assert read_plain(said(text.replace(old, new))) is None


def test_what_has_no_columns_or_too_many_instants_is_left() -> None:
    """What is no reading of anything, and what is longer than a statement's readings are."""
    body = USUAL.to_json()
    body |= {"registers": {}}
    del body["power"]
    assert read_plain(said(json.dumps(body, separators=(",", ":")))) is None
    at = tuple(range(1, MAX_SAMPLES + 2))
    for count, expected in ((MAX_SAMPLES, True), (MAX_SAMPLES + 1, False)):
        long = Readings(ident(9), at[:count], {"import": at[:count]})
        assert (read_plain(said(text_of(long))) is not None) is expected


def test_other_kinds_and_streams_are_left() -> None:
    """Readings' words in another kind of statement are none, nor are they in the other stream."""
    envelope = said(text_of(USUAL))
    assert read_plain(envelope) == USUAL
    assert read_plain(said(text_of(USUAL), "order")) is None
    trading = envelope._replace(header=envelope.header._replace(stream="trading"))
    assert read_plain(trading) is None
