"""The owner's choices of trading in Home Assistant's storage."""

from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .trading_choices import Choices

_STORE_VERSION: Final = 1


class TradingMemory:
    """What one member has decided."""

    def __init__(self, hass: HomeAssistant, member: str) -> None:
        """Keep the choices of a member."""
        self._store: Store[dict[str, Any]] = Store(
            hass, _STORE_VERSION, f"{DOMAIN}.trading.{member}", atomic_writes=True
        )

    async def async_load(self) -> Choices:
        """Return what was decided; who has decided nothing does not trade."""
        written = await self._store.async_load()
        return Choices() if written is None else Choices.of(written)

    async def async_save(self, choices: Choices) -> None:
        """Have the choices on disk."""
        await self._store.async_save(choices.to_json())
