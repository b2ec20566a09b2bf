"""The owner's choices of trading, and a trial's paper, in Home Assistant's storage."""

from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .trading_choices import Choices
from .trial import Paper

_STORE_VERSION: Final = 1


class TradingMemory:
    """What one member has decided."""

    def __init__(self, hass: HomeAssistant, member: str) -> None:
        """Keep the choices of a member."""
        self._store: Store[dict[str, Any]] = Store(
            hass, _STORE_VERSION, f"{DOMAIN}.trading.{member}", atomic_writes=True
        )

    async def async_load(self, at_first: Choices) -> Choices:
        """Return what was decided, or what holds at first."""
        written = await self._store.async_load()
        return at_first if written is None else Choices.of(written)

    async def async_save(self, choices: Choices) -> None:
        """Have the choices on disk."""
        await self._store.async_save(choices.to_json())


class TrialMemory:
    """What one member has on paper; it counts in no book."""

    def __init__(self, hass: HomeAssistant, member: str) -> None:
        """Keep the paper of a member."""
        self._store: Store[dict[str, Any]] = Store(
            hass, _STORE_VERSION, f"{DOMAIN}.trial.{member}", atomic_writes=True
        )

    async def async_load(self) -> Paper:
        """Return what is on paper."""
        written = await self._store.async_load()
        return Paper() if written is None else Paper.of(written)

    async def async_save(self, paper: Paper) -> None:
        """Have it on disk."""
        await self._store.async_save(paper.to_json())
