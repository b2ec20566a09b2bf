"""Who may read what is not for everybody: a challenge is signed, a token lasts for minutes.

Both are sealed with a key that lives as long as the process, so nothing is kept for who only asks.
"""

import hmac
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from depin_protocol.access import CHALLENGE_LENGTH, is_answered
from depin_protocol.encoding import EncodingError, from_text, to_text
from depin_protocol.identifiers import ID_LENGTH

CHALLENGE_SECONDS: Final = 60
TOKEN_SECONDS: Final = 15 * 60

_TIME_LENGTH: Final = 8
_CHANCE_LENGTH: Final = 16
_KEY_LENGTH: Final = 16
_SEAL_LENGTH: Final = 32
_TOKEN_LENGTH: Final = _TIME_LENGTH + 2 * ID_LENGTH + _KEY_LENGTH + _SEAL_LENGTH


class AccessError(Exception):
    """The challenge or token shows nothing; the message says what to do."""


class Access:
    """Gives and checks challenges and tokens."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Begin with a seal of its own."""
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._answered: dict[bytes, int] = {}

    def challenge(self, coop: str, member: str) -> tuple[bytes, int]:
        """Return something to sign, and until when."""
        expires = int(self._clock()) + CHALLENGE_SECONDS
        opened = expires.to_bytes(_TIME_LENGTH) + secrets.token_bytes(_CHANCE_LENGTH)
        return opened + self._challenge_seal(opened, coop, member), expires

    def token(
        self, key: bytes | None, coop: str, member: str, challenge: bytes, signature: bytes
    ) -> tuple[str, int]:
        """Return a token for a signed challenge, and until when it holds."""
        now = int(self._clock())
        self._forget(now)
        opened = challenge[:-_SEAL_LENGTH]
        expires = int.from_bytes(opened[:_TIME_LENGTH])
        if (
            len(challenge) != CHALLENGE_LENGTH
            or not hmac.compare_digest(
                self._challenge_seal(opened, coop, member), challenge[-_SEAL_LENGTH:]
            )
            or expires < now
            or opened in self._answered
        ):
            raise AccessError("the challenge is not of this node, used or older than a minute")
        if key is None or not is_answered(key, coop, member, challenge, signature):
            raise AccessError("the challenge is not signed by the member's key in force")
        self._answered[opened] = expires
        until = now + TOKEN_SECONDS
        content = until.to_bytes(_TIME_LENGTH) + _names(coop, member) + _short(key)
        return to_text(content + self._seal(b"token", content)), until

    def who(self, token: str, coop: str, key_in_force: Callable[[str], bytes | None]) -> str:
        """Return the member whose token this is, if its key is still the same."""
        try:
            data = from_text(token, _TOKEN_LENGTH)
        except EncodingError:
            raise AccessError("the token is not one of this node") from None
        content, seal = data[:-_SEAL_LENGTH], data[-_SEAL_LENGTH:]
        if not hmac.compare_digest(self._seal(b"token", content), seal):
            raise AccessError("the token is not one of this node, or it was started anew since")
        until = int.from_bytes(content[:_TIME_LENGTH])
        names = content[_TIME_LENGTH:-_KEY_LENGTH]
        member = to_text(names[ID_LENGTH:])
        if names != _names(coop, member):
            raise AccessError("the token is for another co-op")
        key = key_in_force(member)
        if until < self._clock() or key is None or _short(key) != content[-_KEY_LENGTH:]:
            raise AccessError("the token has expired, or the key it was got with counts no more")
        return member

    def _forget(self, now: int) -> None:
        for challenge in [one for one, expires in self._answered.items() if expires < now]:
            del self._answered[challenge]

    def _challenge_seal(self, opened: bytes, coop: str, member: str) -> bytes:
        return self._seal(b"challenge", opened + _names(coop, member))

    def _seal(self, use: bytes, content: bytes) -> bytes:
        return hmac.digest(self._secret, use + b"\x00" + content, "sha256")


def _names(coop: str, member: str) -> bytes:
    return from_text(coop, ID_LENGTH) + from_text(member, ID_LENGTH)


def _short(key: bytes) -> bytes:
    return sha256(key).digest()[:_KEY_LENGTH]
