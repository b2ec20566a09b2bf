"""The home's key, and the chains of statements that are signed with it."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_bytes
from typing import Final, Self

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .protocol import keys
from .protocol.encoding import EncodingError, from_text, to_text
from .protocol.identifiers import member_id
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


async def async_load_key(hass: HomeAssistant, coop: str, member: str) -> HomeKey:
    """Read a member's key; a lost one is never replaced in silence."""
    try:
        stored = await _store(hass, member).async_load()
    # Home Assistant's store is not made for files of any shape, and raises whatever it stumbles on.
    except (HomeAssistantError, NotImplementedError, LookupError, TypeError) as error:
        msg = f"the file with the key of the member {member} is damaged: {error!r}"
        raise KeyUnreadableError(msg) from error
    match stored:
        case {"seed": str(text)}:
            key = _key(text, member)
        case _:
            msg = f"no key is stored for the member {member}"
            raise KeyUnreadableError(msg)
    if member_id(coop, key.public) != member:
        msg = f"the key that is stored for the member {member} is somebody else's"
        raise KeyUnreadableError(msg)
    return key


async def async_remove_key(hass: HomeAssistant, member: str) -> None:
    """Erase a member's key, and what Home Assistant set aside of it as damaged."""
    store = _store(hass, member)
    await store.async_remove()
    await hass.async_add_executor_job(_remove_damaged, Path(store.path))


def _remove_damaged(path: Path) -> None:
    for copy in path.parent.glob(f"{path.name}.corrupt.*"):
        copy.unlink(missing_ok=True)


def _key(text: str, member: str) -> HomeKey:
    try:
        return HomeKey(from_text(text, keys.KEY_LENGTH))
    except EncodingError as error:
        msg = f"the key of the member {member} is damaged: {error}"
        raise KeyUnreadableError(msg) from error


def _store(hass: HomeAssistant, member: str) -> Store[dict[str, str]]:
    return Store(hass, _STORE_VERSION, f"{DOMAIN}.key.{member}", private=True, atomic_writes=True)
