"""Names of 16 bytes for co-ops, members, devices and chains, written as 22 characters."""

import re
from hashlib import sha256
from typing import Final

from .encoding import from_text, to_text

ID_LENGTH: Final = 16
HASH_LENGTH: Final = 32

# The last character of each carries bits of no byte, which must be zero.
ID_PATTERN: Final = "[A-Za-z0-9_-]{21}[AQgw]"
HASH_PATTERN: Final = "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
SIGNATURE_PATTERN: Final = "[A-Za-z0-9_-]{85}[AQgw]"

_ID: Final = re.compile(ID_PATTERN)


def is_id(text: str) -> bool:
    """Tell whether the text is a name of 16 bytes in its one form."""
    return _ID.fullmatch(text) is not None


def member_id(coop: str, key: bytes) -> str:
    """Name a member after the key it joined with; the name stays when the key changes."""
    content = b"depin member v1\x00" + from_text(coop, ID_LENGTH) + key
    return to_text(sha256(content).digest()[:ID_LENGTH])
