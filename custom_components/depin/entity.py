"""What all entities of a membership, and of its devices, have in common."""

from typing import override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .contributed_sensor import ContributedSensor
from .coordinator import BooksCoordinator
from .membership import DepinConfigEntry
from .sensed_device import SensedDevice


class MembershipEntity(Entity):
    """An entity on the page of a co-op."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: DepinConfigEntry, description: EntityDescription) -> None:
        """Place the entity under its co-op."""
        membership = entry.runtime_data
        self.entity_description = description
        self.membership = membership
        self._attr_unique_id = f"{membership.coop}_{membership.member}_{description.key}"
        self._attr_device_info = _coop_device(entry)


class BooksEntity(CoordinatorEntity[BooksCoordinator]):
    """An entity on the page of a co-op, or of one of its markets, that its books are shown by."""

    _attr_has_entity_name = True

    def __init__(
        self,
        entry: DepinConfigEntry,
        coordinator: BooksCoordinator,
        description: EntityDescription,
        market: str | None = None,
    ) -> None:
        """Place the entity under its market, or under the co-op as a whole."""
        super().__init__(coordinator)
        membership = entry.runtime_data
        name = f"{membership.coop}_{membership.member}"
        self.entity_description = description
        self.market = market
        if market is None:
            self._attr_unique_id = f"{name}_{description.key}"
            self._attr_device_info = _coop_device(entry)
        else:
            self._attr_unique_id = f"{name}_{market}_{description.key}"
            self._attr_device_info = DeviceInfo(
                identifiers={(DOMAIN, f"{name}_{market}")},
                entry_type=DeviceEntryType.SERVICE,
                name=f"{entry.title} {market}",
                model="Energy market",
                model_id=market,
                via_device_id=coordinator.coop_device_id,
            )


def _coop_device(entry: DepinConfigEntry) -> DeviceInfo:
    """Describe the device that a co-op is."""
    membership = entry.runtime_data
    return DeviceInfo(
        identifiers={(DOMAIN, f"{membership.coop}_{membership.member}")},
        entry_type=DeviceEntryType.SERVICE,
        name=entry.title,
        model="Energy co-op",
        model_id=membership.coop,
        configuration_url=membership.address,
    )


@callback
def async_coop_device(hass: HomeAssistant, entry: DepinConfigEntry) -> str:
    """Have a device for the co-op, and return its id: those of its markets belong to it."""
    membership = entry.runtime_data
    registry = dr.async_get(hass)
    device = registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, f"{membership.coop}_{membership.member}")},
        entry_type=DeviceEntryType.SERVICE,
        name=entry.title,
    )
    return device.id


class DeviceEntity(Entity):
    """An entity on the page of a device that the home reads."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, device: SensedDevice, description: EntityDescription) -> None:
        """Place the entity under its device, with what the device has said of itself so far."""
        whole = device.metered.whole
        self.entity_description = description
        self.device = device
        self._attr_unique_id = f"{device.subentry.subentry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, device.subentry.subentry_id)},
            name=device.subentry.title,
            manufacturer=whole.manufacturer,
            model=whole.model,
            serial_number=whole.serial,
        )

    @property
    @override
    def available(self) -> bool:
        """Return whether the device answers, or is known to be asleep."""
        return self.device.metered.available is True

    @override
    async def async_added_to_hass(self) -> None:
        """Write the state after each reading."""
        self.async_on_remove(self.device.metered.listen(self.async_write_ha_state))


class ContributedEntity(Entity):
    """An entity on the page of a sensor that the home contributes."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, sensor: ContributedSensor, description: EntityDescription) -> None:
        """Place the entity on a page of its own."""
        self.entity_description = description
        self.sensor = sensor
        self._attr_unique_id = f"{sensor.subentry.subentry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, sensor.subentry.subentry_id)},
            entry_type=DeviceEntryType.SERVICE,
            name=sensor.subentry.title,
            model="Contributed sensor",
        )

    @property
    @override
    def available(self) -> bool:
        """Return whether there is anything to contribute."""
        return self.sensor.value is not None

    @override
    async def async_added_to_hass(self) -> None:
        """Write the state after each observation."""
        self.async_on_remove(self.sensor.observed.listen(self.async_write_ha_state))
