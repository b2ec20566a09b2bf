"""A member's keys in Home Assistant's storage: on disk before anybody hears of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .home_key import HomeKey
from .protocol import keys
from .protocol.encoding import EncodingError, from_text, to_text
from .protocol.identifiers import member_id

_STORE_VERSION: Final = 1


class KeyUnreadableError(Exception):
    """The stored key is gone or damaged; a recovery phrase or a backup brings it back."""


@dataclass(frozen=True, slots=True)
class StoredKeys:
    """A member's keys, the newest first; the older ones are those that it changed from."""

    keys: tuple[HomeKey, ...]
    may_replace: bool = False
    """The newest is in the place of a lost one: the node knows it, or the co-op is asked to."""

    def of(self, public: bytes) -> HomeKey | None:
        """Find the key with this public half."""
        return next((key for key in self.keys if key.public == public), None)


async def async_save_keys(hass: HomeAssistant, member: str, stored: StoredKeys) -> None:
    """Put a member's keys on disk before anybody hears of them."""
    value: dict[str, Any] = {"seeds": [to_text(key.seed) for key in stored.keys]}
    if stored.may_replace:
        value["may_replace"] = True
    await _store(hass, member).async_save(value)


async def async_load_keys(hass: HomeAssistant, coop: str, member: str) -> StoredKeys:
    """Read a member's keys; lost ones are never replaced in silence."""
    try:
        stored = await _store(hass, member).async_load()
    # Home Assistant's store is not made for files of any shape, and raises whatever it stumbles on.
    except (HomeAssistantError, NotImplementedError, LookupError, TypeError) as error:
        msg = f"the file with the key of the member {member} is damaged: {error!r}"
        raise KeyUnreadableError(msg) from error
    match stored:
        case {"seeds": [_, *_] as texts, **others}:
            found = tuple(_key(text, member) for text in texts)
            may_replace = others.get("may_replace") is True
        case _:
            msg = f"no key is stored for the member {member}"
            raise KeyUnreadableError(msg)
    if not may_replace and member_id(coop, found[-1].public) != member:
        msg = f"the key that is stored for the member {member} is somebody else's"
        raise KeyUnreadableError(msg)
    return StoredKeys(found, may_replace)


async def async_remove_keys(hass: HomeAssistant, member: str) -> None:
    """Erase a member's keys, and what Home Assistant set aside of them as damaged."""
    store = _store(hass, member)
    await store.async_remove()
    await hass.async_add_executor_job(_remove_damaged, Path(store.path))


def _remove_damaged(path: Path) -> None:
    for copy in path.parent.glob(f"{path.name}.corrupt.*"):
        copy.unlink(missing_ok=True)


def _key(text: object, member: str) -> HomeKey:
    try:
        return HomeKey(from_text(str(text), keys.KEY_LENGTH))
    except EncodingError as error:
        msg = f"the key of the member {member} is damaged: {error}"
        raise KeyUnreadableError(msg) from error


def _store(hass: HomeAssistant, member: str) -> Store[dict[str, Any]]:
    return Store(hass, _STORE_VERSION, f"{DOMAIN}.key.{member}", private=True, atomic_writes=True)
