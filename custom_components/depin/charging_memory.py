"""What is kept of the cars of one member, in Home Assistant's storage."""

from functools import partial
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .car_charging import CarMemory, Charge
from .const import DOMAIN

_STORE_VERSION: Final = 1


class ChargingMemory:
    """One file for all chargers of a member, each by its subentry."""

    def __init__(self, hass: HomeAssistant, member: str) -> None:
        """Begin with nothing, until it is loaded."""
        self._store: Store[dict[str, Any]] = Store(
            hass, _STORE_VERSION, f"{DOMAIN}.charging.{member}", atomic_writes=True
        )
        self._kept: dict[str, Any] = {}

    async def async_load(self) -> None:
        """Read what was kept."""
        self._kept = await self._store.async_load() or {}

    def charge(self, subentry_id: str) -> Charge:
        """Return what was kept of the car at a charger."""
        kept = self._kept.get(subentry_id)
        return Charge() if kept is None else Charge.of(kept)

    def of(self, subentry_id: str) -> CarMemory:
        """Return where what is kept of one car lies."""
        return _OfCar(self, subentry_id)

    async def async_save(self, subentry_id: str, charge: Charge) -> None:
        """Have what is kept of a car on disk."""
        self._kept = {**self._kept, subentry_id: charge.to_json()}
        await self._store.async_save(self._kept)


class _OfCar:
    """The part of the file that is one car's."""

    def __init__(self, memory: ChargingMemory, subentry_id: str) -> None:
        self.async_save = partial(memory.async_save, subentry_id)
