"""The calendar of a market: the intervals in which this home traded, or offers to."""

from collections.abc import Container, Iterator
from datetime import datetime
from typing import Final, override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEvent,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .books import BooksError, OwnInterval
from .const import DOMAIN
from .coordinator import BooksCoordinator
from .entity import BooksEntity
from .market import Curves
from .membership import DepinConfigEntry
from .per_kwh import shown_price
from .protocol.statements.trading import Side
from .trading import Trading

# Nothing is polled and nothing is commanded.
PARALLEL_UPDATES: Final = 0

TRADES: Final = CalendarEntityDescription(key="trades", translation_key="trades")

_SIGNS: Final[tuple[tuple[Side, str, str], ...]] = (("ask", "↑", "≥"), ("bid", "↓", "≤"))
_LONGEST: Final = 3_600_000
"""No interval lasts longer than an hour."""


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
    entry: DepinConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Show the trades of each market, once the home is a member."""
    coordinator, trading = entry.runtime_data.coordinator, entry.runtime_data.trading
    if coordinator is not None and trading is not None:
        coordinator.async_show_markets(
            lambda market: async_add_entities([TradeCalendar(entry, coordinator, trading, market)])
        )


class TradeCalendar(BooksEntity, CalendarEntity):
    """The intervals with trades, as far ahead as they are cleared, and what is offered beyond."""

    entity_description: CalendarEntityDescription

    def __init__(
        self, entry: DepinConfigEntry, coordinator: BooksCoordinator, trading: Trading, market: str
    ) -> None:
        """Show the trades of a market."""
        super().__init__(entry, coordinator, TRADES, market)
        self._membership = entry.runtime_data
        self._trading = trading

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return the trade or offer of the interval that is now, or of the next that has one."""
        trades = self.coordinator.data.markets[str(self.market)].trades
        cleared = {trade.start for trade in trades}
        events = [_shown(trade) for trade in trades]
        events += self._offers(cleared)
        return min(events, key=lambda one: one.start, default=None)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what is ordered, too."""
        await super().async_added_to_hass()
        self.async_on_remove(self._trading.listen(self.async_write_ha_state))

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the trades and offers in a span of time."""
        begin, end = (int(at.timestamp() * 1000) for at in (start_date, end_date))
        books = self.coordinator.keeping.books
        try:
            rows = await books.own(str(self.market), begin - _LONGEST, end)
        except BooksError as error:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="books_unreadable",
                translation_placeholders={"error": str(error)},
            ) from error
        events = [_shown(row) for row in rows if row.end > begin and (row.bought or row.sold)]
        events += self._offers({row.start for row in rows})
        return [one for one in events if one.start < end_date and one.end > start_date]

    def _offers(self, cleared: Container[int]) -> Iterator[CalendarEvent]:
        """Yield what is offered in intervals that have still to be cleared."""
        if self._trading.market != self.market:
            return
        planned = self._trading.planned
        now = self.coordinator.data.markets[str(self.market)].start
        for start in sorted({start for start, _ in planned}):
            if start >= now and start not in cleared:
                yield self._offer(planned, start)

    def _offer(self, planned: Curves, start: int) -> CalendarEvent:
        """Describe an offer by what may come of it at most, and its prices a kilowatt-hour."""
        parts, prices = [], []
        for side, sign, bound in _SIGNS:
            steps = planned.get((start, side), ())
            if steps:
                parts.append(f"{sign} ≤ {sum(wh for _, wh in steps) / 1000:g} kWh")
                prices.append(f"{sign} {bound} {shown_price(self._membership, steps[0][0]):g}")
        calendar = self.coordinator.keeping.markets[str(self.market)]
        return CalendarEvent(
            start=dt_util.utc_from_timestamp(start / 1000),
            end=dt_util.utc_from_timestamp(calendar.end_of(start) / 1000),
            summary=" ".join(parts),
            description=", ".join(prices),
            uid=f"{start}",
        )


def _shown(row: OwnInterval) -> CalendarEvent:
    """Describe a trade in signs that need no language: energy out up, energy in down."""
    parts = []
    if row.sold:
        parts.append(f"↑ {row.sold / 1000:g} kWh")
    if row.bought:
        parts.append(f"↓ {row.bought / 1000:g} kWh")
    return CalendarEvent(
        start=dt_util.utc_from_timestamp(row.start / 1000),
        end=dt_util.utc_from_timestamp(row.end / 1000),
        summary=" ".join(parts),
        description=row.state.value,
        uid=f"{row.start}",
    )
