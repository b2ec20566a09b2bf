"""One rule for signatures: libsodium's, on the published edge cases too."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_core_ed25519_add

from depin_protocol.keys import fingerprint, may_enrol, public_key, sign, verify

SEED = bytes(range(32))

# Points of order 1, 2, 4 and 8, in their canonical encodings [RFC 8032, section 5.1.3].
LOW_ORDER = (
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
)


@given(st.binary(max_size=200), st.binary(min_size=32, max_size=32))
def test_what_was_signed_verifies(message: bytes, seed: bytes) -> None:
    """A signature holds for its message and its key."""
    signature = sign(seed, message)
    assert verify(public_key(seed), message, signature)
    assert not verify(public_key(seed), message + b"x", signature)
    assert not verify(public_key(bytes(32)), message, signature) or seed == bytes(32)


def test_no_single_bit_of_signature_key_or_message_can_change() -> None:
    """Every flipped bit is noticed."""
    key, message = public_key(SEED), b"a kilowatt-hour"
    signature = sign(SEED, message)
    parts = [key, message, signature]
    for which, part in enumerate(parts):
        for bit in range(8 * len(part)):
            changed = bytearray(part)
            changed[bit // 8] ^= 1 << bit % 8
            assert not verify(*[bytes(changed) if at == which else p for at, p in enumerate(parts)])


@pytest.mark.parametrize("length", [0, 31, 33, 63, 65])
def test_lengths_are_exact(length: int) -> None:
    """Anything of another length is no key and no signature."""
    assert not verify(bytes(length), b"", bytes(64))
    assert not verify(public_key(SEED), b"", bytes(length))
    assert not may_enrol(bytes(length))


@pytest.mark.parametrize("encoded", LOW_ORDER)
def test_keys_of_low_order_are_not_enrolled(encoded: str) -> None:
    """Such a key would verify signatures that nobody made."""
    assert not may_enrol(bytes.fromhex(encoded))


def test_a_sum_with_a_point_of_low_order_is_not_enrolled() -> None:
    """Such a key has eight faces, and libraries differ on which signatures hold for them."""
    key = public_key(SEED)
    assert may_enrol(key)
    order_eight = bytes.fromhex(LOW_ORDER[-1])
    assert not may_enrol(crypto_core_ed25519_add(key, order_eight))


def test_a_string_that_is_no_point_is_not_enrolled() -> None:
    """Half of all strings have no point on the curve, and most points are outside the group."""
    enrolled = sum(may_enrol(bytes([n]) + bytes(30) + b"\x11") for n in range(128))
    assert 0 < enrolled < 32


def test_fingerprints_are_for_people() -> None:
    """Eight groups of four hex digits, another for each key."""
    assert fingerprint(public_key(SEED)) == "a377 0da4 7f3e f2ad 7f04 11c7 8955 dfff"
    assert fingerprint(public_key(bytes(32))) != fingerprint(public_key(SEED))


@pytest.mark.reference
def test_the_published_edge_cases(reference: Path) -> None:
    """Of the 914 crafted signatures libsodium accepts 43, and no other."""
    cases = json.loads((reference / "ed25519_cctv.json").read_text("utf-8"))
    assert len(cases) == 914
    accepted = [
        case
        for case in cases
        if verify(bytes.fromhex(case["key"]), case["msg"].encode(), bytes.fromhex(case["sig"]))
    ]
    assert len(accepted) == 43
    refused_by_rule = {"low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R"}
    assert not any(refused_by_rule.intersection(case["flags"] or ()) for case in accepted)
