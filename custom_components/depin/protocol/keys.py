"""Ed25519 as libsodium judges it: the one rule for signatures."""

from hashlib import sha256
from typing import Final

from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import BadSignatureError

KEY_LENGTH: Final = 32
SIGNATURE_LENGTH: Final = 64


def public_key(seed: bytes) -> bytes:
    """Return the public key of a 32-byte seed."""
    return crypto_sign_seed_keypair(seed)[0]


def sign(seed: bytes, message: bytes) -> bytes:
    """Sign with the key of a 32-byte seed."""
    return crypto_sign(message, crypto_sign_seed_keypair(seed)[1])[:SIGNATURE_LENGTH]


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether libsodium accepts the signature: canonical, no small order, cofactorless."""
    if len(public) != KEY_LENGTH or len(signature) != SIGNATURE_LENGTH:
        return False
    try:
        crypto_sign_open(signature + message, public)
    except BadSignatureError:
        return False
    return True


def may_enrol(public: bytes) -> bool:
    """Tell whether a public key is a canonical point of the prime-order group."""
    return len(public) == KEY_LENGTH and crypto_core_ed25519_is_valid_point(public)


def fingerprint(public: bytes) -> str:
    """Return the form of a public key that people compare: 32 hex digits in groups of four."""
    digits = sha256(b"depin key fingerprint v1\x00" + public).hexdigest()[:32]
    return " ".join(digits[i : i + 4] for i in range(0, 32, 4))
