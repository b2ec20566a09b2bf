"""What all entities of a membership have in common."""

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription

from .const import DOMAIN
from .membership import DepinConfigEntry


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
