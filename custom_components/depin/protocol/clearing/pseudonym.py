"""The name under which a member's orders stand in one interval's book."""

from hashlib import sha256
from typing import Final

SALT_LENGTH: Final = 16
PSEUDONYM_LENGTH: Final = 32

_COMMITMENT_TAG: Final = b"depin member salt v1\x00"
_PSEUDONYM_TAG: Final = b"depin pseudonym v1\x00"


def salt_commitment(salt: bytes) -> bytes:
    """Commit to a member's market salt; done once, on joining."""
    return sha256(_COMMITMENT_TAG + _checked(salt)).digest()


def pseudonym(salt: bytes, market: str, interval_start: int) -> bytes:
    """Derive a member's pseudonym, which is also its tie key, for one market and interval."""
    start = interval_start.to_bytes(8, "big")
    return sha256(_PSEUDONYM_TAG + _checked(salt) + start + market.encode()).digest()


def _checked(salt: bytes) -> bytes:
    if len(salt) != SALT_LENGTH:
        msg = f"a member's market salt is {SALT_LENGTH} bytes, not {len(salt)}"
        raise ValueError(msg)
    return salt
