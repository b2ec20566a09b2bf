"""By when cars are wanted."""

from dataclasses import replace
from datetime import time
from typing import Final, override

from homeassistant.components.time import TimeEntity, TimeEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging_entity import ChargingEntity, chargers_of
from .membership import DepinConfigEntry

PARALLEL_UPDATES: Final = 1

READY_BY: Final = TimeEntityDescription(
    key="ready_by", translation_key="ready_by", entity_category=EntityCategory.CONFIG
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
    entry: DepinConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Let a member say by when each car is wanted."""
    for subentry_id, chargers, charger in chargers_of(entry):
        async_add_entities([ReadyBy(chargers, charger, READY_BY)], config_subentry_id=subentry_id)


class ReadyBy(ChargingEntity, TimeEntity):
    """When a car has to have what it needs."""

    @property
    @override
    def native_value(self) -> time:
        """Return the time of the day."""
        return time(*divmod(self.car.wish.ready, 60))

    @override
    async def async_set_value(self, value: time) -> None:
        """Want it at another time."""
        await self.async_wish(replace(self.car.wish, ready=value.hour * 60 + value.minute))
