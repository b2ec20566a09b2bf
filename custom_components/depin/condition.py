"""Conditions of automations: how prices, the home's trades and its node stand now."""

from typing import ClassVar, Final, override

from homeassistant.const import STATE_ON, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import (
    Condition,
    EntityConditionBase,
    EntityNumericalConditionBase,
    EntityStateConditionBase,
)

from .own_entities import async_of_kind

_SENSORS: Final = {Platform.SENSOR.value: DomainSpec()}
_BINARY_SENSORS: Final = {Platform.BINARY_SENSOR.value: DomainSpec()}
_YES: Final[set[str | bool]] = {STATE_ON}


class _OfKind(EntityConditionBase):
    """A condition on the entities of one kind, whatever else its target holds."""

    _kind: ClassVar[str]
    # What the node and the books are worth stands on the co-op's page as diagnostics.
    _primary_entities_only = False

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Leave out what is not of the kind."""
        return async_of_kind(self._hass, self._kind, super().entity_filter(entities))


class _Price(_OfKind, EntityNumericalConditionBase):
    """A price lies beyond a limit; one that is unknown lies nowhere."""

    _domain_specs = _SENSORS


class BuyPrice(_Price):
    """What a kilowatt-hour from neighbours costs."""

    _kind = "buy_price"


class SellPrice(_Price):
    """What a kilowatt-hour brings at neighbours."""

    _kind = "sell_price"


class _Is(_OfKind, EntityStateConditionBase):
    """A binary sensor says yes."""

    _domain_specs = _BINARY_SENSORS
    _states = _YES


class MarketOpen(_Is):
    """The coming interval takes orders."""

    _kind = "market_open"


class Selling(_Is):
    """The home sells in the interval that is now."""

    _kind = "selling"


class Buying(_Is):
    """The home buys in the interval that is now."""

    _kind = "buying"


class SunOnOffer(_Is):
    """Neighbours sell in the interval that is now, for less than the grid."""

    _kind = "sun_on_offer"


class BooksHold(_Is):
    """All that was looked at of the co-op's books holds."""

    _kind = "books_verified"


class NodeReachable(_Is):
    """The co-op's node answers."""

    _kind = "node_reachable"


_CONDITIONS: Final[dict[str, type[Condition]]] = {
    "books_hold": BooksHold,
    "buy_price": BuyPrice,
    "buying": Buying,
    "market_open": MarketOpen,
    "node_reachable": NodeReachable,
    "sell_price": SellPrice,
    "selling": Selling,
    "sun_on_offer": SunOnOffer,
}


async def async_get_conditions(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
) -> dict[str, type[Condition]]:
    """Return all conditions, by their names."""
    return _CONDITIONS
