"""The keys that a home signs with, and the forms in which its owner keeps them."""

import re
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_bytes
from typing import Final, Self

from .protocol import keys
from .protocol.encoding import EncodingError, decode_json, encode_json, from_text, to_text
from .protocol.statements.fields import HASH, ID, BodyError, Fields

TIER: Final = "software"
"""Where Home Assistant keeps a key: in a file."""

_CONSONANTS: Final = "bdfghjklmnprstvz"
_VOWELS: Final = "aiou"
_WORD: Final = re.compile(f"[{_CONSONANTS}][{_VOWELS}][{_CONSONANTS}][{_VOWELS}][{_CONSONANTS}]")
_WORD_SIZE: Final = 2
_CHECK_SIZE: Final = 4
_PHRASE_TAG: Final = b"depin recovery phrase v1\x00"
_FILE_KIND: Final = "depin key recovery v1"


class RecoveryError(ValueError):
    """What was entered holds no key; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class HomeKey:
    """The Ed25519 key that a home signs with."""

    seed: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        """Return the half that everybody may know."""
        return keys.public_key(self.seed)

    @property
    def fingerprint(self) -> str:
        """Return the form that people compare."""
        return keys.fingerprint(self.public)


def make_key() -> HomeKey:
    """Make a new key from the system's randomness."""
    return HomeKey(token_bytes(keys.KEY_LENGTH))


def phrase_of(key: HomeKey) -> str:
    """Write a key as words to note down: each stands for 16 bits, the last two for a check."""
    data = key.seed + _check(key.seed)
    return " ".join(
        _word(int.from_bytes(data[at : at + _WORD_SIZE])) for at in range(0, len(data), _WORD_SIZE)
    )


def key_of_phrase(text: str) -> HomeKey:
    """Read a key from its words, however they are parted."""
    words = text.lower().replace("-", " ").split()
    expected = (keys.KEY_LENGTH + _CHECK_SIZE) // _WORD_SIZE
    if len(words) != expected:
        msg = f"the phrase has {expected} words, and these are {len(words)}"
        raise RecoveryError(msg)
    data = b"".join(_number(word).to_bytes(_WORD_SIZE) for word in words)
    seed = data[: keys.KEY_LENGTH]
    if data[keys.KEY_LENGTH :] != _check(seed):
        msg = "one of the words is not the one that was noted, or they are in another order"
        raise RecoveryError(msg)
    return HomeKey(seed)


@dataclass(frozen=True, slots=True)
class RecoveryFile:
    """A key with whose it is."""

    coop: str
    member: str
    key: HomeKey

    def written(self) -> str:
        """Write what the owner keeps as a file."""
        value = {
            "kind": _FILE_KIND,
            "coop": self.coop,
            "member": self.member,
            "seed": to_text(self.key.seed),
        }
        return encode_json(value).decode("ascii")

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what the owner kept."""
        try:
            fields = Fields(decode_json(text.strip().encode()), "file")
            fields.one_of("kind", frozenset((_FILE_KIND,)))
            seed = from_text(fields.text("seed", HASH), keys.KEY_LENGTH)
            kept = cls(fields.text("coop", ID), fields.text("member", ID), HomeKey(seed))
            fields.finish()
        except (BodyError, EncodingError) as error:
            raise RecoveryError(str(error)) from None
        return kept


def _check(seed: bytes) -> bytes:
    return sha256(_PHRASE_TAG + seed).digest()[:_CHECK_SIZE]


def _word(number: int) -> str:
    """Write 16 bits as a word that can be said in most languages: consonants and vowels in turn."""
    return (
        _CONSONANTS[number >> 12]
        + _VOWELS[number >> 10 & 3]
        + _CONSONANTS[number >> 6 & 15]
        + _VOWELS[number >> 4 & 3]
        + _CONSONANTS[number & 15]
    )


def _number(word: str) -> int:
    if not _WORD.fullmatch(word):
        msg = f"{word[:20]!r} is none of the words that a phrase is made of"
        raise RecoveryError(msg)
    return (
        _CONSONANTS.index(word[0]) << 12
        | _VOWELS.index(word[1]) << 10
        | _CONSONANTS.index(word[2]) << 6
        | _VOWELS.index(word[3]) << 4
        | _CONSONANTS.index(word[4])
    )
