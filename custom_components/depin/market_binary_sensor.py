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
from .market_now import is_sun_on_offer


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
SELLING: Final = BooksBinarySensorDescription(
    key="selling",
    translation_key="selling",
    value=lambda shown, market: shown.markets[market].sold_now > 0,
)
BUYING: Final = BooksBinarySensorDescription(
    key="buying",
    translation_key="buying",
    value=lambda shown, market: shown.markets[market].bought_now > 0,
)
SUN_ON_OFFER: Final = BooksBinarySensorDescription(
    key="sun_on_offer",
    translation_key="sun_on_offer",
    value=lambda shown, market: is_sun_on_offer(shown.markets[market]),
)
OF_MARKET: Final = (MARKET_OPEN, SELLING, BUYING, SUN_ON_OFFER)


class BooksBinarySensor(BooksEntity, BinarySensorEntity):
    """One thing that is so or not so."""

    entity_description: BooksBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what the description reads."""
        return self.entity_description.value(self.coordinator.data, self.market or "")
