"""What travels around statements: their frame, and the challenge that a home answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.access import CHALLENGE_LENGTH, answer_challenge, is_answered
from depin_protocol.frames import FrameError, pack, unpack
from depin_protocol.keys import public_key
from tests.protocol.spoken import COOP, ident, seed

CHALLENGE = bytes(range(CHALLENGE_LENGTH))
MEMBER = ident(1)


def test_statements_stand_after_their_lengths() -> None:
    assert pack([b"ab", b"", b"c"]) == b"\0\0\0\2ab\0\0\0\0\0\0\0\1c"
    assert unpack(b"\0\0\0\2ab\0\0\0\0\0\0\0\1c", 3) == [b"ab", b"", b"c"]
    assert unpack(b"", 0) == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\0\0\0\1a" * 3, "more than 2 statements"),
        (b"\0\0\0\3ab", "byte 4: 3 bytes are to follow, and 2 do"),
        (b"\0\0\0", "byte 4"),
        (b"\xff\xff\xff\xff", "4294967295 bytes are to follow, and 0 do"),
    ],
)
def test_a_broken_frame_is_told_where(data: bytes, problem: str) -> None:
    with pytest.raises(FrameError, match=problem):
        unpack(data, 2)


@given(st.lists(st.binary(max_size=100), max_size=20))
def test_what_is_packed_is_unpacked(wires: list[bytes]) -> None:
    assert unpack(pack(wires), 20) == wires


@given(st.binary(max_size=300))
def test_what_is_unpacked_was_packed(data: bytes) -> None:
    try:
        wires = unpack(data, 300)
    except FrameError:
        return
    assert pack(wires) == data


def test_an_answer_is_for_one_member_of_one_coop() -> None:
    signature = answer_challenge(seed(1), COOP, MEMBER, CHALLENGE)
    key = public_key(seed(1))
    assert is_answered(key, COOP, MEMBER, CHALLENGE, signature)
    assert not is_answered(public_key(seed(2)), COOP, MEMBER, CHALLENGE, signature)
    assert not is_answered(key, ident(3), MEMBER, CHALLENGE, signature)
    assert not is_answered(key, COOP, ident(3), CHALLENGE, signature)
    assert not is_answered(key, COOP, MEMBER, CHALLENGE[::-1], signature)


def test_a_challenge_of_another_length_is_not_signed() -> None:
    with pytest.raises(ValueError, match="56 bytes"):
        answer_challenge(seed(1), COOP, MEMBER, CHALLENGE[1:])
