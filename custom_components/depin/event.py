"""Events of a membership's markets: trades that were matched and settled, orders refused."""

from abc import abstractmethod
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .entity import BooksEntity
from .happenings import FRESH, OrderRefused, Settled, Settling
from .market_answers import Traded
from .membership import DepinConfigEntry
from .protocol.events import Event, EventKind
from .protocol.statements.fields import BodyError

# Nothing is polled and nothing is commanded.
PARALLEL_UPDATES: Final = 0

_MATCHED: Final = "matched"
_VOIDED: Final = "voided"
_REFUSED: Final = "refused"

TRADE: Final = EventEntityDescription(
    key="trade", translation_key="trade", event_types=[_MATCHED, _VOIDED, *Settling]
)
ORDER: Final = EventEntityDescription(key="order", translation_key="order", event_types=[_REFUSED])


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
    entry: DepinConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Show what happens in each market, once the home is a member."""
    coordinator = entry.runtime_data.coordinator
    if coordinator is not None:
        async_add_entities([OrderEvent(entry, coordinator, ORDER)])
        coordinator.async_show_markets(
            lambda market: async_add_entities([TradeEvent(entry, coordinator, TRADE, market)])
        )


class _HeardEntity(BooksEntity, EventEntity):
    """An entity that the node's events come to, as long as they are fresh."""

    @override
    async def async_added_to_hass(self) -> None:
        """Hear what the node pushes."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_hear(self._async_hear))

    @callback
    def _async_hear(self, event: Event) -> None:
        if event.at > dt_util.utcnow().timestamp() * 1000 - FRESH:
            try:
                self._async_take(event)
            except BodyError:
                # Whoever keeps the books has said so, and asks for it.
                return

    @abstractmethod
    @callback
    def _async_take(self, event: Event) -> None:
        """Trigger what an event is, or raise a BodyError."""


class TradeEvent(_HeardEntity):
    """What becomes of this home's trades in a market."""

    @override
    @callback
    def _async_take(self, event: Event) -> None:
        if event.known is EventKind.CLEARED:
            traded = Traded.read(event.data)
            if traded.market == self.market and traded.voided:
                self._async_tell(_VOIDED, traded.start, {})
            elif traded.market == self.market and (traded.bought or traded.sold):
                money = self.coordinator.data.money
                figures = {
                    "bought_wh": traded.bought,
                    "sold_wh": traded.sold,
                    "bought_at": money(traded.buyers, 1000) if traded.bought else None,
                    "sold_at": money(traded.sellers, 1000) if traded.sold else None,
                }
                self._async_tell(_MATCHED, traded.start, figures)
        elif event.known is EventKind.SETTLED:
            settled = Settled.read(event)
            if settled.market == self.market:
                money = self.coordinator.data.money
                figures = {
                    "pays": money(settled.pays),
                    "receives": money(settled.receives),
                    "net": money(settled.receives - settled.pays),
                }
                self._async_tell(settled.kind, settled.start, figures)

    @callback
    def _async_tell(self, kind: str, start: int, figures: dict[str, float | None]) -> None:
        moment = dt_util.utc_from_timestamp(start / 1000).isoformat()
        self._trigger_event(kind, {"start": moment, **figures})
        self.async_write_ha_state()


class OrderEvent(_HeardEntity):
    """Orders of this home's that have no effect."""

    @override
    @callback
    def _async_take(self, event: Event) -> None:
        if event.known is EventKind.DECISION:
            refused = OrderRefused.read(event)
            if refused is not None:
                self._trigger_event(_REFUSED, {"code": refused.code, "detail": refused.detail})
                self.async_write_ha_state()
