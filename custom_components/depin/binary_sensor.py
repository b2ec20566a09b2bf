"""Binary sensors of a membership, its markets and its devices."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging_entity import ChargingEntity, chargers_of
from .devices.points import Role, Status
from .entity import DeviceEntity
from .market_binary_sensor import NODE_REACHABLE, OF_MARKET, BooksBinarySensor
from .membership import DepinConfigEntry
from .verification_binary_sensor import BooksVerified

# Nothing is polled and nothing is commanded.
PARALLEL_UPDATES: Final = 0

_WITH_CAR: Final = frozenset({Status.PLUGGED, Status.CHARGING, Status.COMPLETE})
_KNOWN: Final = _WITH_CAR | {Status.UNPLUGGED}


@dataclass(frozen=True, kw_only=True)
class ChargerDescription(BinarySensorEntityDescription):
    """One thing that the status of a charger tells."""

    value: Callable[[Status], bool]


CHARGER_SENSORS: Final = (
    ChargerDescription(
        key="plugged",
        device_class=BinarySensorDeviceClass.PLUG,
        value=lambda status: status in _WITH_CAR,
    ),
    ChargerDescription(
        key="charging",
        device_class=BinarySensorDeviceClass.BATTERY_CHARGING,
        value=lambda status: status is Status.CHARGING,
    ),
)

CHARGE_NOW: Final = BinarySensorEntityDescription(key="charge_now", translation_key="charge_now")


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
    entry: DepinConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Show node and markets, and the cars at all chargers that say what they do."""
    coordinator = entry.runtime_data.coordinator
    if coordinator is not None:
        async_add_entities([BooksBinarySensor(entry, coordinator, NODE_REACHABLE)])
        coordinator.async_show_markets(
            lambda market: async_add_entities(
                BooksBinarySensor(entry, coordinator, one, market) for one in OF_MARKET
            )
        )
    verification = entry.runtime_data.verification
    if verification is not None:
        async_add_entities([BooksVerified(entry, verification)])
    for subentry_id, device in entry.runtime_data.senses.devices.items():
        roles = {part.use.role for part in device.metered.parts}
        if Role.CHARGER in roles and device.has_status:
            async_add_entities(
                (ChargerSensor(device, description) for description in CHARGER_SENSORS),
                config_subentry_id=subentry_id,
            )
    for subentry_id, chargers, charger in chargers_of(entry):
        async_add_entities(
            [ChargeNow(chargers, charger, CHARGE_NOW)], config_subentry_id=subentry_id
        )


class ChargerSensor(DeviceEntity, BinarySensorEntity):
    """One thing that a charger tells of the car."""

    entity_description: ChargerDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what the status tells, None where it tells nothing of a car."""
        status = self.device.status
        return self.entity_description.value(status) if status in _KNOWN else None


class ChargeNow(ChargingEntity, BinarySensorEntity):
    """Whether the car is to be charged now, for automations that switch a charger."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it is; None while it is charged as it likes."""
        return self.car.charges
