"""Which market somebody asks about, out of what they name; the first of a co-op's by itself."""

from typing import NamedTuple

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import service

from .const import DOMAIN
from .coordinator import BooksCoordinator
from .market_calendar import MarketCalendar
from .membership import DepinConfigEntry


class AskedMarket(NamedTuple):
    """A market, and what is known of it."""

    coordinator: BooksCoordinator
    calendar: MarketCalendar


def asked_market(hass: HomeAssistant, entry_id: str | None, market: str | None) -> AskedMarket:
    """Find a market; a ServiceValidationError says why there is none."""
    entry: DepinConfigEntry = service.async_get_config_entry(hass, DOMAIN, entry_id)
    coordinator = entry.runtime_data.coordinator
    markets = {} if coordinator is None else coordinator.keeping.markets
    if coordinator is None or not markets or coordinator.data.purse is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_market_yet",
            translation_placeholders={"coop": entry.title},
        )
    name = market or next(iter(markets))
    if name not in markets:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_such_market",
            translation_placeholders={"market": name, "markets": ", ".join(markets)},
        )
    return AskedMarket(coordinator, markets[name])
