"""Signed notes (C2SP signed-note): a text, and lines of signatures under it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Final, Self

from .. import keys
from .errors import NoteError, NoteSignatureError, VerifierKeyError
from .text import format_base64, parse_base64

MAX_NOTE: Final = 2**17
"""Most bytes of a note: room for 16 signatures of 5 kB, and as much again for the text."""

_KEY_ID_LENGTH: Final = 4
_DASH: Final = "\N{EM DASH} "

# Half of a surrogate pair has no UTF-8; the rest is what the specification forbids.
_FORBIDDEN: Final = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")

# The White_Space property, written out so that no Unicode version of Python's decides.
_NO_NAME: Final = re.compile("[+\n \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")


class SignatureType(IntEnum):
    """The types of signature that are understood here; lines of others are passed over."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The name and the public key of somebody who signs notes, for one type of signature."""

    name: str
    type: SignatureType
    public: bytes

    def __post_init__(self) -> None:
        """Refuse what no vkey string can hold."""
        if not is_key_name(self.name):
            msg = "a key's name is not empty and has no space, no plus and no control character"
            raise VerifierKeyError(msg)
        if len(self.public) != keys.KEY_LENGTH:
            msg = f"an Ed25519 key has {keys.KEY_LENGTH} bytes, not {len(self.public)}"
            raise VerifierKeyError(msg)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a vkey string."""
        name, _, rest = text.partition("+")
        key_id, plus, encoded = rest.partition("+")
        if not plus:
            msg = "a vkey has a name, an id and a key, with a plus between them"
            raise VerifierKeyError(msg)
        key = parse_base64(encoded)
        if not key:
            msg = "the key of a vkey is in standard base64"
            raise VerifierKeyError(msg)
        if key[0] not in SignatureType:
            msg = f"signatures of type {key[0]:#04x} are not understood here"
            raise VerifierKeyError(msg)
        parsed = cls(name, SignatureType(key[0]), key[1:])
        if parsed.key_id.hex() != key_id:
            msg = f"the id of the vkey is {parsed.key_id.hex()}, not what it says"
            raise VerifierKeyError(msg)
        return parsed

    def format(self) -> str:
        """Write the vkey string."""
        encoded = format_base64(bytes([self.type]) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @property
    def key_id(self) -> bytes:
        """The four bytes that, with the name, say which key made a signature."""
        named = self.name.encode() + b"\n" + bytes([self.type])
        return sha256(named + self.public).digest()[:_KEY_ID_LENGTH]

    def require(self, wanted: SignatureType) -> None:
        """Refuse to use the key for another type of signature than its own."""
        if self.type is not wanted:
            msg = f"{self.name} is a key for {self.type.name}, and {wanted.name} is wanted"
            raise VerifierKeyError(msg)


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature line; what the bytes mean depends on the key's type."""

    name: str
    key_id: bytes
    content: bytes

    def __post_init__(self) -> None:
        """Refuse what no signature line can hold."""
        if not is_key_name(self.name):
            msg = "a signature's name is not empty and has no space, no plus, no control character"
            raise NoteError(msg)
        if len(self.key_id) != _KEY_ID_LENGTH or not self.content:
            msg = f"a signature has an id of {_KEY_ID_LENGTH} bytes and at least one byte more"
            raise NoteError(msg)

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a signature line without its newline."""
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        data = parse_base64(encoded)
        if not line.startswith(_DASH) or not space or data is None:
            msg = "a signature line is an em dash, a name and standard base64"
            raise NoteError(msg)
        return cls(name, data[:_KEY_ID_LENGTH], data[_KEY_ID_LENGTH:])

    def format(self) -> str:
        """Write the signature line with its newline."""
        return f"{_DASH}{self.name} {format_base64(self.key_id + self.content)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and at least one signature of it."""

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        """Refuse what no note can hold."""
        check_text(self.text)
        if not self.signatures:
            msg = "a note carries at least one signature"
            raise NoteError(msg)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a note, of which nothing is to be believed before its signatures are verified."""
        text, blank, lines = _decode(data).rpartition("\n\n")
        if not blank:
            msg = "a note has an empty line before its signatures"
            raise NoteError(msg)
        return cls(text + "\n", _parse_lines(lines))

    def format(self) -> bytes:
        """Write the note."""
        return (self.text + "\n" + "".join(line.format() for line in self.signatures)).encode()


def parse_signatures(data: bytes) -> tuple[Signature, ...]:
    """Read signature lines that stand alone, as a witness answers them."""
    return _parse_lines(_decode(data))


def sign(text: str, name: str, seed: bytes) -> Signature:
    """Sign the text of a note under a name."""
    check_text(text)
    key = VerifierKey(name, SignatureType.ED25519, keys.public_key(seed))
    return Signature(name, key.key_id, keys.sign(seed, text.encode()))


def verify(note: Note, known: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Find which of the known keys signed; refuse if none did or a signature of one fails."""
    signers = []
    for key in known:
        key.require(SignatureType.ED25519)
        found = signatures_of(note, key)
        for signature in found:
            if not keys.verify(key.public, note.text.encode(), signature.content):
                msg = f"the signature of {key.name} does not fit the note"
                raise NoteSignatureError(msg)
        if found:
            signers.append(key)
    if not signers:
        msg = "no key that is known here has signed the note"
        raise NoteSignatureError(msg)
    return tuple(signers)


def signatures_of(note: Note, key: VerifierKey) -> list[Signature]:
    """Find the lines that say that this key made them."""
    wanted = key.name, key.key_id
    return [line for line in note.signatures if (line.name, line.key_id) == wanted]


def is_key_name(name: str) -> bool:
    """Tell whether a key may have this name."""
    return bool(name) and not _NO_NAME.search(name) and not _FORBIDDEN.search(name)


def check_text(text: str) -> None:
    """Refuse what cannot be the text of a note."""
    if not text.endswith("\n"):
        msg = "the text of a note ends in a newline"
        raise NoteError(msg)
    if _FORBIDDEN.search(text):
        msg = "a note has no control character but the newline"
        raise NoteError(msg)


def _decode(data: bytes) -> str:
    """Read UTF-8 of a bounded length, without control characters."""
    if len(data) > MAX_NOTE:
        msg = f"a note has at most {MAX_NOTE} bytes, not {len(data)}"
        raise NoteError(msg)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        msg = f"a note is UTF-8, which byte {error.start} is not"
        raise NoteError(msg) from None
    check_text(text)
    return text


def _parse_lines(lines: str) -> tuple[Signature, ...]:
    """Read lines that each end in a newline."""
    return tuple(Signature.parse(line) for line in lines.removesuffix("\n").split("\n"))
