"""The home's key, and the chains of statements that are signed with it."""

from dataclasses import dataclass, field, replace
from secrets import token_bytes
from typing import Final, Self, TypedDict

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .protocol import keys
from .protocol.encoding import EncodingError, from_text, to_text
from .protocol.statements.bodies import Body, Stream
from .protocol.statements.envelope import FIRST_PREV, Header, Statement, sign_statement
from .protocol.statements.heads import Head

_STORE_VERSION: Final = 1


class KeyUnreadableError(Exception):
    """The stored key is gone or damaged; restoring a backup brings it back."""


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


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of one stream, up to the last statement that this home wrote."""

    coop: str
    member: str
    stream: Stream
    chain: str
    head: Head | None = None

    def write(self, body: Body, key: HomeKey, issued_at: int, salt: str) -> tuple[Statement, Self]:
        """Sign the next statement; return it with the chain that ends in it."""
        header = Header(
            coop=self.coop,
            member=self.member,
            stream=self.stream,
            chain=self.chain,
            seq=self.head.seq + 1 if self.head else 1,
            prev=self.head.hash if self.head else FIRST_PREV,
            issued_at=issued_at,
            salt=salt,
        )
        statement = sign_statement(header, body, key.seed)
        return statement, replace(self, head=statement.head)


def make_key() -> HomeKey:
    """Make a new key from the system's randomness."""
    return HomeKey(token_bytes(keys.KEY_LENGTH))


async def async_save_key(hass: HomeAssistant, member: str, key: HomeKey) -> None:
    """Put a member's key on disk before anybody hears of it."""
    await _store(hass, member).async_save({"seed": to_text(key.seed)})


async def async_load_key(hass: HomeAssistant, member: str) -> HomeKey:
    """Read a member's key; a lost one is never replaced in silence."""
    stored = await _store(hass, member).async_load()
    if stored is None:
        msg = f"no key is stored for the member {member}"
        raise KeyUnreadableError(msg)
    try:
        return HomeKey(from_text(stored["seed"], keys.KEY_LENGTH))
    except EncodingError as error:
        msg = f"the key of the member {member} is damaged: {error}"
        raise KeyUnreadableError(msg) from error


async def async_remove_key(hass: HomeAssistant, member: str) -> None:
    """Erase a member's key."""
    await _store(hass, member).async_remove()


class _StoredKey(TypedDict):
    seed: str


def _store(hass: HomeAssistant, member: str) -> Store[_StoredKey]:
    return Store(hass, _STORE_VERSION, f"{DOMAIN}.key.{member}", private=True, atomic_writes=True)
