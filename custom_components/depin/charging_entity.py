"""What the entities have in common by which an owner decides how a car is charged."""

from collections.abc import Iterator
from typing import override

from homeassistant.helpers.entity import EntityDescription

from .chargers import Charger, Chargers
from .charging import Wish
from .entity import DeviceEntity
from .membership import DepinConfigEntry


class ChargingEntity(DeviceEntity):
    """A choice of the owner's on a charger's page; it outlasts restarts by itself."""

    def __init__(
        self, chargers: Chargers, charger: Charger, description: EntityDescription
    ) -> None:
        """Place the entity under its charger."""
        super().__init__(charger.device, description)
        self._chargers = chargers
        self._charger = charger
        self.car = charger.car

    @property
    @override
    def available(self) -> bool:
        """Return that one may always decide, whether the charger answers or not."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Write the state when something was decided or charged."""
        self.async_on_remove(self.car.listen(self.async_write_ha_state))

    async def async_wish(self, wish: Wish) -> None:
        """Have it so from now on."""
        await self._chargers.async_wish(self._charger, wish)


def chargers_of(entry: DepinConfigEntry) -> Iterator[tuple[str, Chargers, Charger]]:
    """Give the chargers of a member, each with its subentry."""
    chargers = entry.runtime_data.chargers
    if chargers is not None:
        for subentry_id, charger in chargers.all.items():
            yield subentry_id, chargers, charger
