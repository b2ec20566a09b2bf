"""How much of the co-op's log was verified at home."""

from typing import Final, override

from homeassistant.components.sensor import (
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory

from .entity import MembershipEntity
from .membership import DepinConfigEntry
from .verification import Verification

_LOG_SIZE: Final = SensorEntityDescription(
    key="log_size",
    translation_key="log_size",
    state_class=SensorStateClass.MEASUREMENT,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)


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
