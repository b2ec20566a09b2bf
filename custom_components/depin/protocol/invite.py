"""The invite: one string that leads a new home to its co-op."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from .encoding import EncodingError, from_text, to_text
from .identifiers import ID_LENGTH, is_id
from .keys import KEY_LENGTH, may_enrol

CODE_LENGTH: Final = 16
MAX_ADDRESS: Final = 200

_CHECK_LENGTH: Final = 4
_FIXED_LENGTH: Final = _CHECK_LENGTH + ID_LENGTH + KEY_LENGTH + CODE_LENGTH
_MAX_TEXT: Final = (_FIXED_LENGTH + MAX_ADDRESS) * 4 // 3 + 1
_TEXT: Final = re.compile(r"depin1\.([A-Za-z0-9_-]*)")
# What mail and chat programs put into a long line: breaks, quotation marks, blanks of no width.
_BREAKS: Final = re.compile(r"[\s>\u00ad\u200b\u2060\ufeff]+")
_ADDRESS: Final = re.compile(
    r"https?://"
    r"([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f]*:[0-9a-f:.]*\])"
    r"(:(?P<port>[1-9][0-9]{0,4}))?(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*"
)
_MAX_PORT: Final = 65_535


class InviteError(ValueError):
    """The text is not an invite that can be used; the message says what to do."""


class NoInviteError(InviteError):
    """There is no invite in the text."""


class DamagedInviteError(InviteError):
    """The invite is cut off or altered."""


@dataclass(frozen=True, slots=True)
class Invite:
    """Where a co-op's node is, the key it answers with, and the one-time code to join by."""

    address: str
    node_key: bytes
    coop: str
    code: bytes

    def __post_init__(self) -> None:
        """Refuse what could not be read back."""
        if not is_address(self.address):
            msg = (
                f"the address {self.address[:MAX_ADDRESS]!r} is not like"
                " https://node.example:8480/path, in small letters and without a slash at the end"
            )
            raise InviteError(msg)
        if not is_id(self.coop):
            msg = "the co-op's identifier is not 16 bytes in base64url"
            raise InviteError(msg)
        if not may_enrol(self.node_key):
            msg = "the node's key is not an Ed25519 key; ask the co-op for another invite"
            raise InviteError(msg)
        if len(self.code) != CODE_LENGTH:
            msg = f"the code is not {CODE_LENGTH} bytes long"
            raise InviteError(msg)

    def __str__(self) -> str:
        """Write the string that people copy."""
        content = (
            from_text(self.coop, ID_LENGTH)
            + self.node_key
            + self.code
            + self.address.encode("ascii")
        )
        return f"depin1.{to_text(_check(content) + content)}"


def is_address(text: str) -> bool:
    """Tell whether a node could be at this address."""
    found = _ADDRESS.fullmatch(text)
    return len(text) <= MAX_ADDRESS and found is not None and int(found["port"] or 1) <= _MAX_PORT


def parse_invite(text: str) -> Invite:
    """Find the invite in what a person pasted: in a message, in a link, over several lines."""
    found = [*_TEXT.findall(text), *_TEXT.findall(_BREAKS.sub("", text))]
    if not found:
        msg = 'no invite here: an invite begins with "depin1."; copy the whole of it'
        raise NoInviteError(msg)
    for candidate in found:
        # Without its line breaks an invite runs into the words after it, so its end is tried for.
        for end in range(min(len(candidate), _MAX_TEXT), 0, -1):
            content = _content(candidate[:end])
            if content is not None:
                return _read(content)
    msg = "the invite is cut off or altered: copy the whole of it once more"
    raise DamagedInviteError(msg)


def _read(content: bytes) -> Invite:
    coop, rest = content[:ID_LENGTH], content[ID_LENGTH:]
    node_key, rest = rest[:KEY_LENGTH], rest[KEY_LENGTH:]
    code, address = rest[:CODE_LENGTH], rest[CODE_LENGTH:]
    return Invite(address.decode("ascii", "replace"), node_key, to_text(coop), code)


def _content(text: str) -> bytes | None:
    """Return what the invite says, if it is whole."""
    try:
        data = from_text(text, len(text) * 3 // 4)
    except EncodingError:
        return None
    content = data[_CHECK_LENGTH:]
    whole = len(data) >= _FIXED_LENGTH and _check(content) == data[:_CHECK_LENGTH]
    return content if whole else None


def _check(content: bytes) -> bytes:
    return sha256(b"depin invite v1\x00" + content).digest()[:_CHECK_LENGTH]
