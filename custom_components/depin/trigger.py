"""Triggers of automations: what happens to the home's trades, its prices and its node."""

from typing import Any, ClassVar, Final, override

import voluptuous as vol
from homeassistant.const import CONF_OPTIONS, STATE_OFF, STATE_ON, STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    EntityNumericalStateCrossedThresholdTriggerBase,
    EntityTargetStateTriggerBase,
    EntityTriggerBase,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
    TriggerConfig,
)

from .own_entities import async_of_kind

_EVENT_TYPE: Final = "event_type"
_SIDE: Final = "side"
_EITHER: Final = "either"
_EVENTS: Final = {Platform.EVENT.value: DomainSpec()}
_SENSORS: Final = {Platform.SENSOR.value: DomainSpec()}
_BINARY_SENSORS: Final = {Platform.BINARY_SENSOR.value: DomainSpec()}
_YES: Final = {STATE_ON}
_NO: Final = {STATE_OFF}
_FIGURES: Final = {"sell": "sold_wh", "buy": "bought_wh"}


class _OfKind(EntityTriggerBase):
    """A trigger of the entities of one kind, whatever else its target holds."""

    _kind: ClassVar[str]
    # What the node and the books are worth stands on the co-op's page as diagnostics.
    _primary_entities_only = False

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Leave out what is not of the kind."""
        return async_of_kind(self._hass, self._kind, super().entity_filter(entities))


class _Happened(_OfKind, StatelessEntityTriggerBase):
    """An event entity has told something."""

    _domain_specs = _EVENTS
    _told: ClassVar[str]

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Tell whether it is this that was told."""
        return bool(state.attributes.get(_EVENT_TYPE) == self._told)


class TradeMatched(_Happened):
    """This home has sold or bought in an interval to come."""

    _kind = "trade"
    _told = "matched"
    _schema = ENTITY_STATE_TRIGGER_SCHEMA.extend(
        {
            vol.Required(CONF_OPTIONS, default={}): {
                vol.Required(_SIDE, default=_EITHER): vol.In([*_FIGURES, _EITHER])
            }
        }
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Read which side is meant."""
        super().__init__(hass, config)
        self._side: str = self._options[_SIDE]

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Tell whether a trade was matched, on the side that is meant."""
        matched = super().is_valid_state(state, report_not_triggered)
        energy: Any = state.attributes.get(_FIGURES.get(self._side, ""))
        return matched and (self._side == _EITHER or bool(energy))


class TradeSettled(_Happened):
    """What a trade brought or cost is known."""

    _kind = "trade"
    _told = "settled"


class TradeCorrected(_Happened):
    """What a trade brought or cost was corrected."""

    _kind = "trade"
    _told = "corrected"


class OrderRefused(_Happened):
    """An order has no effect."""

    _kind = "order"
    _told = "refused"


class _PriceCrossed(_OfKind, EntityNumericalStateCrossedThresholdTriggerBase):
    """A price has come to lie beyond a limit, or there is one again, and it does."""

    _domain_specs = _SENSORS
    _excluded_from_states = frozenset({STATE_UNAVAILABLE})


class BuyPriceCrossed(_PriceCrossed):
    """What a kilowatt-hour from neighbours costs has crossed a limit."""

    _kind = "buy_price"


class SellPriceCrossed(_PriceCrossed):
    """What a kilowatt-hour brings at neighbours has crossed a limit."""

    _kind = "sell_price"


class _Turned(_OfKind, EntityTargetStateTriggerBase):
    """A binary sensor says something that it did not say before."""

    _domain_specs = _BINARY_SENSORS
    _excluded_from_states = frozenset({STATE_UNAVAILABLE})
    _to_states = _YES


class MarketOpened(_Turned):
    """The coming interval takes orders."""

    _kind = "market_open"


class SellingStarted(_Turned):
    """An interval has begun in which the home sells."""

    _kind = "selling"


class BuyingStarted(_Turned):
    """An interval has begun in which the home buys."""

    _kind = "buying"


class SunOnOffer(_Turned):
    """An interval has begun in which neighbours sell for less than the grid."""

    _kind = "sun_on_offer"


class BooksFailed(_Turned):
    """The co-op's books do not hold."""

    _kind = "books_verified"
    _to_states = _NO


class NodeLost(_Turned):
    """The co-op's node gives no answer."""

    _kind = "node_reachable"
    _to_states = _NO


class NodeBack(_Turned):
    """The co-op's node answers again."""

    _kind = "node_reachable"


_TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "books_failed": BooksFailed,
    "buy_price_crossed": BuyPriceCrossed,
    "buying_started": BuyingStarted,
    "market_opened": MarketOpened,
    "node_back": NodeBack,
    "node_lost": NodeLost,
    "order_refused": OrderRefused,
    "sell_price_crossed": SellPriceCrossed,
    "selling_started": SellingStarted,
    "sun_on_offer": SunOnOffer,
    "trade_corrected": TradeCorrected,
    "trade_matched": TradeMatched,
    "trade_settled": TradeSettled,
}


async def async_get_triggers(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
) -> dict[str, type[Trigger]]:
    """Return all triggers, by their names."""
    return _TRIGGERS
