"""How the home trades by itself, and how its cars are charged."""

from dataclasses import replace
from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging import Mode
from .charging_entity import ChargingEntity, chargers_of
from .market import Strategy
from .membership import DepinConfigEntry
from .trading_entity import TradingEntity

PARALLEL_UPDATES: Final = 1

STRATEGY: Final = SelectEntityDescription(
    key="strategy",
    translation_key="strategy",
    entity_category=EntityCategory.CONFIG,
    options=[strategy.value for strategy in Strategy],
)

CHARGING: Final = SelectEntityDescription(
    key="charging_mode",
    translation_key="charging_mode",
    options=[mode.value for mode in Mode],
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
    entry: DepinConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Let a member choose its strategy, and how cars are charged."""
    for subentry_id, chargers, charger in chargers_of(entry):
        async_add_entities(
            [ChargingSelect(chargers, charger, CHARGING)], config_subentry_id=subentry_id
        )
    trading = entry.runtime_data.trading
    if trading is not None:
        async_add_entities([StrategySelect(entry, trading, STRATEGY)])


class StrategySelect(TradingEntity, SelectEntity):
    """The strategy of a member."""

    @property
    @override
    def current_option(self) -> str:
        """Return the strategy that was chosen."""
        return self.trading.choices.wishes.strategy.value

    @override
    async def async_select_option(self, option: str) -> None:
        """Trade by another strategy from now on."""
        choices = self.trading.choices
        wishes = replace(choices.wishes, strategy=Strategy(option))
        await self.trading.async_decide(replace(choices, wishes=wishes))


class ChargingSelect(ChargingEntity, SelectEntity):
    """How the car at a charger is charged."""

    @property
    @override
    def current_option(self) -> str:
        """Return how, as it was chosen."""
        return self.car.wish.mode.value

    @override
    async def async_select_option(self, option: str) -> None:
        """Charge in another way from now on."""
        await self.async_wish(replace(self.car.wish, mode=Mode(option)))
