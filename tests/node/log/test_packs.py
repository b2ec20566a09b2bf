"""Bundles and packs give back every byte, take little room, and say when they are damaged."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.log.entries import StatementEntry
from depin_protocol.statements.measuring import Readings
from depin_protocol.statements.trading import Preference
from settlement_node.log.bundles import pack_entries, unpack_entries
from settlement_node.log.entries import Decision
from settlement_node.log.packs import pack_bodies, unpack_bodies
from settlement_node.log.sealed import DamagedLogError, seal
from tests.protocol.spoken import NOON, Home, ident

QUARTER = 900_000


def quarters(homes: int, count: int) -> list[bytes]:
    """Let homes say quarters of an hour, in turn and then in another order."""
    chance = Random(5)
    speakers = [Home(number + 2) for number in range(homes)]
    said = [home.open("metering").wire for home in speakers]
    totals = {home.number: [chance.randrange(10**7), chance.randrange(10**7)] for home in speakers}
    for quarter in range(count):
        start = NOON + quarter * QUARTER
        chance.shuffle(speakers)
        for home in speakers:
            columns: list[tuple[int | None, ...]] = []
            for register, total in enumerate(totals[home.number]):
                column = [total + chance.randrange(60) for _ in range(4)]
                totals[home.number][register] = column[-1]
                columns.append(tuple(column))
            registers = {"import": columns[0], "export": columns[1]}
            at = tuple(start + sample * 300_000 for sample in range(4))
            said.append(home.say("metering", Readings(ident(home.number), at, registers)).wire)
    return said


def test_statements_come_back_from_a_quarter_of_their_bytes() -> None:
    said = quarters(5, 200)
    packed = pack_bodies(said)
    assert unpack_bodies(packed, "it") == said
    assert len(packed) < sum(map(len, said)) / 4


STATEMENTS = quarters(3, 6)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Draw a statement as it is, one with some bytes changed, or anything else."""
    body = bytearray(draw(st.sampled_from(STATEMENTS)))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(body) - 1))
        change = draw(
            st.binary(max_size=4) | st.sampled_from([b'"', b",", b"0", b"-", b"_", b"\1"])
        )
        body[place : place + draw(st.integers(0, 3))] = change
    return draw(st.just(bytes(body)) | st.binary(max_size=90))


@given(st.lists(st.none() | bodies(), max_size=30))
def test_whatever_is_packed_comes_back_to_the_byte(drawn: list[bytes | None]) -> None:
    assert unpack_bodies(pack_bodies(drawn), "it") == drawn


def test_numbers_and_names_in_every_odd_form_come_back() -> None:
    texts = [
        b'{"v":1,"coop":"%b","member":"%b","stream":"metering","chain":"%b","x":[%b]}'
        % (*[name.encode()] * 3, odd)
        for name in ("A" * 22, "A" * 21 + "B", "-" * 22)
        for odd in (
            b"00",
            b"-0",
            b"1,-1,1",
            b"9" * 18,
            b"9" * 19,
            b"1.5",
            b"null,7",
            b'"%b"' % (b"_" * 43),
        )
    ]
    said: list[bytes | None] = [bytes([number]) * 64 + text for number, text in enumerate(texts)]
    assert unpack_bodies(pack_bodies(said), "it") == said


ENTRIES = st.builds(
    StatementEntry,
    st.integers(1, 10**15 - 1),
    st.sampled_from(["readings", "order", "x"]),
    st.sampled_from([ident(number) + "A" * 21 for number in range(3)]),
).map(StatementEntry.encode)


@given(st.lists(ENTRIES | st.binary(max_size=50), max_size=300))
def test_entries_come_back_to_the_byte(drawn: list[bytes]) -> None:
    assert unpack_entries(pack_entries(drawn), "it") == drawn


def test_a_decision_lies_beside_statements() -> None:
    decision, _ = Decision("left", {"statement": 3}).written(NOON, [])
    said = [StatementEntry(NOON + at, "readings", ident(at) + "A" * 21) for at in range(255)]
    entries = [decision, *(entry.encode() for entry in said)]
    packed = pack_entries(entries)
    assert unpack_entries(packed, "it") == entries
    assert len(packed) < 256 * 36


@pytest.mark.parametrize("place", [0, 31, 32, 40, -1])
def test_a_changed_bit_is_named(place: int) -> None:
    for packed, unpack in (
        (pack_bodies(STATEMENTS), unpack_bodies),
        (pack_entries([b"entry"] * 256), unpack_entries),
    ):
        changed = bytearray(packed)
        changed[place] ^= 4
        with pytest.raises(DamagedLogError, match="pack 7 is damaged"):
            unpack(bytes(changed), "pack 7")
        with pytest.raises(DamagedLogError, match="pack 7 is damaged"):
            unpack(packed[:-1], "pack 7")


@given(st.binary(max_size=60))
def test_what_no_node_wrote_is_named(content: bytes) -> None:
    for unpack in (unpack_bodies, unpack_entries):
        with pytest.raises(DamagedLogError, match="pack 7 was not written"):
            unpack(seal(content), "pack 7")


def test_a_preference_lies_beside_readings() -> None:
    home = Home(9)
    said = [home.open("trading")]
    said += [home.say("trading", Preference("street", (ident(at),))) for at in range(20)]
    wires = [one.wire for one in said]
    assert unpack_bodies(pack_bodies(wires), "it") == wires
