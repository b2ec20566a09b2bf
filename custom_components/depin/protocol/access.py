"""How a home shows who it is before it reads what is not for everybody."""

from typing import Final

from .encoding import from_text
from .identifiers import ID_LENGTH
from .keys import sign, verify

CHALLENGE_LENGTH: Final = 56


def answer_challenge(seed: bytes, coop: str, member: str, challenge: bytes) -> bytes:
    """Sign a node's challenge with the member's key in force."""
    return sign(seed, _message(coop, member, challenge))


def is_answered(key: bytes, coop: str, member: str, challenge: bytes, signature: bytes) -> bool:
    """Tell whether this key has signed the challenge, for this member of this co-op."""
    return verify(key, _message(coop, member, challenge), signature)


def _message(coop: str, member: str, challenge: bytes) -> bytes:
    if len(challenge) != CHALLENGE_LENGTH:
        msg = f"a challenge has {CHALLENGE_LENGTH} bytes, not {len(challenge)}"
        raise ValueError(msg)
    names = from_text(coop, ID_LENGTH) + from_text(member, ID_LENGTH)
    return b"depin access v1\x00" + names + challenge
