"""What is held of a member's streams: the heads always, older hashes once they were looked up."""

from dataclasses import replace

import pytest

from depin_protocol.encoding import EncodingError, from_text
from depin_protocol.statements.fields import BodyError
from depin_protocol.statements.heads import Head
from settlement_node.intake.streams import (
    Chain,
    NotLookedUpError,
    StreamState,
    chain_row,
    named_places,
    read_chain_row,
)
from tests.node.village import readings
from tests.protocol.spoken import NOON, Home, digest, ident

CHAIN, OTHER = ident(1), ident(2)


def grown(length: int) -> StreamState:
    """Hear so many statements of one chain."""
    stream = StreamState()
    for seq in range(1, length + 1):
        stream.append(Head(CHAIN, seq, digest(seq)), 0, 40 + seq)
    return stream


def test_nothing_is_held_of_a_chain_that_was_not_opened() -> None:
    stream = grown(2)
    stream.remember_chain(OTHER, None)
    assert stream.head(OTHER) is None
    assert stream.hash_at(OTHER, 1) is None
    assert stream.opened_under(OTHER) is None
    assert not stream.lacks(OTHER, 1)
    assert stream.live() == [CHAIN]


def test_the_head_is_held_and_nothing_beyond_it() -> None:
    stream = grown(3)
    stream.forget()
    assert stream.head(CHAIN) == Head(CHAIN, 3, digest(3))
    assert stream.hash_at(CHAIN, 3) == digest(3)
    assert stream.hash_at(CHAIN, 4) is None
    assert not stream.lacks(CHAIN, 3)
    assert not stream.lacks(CHAIN, 4)


def test_an_older_hash_is_at_hand_from_its_append_or_its_look_up_until_it_is_forgotten() -> None:
    stream = grown(3)
    assert [stream.hash_at(CHAIN, seq) for seq in (1, 2)] == [digest(1), digest(2)]
    stream.forget()
    assert stream.lacks(CHAIN, 1)
    with pytest.raises(NotLookedUpError, match="number 1 of chain"):
        stream.hash_at(CHAIN, 1)
    stream.remember(CHAIN, 1, digest(1))
    assert not stream.lacks(CHAIN, 1)
    assert stream.hash_at(CHAIN, 1) == digest(1)
    assert stream.lacks(CHAIN, 2)


def test_a_chain_keeps_the_key_of_its_opening_and_may_end() -> None:
    stream = grown(1)
    stream.append(Head(OTHER, 1, digest(9)), 1, 50)
    stream.append(Head(OTHER, 2, digest(10)), 5, 51)
    assert stream.opened_under(OTHER) == 1
    assert stream.live() == [CHAIN, OTHER]
    assert stream.end(CHAIN, 52) == Chain(1, digest(1), 0, 41, 52)
    assert stream.live() == [OTHER]


def test_a_chain_that_has_ended_is_at_hand_until_it_is_forgotten_or_after_its_look_up() -> None:
    stream = grown(2)
    ended = stream.end(CHAIN, 50)
    assert stream.head(CHAIN) == Head(CHAIN, 2, digest(2))
    stream.forget()
    assert stream.lacks_chain(CHAIN)
    assert stream.opened_under(CHAIN) is None
    for ask in (stream.head, lambda chain: stream.hash_at(chain, 1)):
        with pytest.raises(NotLookedUpError, match="was not looked up"):
            ask(CHAIN)
    stream.remember_chain(CHAIN, ended)
    assert not stream.lacks_chain(CHAIN)
    assert stream.hash_at(CHAIN, 2) == digest(2)
    assert stream.opened_under(CHAIN) == 0
    assert stream.lacks(CHAIN, 1)
    assert stream.live() == []


def test_a_chain_s_row_reads_back_from_the_table_that_it_is_in() -> None:
    chain = Chain(7, digest(7), 2, 41)
    row = chain_row(ident(3), "trading", CHAIN, chain)
    assert row == (from_text(ident(3), 16), 1, from_text(CHAIN, 16), chain.data())
    assert read_chain_row(row) == (ident(3), "trading", CHAIN, chain)
    ended = replace(chain, ended_at=60)
    row = chain_row(ident(3), "trading", CHAIN, ended)
    assert row == (from_text(ident(3), 16), 1, from_text(CHAIN, 16), 60, chain.data())
    assert read_chain_row(row) == (ident(3), "trading", CHAIN, ended)


def test_a_row_that_is_none_of_a_chain_is_refused() -> None:
    row = chain_row(ident(3), "metering", CHAIN, Chain(7, digest(7), 2, 41))
    with pytest.raises(TypeError, match="not the row of a chain"):
        read_chain_row((*row[:3], 7))
    with pytest.raises(BodyError, match=r"chain\.s"):
        read_chain_row((*row[:3], Chain(0, digest(7), 2, 41).data()))
    with pytest.raises(EncodingError):
        read_chain_row((*row[:3], b"{"))


def test_an_opening_and_a_key_change_name_places_and_readings_name_none() -> None:
    home = Home(2)
    first, _ = home.open("metering"), home.open("trading")
    said = home.say("metering", readings(NOON))
    assert list(named_places(first)) == list(named_places(said)) == []
    change = home.change_key(20, said.head)
    assert list(named_places(change)) == [("metering", said.head)]
    opening = home.open("trading", change.head, Head(OTHER, 4, digest(4)))
    assert list(named_places(opening)) == [
        ("trading", change.head),
        ("trading", Head(OTHER, 4, digest(4))),
    ]
    nothing = Home(3)
    nothing.open("trading")
    assert list(named_places(nothing.change_key(30, None))) == []
