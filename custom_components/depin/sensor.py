"""Sensors of a membership."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import MembershipEntity
from .membership import DepinConfigEntry, Membership, MembershipState

# Nothing is polled and nothing is commanded.
PARALLEL_UPDATES: Final = 0


@dataclass(frozen=True, kw_only=True)
class MembershipSensorDescription(SensorEntityDescription):
    """One thing a membership shows, and where it is read."""

    value: Callable[[Membership], str]


SENSORS: Final = (
    MembershipSensorDescription(
        key="membership",
        translation_key="membership",
        device_class=SensorDeviceClass.ENUM,
        options=list(MembershipState),
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda membership: membership.state,
    ),
    MembershipSensorDescription(
        key="key_fingerprint",
        translation_key="key_fingerprint",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda membership: membership.key.fingerprint,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
    entry: DepinConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Show the membership."""
    async_add_entities(MembershipSensor(entry, description) for description in SENSORS)


class MembershipSensor(MembershipEntity, SensorEntity):
    """One thing a membership shows."""

    entity_description: MembershipSensorDescription

    @property
    @override
    def native_value(self) -> str:
        """Return what the description reads."""
        return self.entity_description.value(self.membership)
