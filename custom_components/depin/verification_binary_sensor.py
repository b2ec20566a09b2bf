"""Whether the co-op's books hold, as they are verified at home."""

from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
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
