"""What a car needs, and what its owner pays neighbours for it at most."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import EntityCategory, UnitOfEnergy

from .chargers import Charger, Chargers
from .charging_entity import ChargingEntity, chargers_of
from .membership import DepinConfigEntry, Membership
from .per_kwh import price_of, shown_price

_WH: Final = 1000

NEEDED: Final = NumberEntityDescription(
    key="charging_needed",
    translation_key="charging_needed",
    device_class=NumberDeviceClass.ENERGY_STORAGE,
    native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    native_min_value=0,
    native_max_value=200,
    native_step=0.1,
    mode=NumberMode.BOX,
)
MAXIMUM: Final = NumberEntityDescription(
    key="charging_maximum_price",
    translation_key="charging_maximum_price",
    entity_category=EntityCategory.CONFIG,
    entity_registry_enabled_default=False,
    native_min_value=-10,
    native_max_value=10,
    native_step=0.0001,
    mode=NumberMode.BOX,
)


def charging_numbers(entry: DepinConfigEntry) -> Iterator[tuple[str, list[NumberEntity]]]:
    """Give the numbers of each charger by its subentry."""
    for subentry_id, chargers, charger in chargers_of(entry):
        yield (
            subentry_id,
            [
                Needed(chargers, charger, NEEDED),
                MaximumPrice(entry.runtime_data, chargers, charger),
            ],
        )


class Needed(ChargingEntity, NumberEntity):
    """The energy that has still to be charged; it falls as the charger counts."""

    @property
    @override
    def native_value(self) -> float:
        """Return the kilowatt-hours."""
        return self.car.wish.needed / _WH

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Need as much from now on."""
        await self.async_wish(replace(self.car.wish, needed=round(value * _WH)))


class MaximumPrice(ChargingEntity, NumberEntity):
    """What neighbours get for a car's energy at most."""

    def __init__(self, membership: Membership, chargers: Chargers, charger: Charger) -> None:
        """Show prices in the co-op's currency."""
        super().__init__(chargers, charger, MAXIMUM)
        self._membership = membership

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """Return the currency for a kilowatt-hour, once it is known."""
        coordinator = self._membership.coordinator
        purse = None if coordinator is None else coordinator.keeping.purse
        return None if purse is None else f"{purse.asset}/{UnitOfEnergy.KILO_WATT_HOUR}"

    @property
    @override
    def native_value(self) -> float | None:
        """Return the price; none while what the grid's energy is worth is the limit."""
        price = self.car.wish.maximum
        return None if price is None else shown_price(self._membership, price)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Pay no more."""
        price = price_of(self._membership, value)
        await self.async_wish(replace(self.car.wish, maximum=price))
