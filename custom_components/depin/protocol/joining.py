"""The request by which a home joins a co-op."""

import re
from dataclasses import dataclass
from typing import Final, Self

from .encoding import EncodingError, decode_json, encode_json, from_text, to_text
from .identifiers import HASH_LENGTH, ID_LENGTH, member_id
from .invite import CODE_LENGTH
from .keys import SIGNATURE_LENGTH, may_enrol, public_key, sign, verify
from .statements.fields import HASH, ID, BodyError, Fields
from .statements.membership import TIERS

MAX_NAME: Final = 80
MAX_JOIN_REQUEST: Final = 2048

_BLANKS: Final = "\u00a0\u115f\u1160\u1680\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\uffa0"
"""All that look like a blank, but for the blank itself."""

_DECEIVING: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    f"{_BLANKS}]"
)
"""Marks that break a line, turn the reading order or show nothing; listed, so that no later
version of Unicode reads an old request in another way."""

_NOTHING: Final = re.compile(f"[ {_BLANKS}]+")
_STRAY: Final = re.compile("^ |  | $")
"""Blanks that nobody sees, so that two names would look like one."""

_SIGNED: Final = b"depin join v1\x00"


class JoinError(ValueError):
    """The request can't be taken; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """Who wants to join: the key it will sign with, and the one-time code of its invite.

    The salt makes the member's pseudonyms in order books; the log keeps only its commitment.
    """

    coop: str
    code: bytes
    key: bytes
    tier: str
    name: str
    pseudonym_salt: bytes
    issued_at: int

    @property
    def member(self) -> str:
        """The name that the member will have."""
        return member_id(self.coop, self.key)

    def signed(self, seed: bytes) -> bytes:
        """Write the request, signed with the key that it names."""
        if public_key(seed) != self.key:
            msg = "the request names another key than the one that signs it"
            raise JoinError(msg)
        check_name(self.name)
        text = encode_json(
            {
                "v": 1,
                "coop": self.coop,
                "code": to_text(self.code),
                "key": to_text(self.key),
                "tier": self.tier,
                "name": self.name,
                "pseudonym_salt": to_text(self.pseudonym_salt),
                "issued_at": self.issued_at,
            }
        )
        return sign(seed, _SIGNED + text) + text

    @classmethod
    def read(cls, wire: bytes) -> Self:
        """Read a request and check that it is signed by the key that it names."""
        if not SIGNATURE_LENGTH < len(wire) <= MAX_JOIN_REQUEST:
            msg = f"a request is a signature and JSON, of at most {MAX_JOIN_REQUEST} bytes in all"
            raise JoinError(msg)
        signature, text = wire[:SIGNATURE_LENGTH], wire[SIGNATURE_LENGTH:]
        try:
            fields = Fields(decode_json(text), "request")
            fields.integer("v", 1, 1)
            request = cls(
                coop=fields.text("coop", ID),
                code=from_text(fields.text("code", ID), CODE_LENGTH),
                key=from_text(fields.text("key", HASH), HASH_LENGTH),
                tier=fields.one_of("tier", TIERS),
                name=fields.words("name", MAX_NAME),
                pseudonym_salt=from_text(fields.text("pseudonym_salt", ID), ID_LENGTH),
                issued_at=fields.time("issued_at"),
            )
            fields.finish()
        except (BodyError, EncodingError) as error:
            raise JoinError(str(error)) from None
        check_name(request.name)
        if not may_enrol(request.key):
            msg = "request.key is not an Ed25519 key that may be enrolled: make another"
            raise JoinError(msg)
        if not verify(request.key, _SIGNED + text, signature):
            msg = "the request is not signed by the key that it names"
            raise JoinError(msg)
        return request


def check_name(name: str) -> None:
    """Refuse a name that looks like none, like another, or like several lines."""
    if _NOTHING.fullmatch(name):
        msg = "the name has nothing but blanks: choose another"
        raise JoinError(msg)
    if not 0 < len(name) <= MAX_NAME or _DECEIVING.search(name):
        msg = f"the name is not of 1 to {MAX_NAME} letters that show on one line: choose another"
        raise JoinError(msg)
    if _STRAY.search(name):
        msg = "the name has a blank at its beginning or end, or two in a row: take them away"
        raise JoinError(msg)
