"""What this home has ordered for intervals to come, as far as it knows."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.util import dt as dt_util

from .per_kwh import shown_price
from .trading_entity import TradingEntity

OPEN_ORDERS: Final = SensorEntityDescription(
    key="open_orders",
    translation_key="open_orders",
    state_class=SensorStateClass.MEASUREMENT,
    entity_registry_enabled_default=False,
)
_SIDES: Final = {"ask": "sell", "bid": "buy"}


class OpenOrders(TradingEntity, SensorEntity):
    """How many orders stand, one for each interval and side; which ones by its attribute."""

    _unrecorded_attributes = frozenset({"orders"})

    @property
    @override
    def native_value(self) -> int:
        """Return how many there are."""
        return len(self._orders)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Say of which interval and side each is, and how much at which price without fees."""
        return {"orders": self._orders}

    @property
    def _orders(self) -> list[dict[str, Any]]:
        now = dt_util.utcnow()
        return [
            {
                "start": at,
                "side": _SIDES[side],
                "steps": [
                    {"energy": wh / 1000, "price": shown_price(self.membership, price)}
                    for price, wh in steps
                ],
            }
            for (start, side), steps in sorted(self.trading.placed.items())
            if (at := dt_util.utc_from_timestamp(start / 1000)) > now
        ]
