"""The calendar of a market: the intervals in which this home traded."""

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
from .entity import BooksEntity
from .membership import DepinConfigEntry

# Nothing is polled and nothing is commanded.
PARALLEL_UPDATES: Final = 0

TRADES: Final = CalendarEntityDescription(key="trades", translation_key="trades")

_LONGEST: Final = 3_600_000
"""No interval lasts longer than an hour."""


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
    entry: DepinConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Show the trades of each market, once the home is a member."""
    coordinator = entry.runtime_data.coordinator
    if coordinator is not None:
        coordinator.async_show_markets(
            lambda market: async_add_entities([TradeCalendar(entry, coordinator, TRADES, market)])
        )


class TradeCalendar(BooksEntity, CalendarEntity):
    """The intervals with trades, as far ahead as they are cleared."""

    entity_description: CalendarEntityDescription

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return the trade of the interval that is now, or of the one that comes next."""
        trades = self.coordinator.data.markets[str(self.market)].trades
        return next(map(_shown, trades), None)

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the trades in a span of time."""
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
        return [_shown(row) for row in rows if row.end > begin and (row.bought or row.sold)]


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
