"""Whether the home trades, and what it never does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .membership import DepinConfigEntry
from .trading_choices import Choices
from .trading_entity import TradingEntity

PARALLEL_UPDATES: Final = 1


@dataclass(frozen=True, kw_only=True)
class ChoiceDescription(SwitchEntityDescription):
    """One thing that is or is not, and how it is decided."""

    value: Callable[[Choices], bool]
    decided: Callable[[Choices, bool], Choices]


SWITCHES: Final = (
    ChoiceDescription(
        key="trading",
        translation_key="trading",
        value=lambda choices: choices.trading,
        decided=lambda choices, is_on: replace(choices, trading=is_on),
    ),
    ChoiceDescription(
        key="trial",
        translation_key="trial",
        entity_category=EntityCategory.CONFIG,
        value=lambda choices: choices.on_paper,
        decided=lambda choices, is_on: choices.trial(begins=is_on),
    ),
    ChoiceDescription(
        key="negative_price_guard",
        translation_key="negative_price_guard",
        entity_category=EntityCategory.CONFIG,
        entity_registry_enabled_default=False,
        value=lambda choices: choices.wishes.guarded,
        decided=lambda choices, is_on: replace(
            choices, wishes=replace(choices.wishes, guarded=is_on)
        ),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
    entry: DepinConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Let a member decide."""
    trading = entry.runtime_data.trading
    if trading is not None:
        async_add_entities(ChoiceSwitch(entry, trading, one) for one in SWITCHES)


class ChoiceSwitch(TradingEntity, SwitchEntity):
    """One thing that is or is not."""

    entity_description: ChoiceDescription

    @property
    @override
    def is_on(self) -> bool:
        """Return what was decided."""
        return self.entity_description.value(self.trading.choices)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Decide that it is."""
        await self._async_decide(is_on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Decide that it is not."""
        await self._async_decide(is_on=False)

    async def _async_decide(self, *, is_on: bool) -> None:
        decided = self.entity_description.decided(self.trading.choices, is_on)
        await self.trading.async_decide(decided)
