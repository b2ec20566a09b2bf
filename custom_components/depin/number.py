"""The limits that owners and automations set: of trading, and of chargers' currents."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, override

from homeassistant.components.number import (
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import PERCENTAGE, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging_number import charging_numbers
from .current_limit_number import current_limits
from .market import OpenInterval, Wishes
from .membership import DepinConfigEntry
from .per_kwh import price_of, shown_price
from .trading_entity import TradingEntity

# A charger is told one thing at a time.
PARALLEL_UPDATES: Final = 1
SCAN_INTERVAL: Final = timedelta(minutes=1)

_DEAREST: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class LimitDescription(NumberEntityDescription):
    """A limit in its unit of the market, and what holds while the owner has set none."""

    value: Callable[[Wishes], int | None]
    given: Callable[[OpenInterval], int]
    wished: Callable[[Wishes, int], Wishes]


PRICES: Final = (
    LimitDescription(
        key="reserve_price",
        translation_key="reserve_price",
        value=lambda wishes: wishes.reserve,
        given=lambda interval: interval.grid.feed_in,
        wished=lambda wishes, price: replace(wishes, reserve=price),
    ),
    LimitDescription(
        key="maximum_price",
        translation_key="maximum_price",
        entity_registry_enabled_default=False,
        value=lambda wishes: wishes.maximum,
        given=lambda interval: interval.worth,
        wished=lambda wishes, price: replace(wishes, maximum=price),
    ),
)

SHARE: Final = NumberEntityDescription(
    key="surplus_share",
    translation_key="surplus_share",
    entity_category=EntityCategory.CONFIG,
    native_min_value=0,
    native_max_value=100,
    native_step=1,
    native_unit_of_measurement=PERCENTAGE,
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
    entry: DepinConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Let a member set its limits, and those of its chargers."""
    for subentry_id, number in current_limits(entry):
        async_add_entities([number], config_subentry_id=subentry_id)
    for subentry_id, numbers in charging_numbers(entry):
        async_add_entities(numbers, config_subentry_id=subentry_id)
    trading = entry.runtime_data.trading
    if trading is not None:
        async_add_entities(PriceLimit(entry, trading, one) for one in PRICES)
        async_add_entities([SurplusShare(entry, trading, SHARE)])


class PriceLimit(TradingEntity, NumberEntity):
    """A price that the home does not go beyond, without fees and taxes."""

    entity_description: LimitDescription

    _attr_entity_category = EntityCategory.CONFIG
    _attr_mode = NumberMode.BOX
    _attr_native_min_value = -_DEAREST
    _attr_native_max_value = _DEAREST
    _attr_native_step = 0.0001

    @property
    @override
    def native_unit_of_measurement(self) -> str:
        """Return the unit of prices."""
        return f"{self.hass.config.currency}/kWh"

    @property
    @override
    def native_value(self) -> float | None:
        """Return what the owner has set, or what holds without."""
        price = self.entity_description.value(self.trading.choices.wishes)
        if price is None and self.trading.intervals:
            price = self.entity_description.given(self.trading.intervals[0])
        return None if price is None else shown_price(self.membership, price)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the limit."""
        choices = self.trading.choices
        price = price_of(self.membership, value)
        wishes = self.entity_description.wished(choices.wishes, price)
        await self.trading.async_decide(replace(choices, wishes=wishes))


class SurplusShare(TradingEntity, NumberEntity):
    """How much of the surplus the home may sell."""

    @property
    @override
    def native_value(self) -> int:
        """Return the percentage."""
        return self.trading.choices.wishes.share

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the percentage."""
        choices = self.trading.choices
        wishes = replace(choices.wishes, share=round(value))
        await self.trading.async_decide(replace(choices, wishes=wishes))
