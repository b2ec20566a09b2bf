"""What all entities of a membership, and of its devices, have in common."""

from typing import override

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription

from .const import DOMAIN
from .contributed_sensor import ContributedSensor
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
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, f"{membership.coop}_{membership.member}")},
            entry_type=DeviceEntryType.SERVICE,
            name=entry.title,
            model="Energy co-op",
            model_id=membership.coop,
            configuration_url=membership.address,
        )


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
