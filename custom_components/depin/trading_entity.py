"""What the entities have in common by which an owner decides of trading."""

from typing import override

from homeassistant.helpers.entity import EntityDescription

from .entity import MembershipEntity
from .membership import DepinConfigEntry
from .trading import Trading


class TradingEntity(MembershipEntity):
    """A choice of the owner's; it outlasts restarts by itself."""

    def __init__(
        self, entry: DepinConfigEntry, trading: Trading, description: EntityDescription
    ) -> None:
        """Place the entity under its co-op."""
        super().__init__(entry, description)
        self.trading = trading

    @override
    async def async_added_to_hass(self) -> None:
        """Write the state when something was decided, or learned of the market."""
        self.async_on_remove(self.trading.listen(self.async_write_ha_state))
