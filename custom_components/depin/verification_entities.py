"""What is shown of the co-op's books as they are verified at home."""

from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.sensor import (
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory

from .entity import MembershipEntity
from .membership import DepinConfigEntry
from .verification import Verification

_BOOKS_VERIFIED: Final = BinarySensorEntityDescription(
    key="books_verified",
    translation_key="books_verified",
    entity_category=EntityCategory.DIAGNOSTIC,
)
_LOG_SIZE: Final = SensorEntityDescription(
    key="log_size",
    translation_key="log_size",
    state_class=SensorStateClass.MEASUREMENT,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)


class BooksVerified(MembershipEntity, BinarySensorEntity):
    """Whether all that was looked at holds."""

    def __init__(self, entry: DepinConfigEntry, verification: Verification) -> None:
        """Show what was found."""
        super().__init__(entry, _BOOKS_VERIFIED)
        self._verification = verification

    @property
    @override
    def is_on(self) -> bool | None:
        """Return it, None before anything was looked at."""
        return self._verification.is_verified

    @override
    async def async_added_to_hass(self) -> None:
        """Write the state after each look."""
        self.async_on_remove(self._verification.listen(self.async_write_ha_state))


class LogSize(MembershipEntity, SensorEntity):
    """How many entries of the log were seen to follow from each other."""

    def __init__(self, entry: DepinConfigEntry, verification: Verification) -> None:
        """Show how far the home has come."""
        super().__init__(entry, _LOG_SIZE)
        self._verification = verification

    @property
    @override
    def native_value(self) -> int:
        """Return the number."""
        return self._verification.size

    @override
    async def async_added_to_hass(self) -> None:
        """Write the state after each look."""
        self.async_on_remove(self._verification.listen(self.async_write_ha_state))
