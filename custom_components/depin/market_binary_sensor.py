"""Binary sensors of a membership's node and markets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory

from .coordinator import Link, Shown
from .entity import BooksEntity


@dataclass(frozen=True, kw_only=True)
class BooksBinarySensorDescription(BinarySensorEntityDescription):
    """One thing that is so or not so; `market` is empty for the co-op as a whole."""

    value: Callable[[Shown, str], bool | None]


NODE_REACHABLE: Final = BooksBinarySensorDescription(
    key="node_reachable",
    translation_key="node_reachable",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
    value=lambda shown, _: None if shown.link is Link.STARTING else shown.link is not Link.AWAY,
)
MARKET_OPEN: Final = BooksBinarySensorDescription(
    key="market_open",
    translation_key="market_open",
    value=lambda shown, market: shown.markets[market].is_open,
)


class BooksBinarySensor(BooksEntity, BinarySensorEntity):
    """One thing that is so or not so."""

    entity_description: BooksBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what the description reads."""
        return self.entity_description.value(self.coordinator.data, self.market or "")
