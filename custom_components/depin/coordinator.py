"""What the books say, for the entities of a membership: anew with each event and each gate."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .attestation import Attestation
from .bookkeeping import Bookkeeping
from .books import BooksError
from .const import DOMAIN
from .market_answers import Purse
from .market_now import MarketNow, Since, look
from .outbox_state import STREAMS
from .protocol.events import Event
from .trial import Trial

_LOGGER: Final = logging.getLogger(__name__)
_TOGETHER: Final = 0.5
"""What is told at one moment is looked up once."""


class Link(StrEnum):
    """How the home and its co-op's node are connected."""

    STARTING = "starting"
    CONNECTED = "connected"
    """What happens is pushed at once."""
    POLLING = "polling"
    """The node answers, and pushes nothing."""
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the entities of a membership show of its books."""

    link: Link
    waiting: int
    """Statements that have not reached the node yet."""
    purse: Purse | None
    markets: dict[str, MarketNow]

    def money(self, amount: int | None, wh: int = 1) -> float | None:
        """Turn an amount in the smallest unit, or a price of so many Wh, into what people read."""
        if amount is None or self.purse is None:
            return None
        return amount * wh / 10.0**self.purse.decimals


class BooksCoordinator(DataUpdateCoordinator[Shown]):
    """Reads the books again when they were told something, and when the clock changes them."""

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        keeping: Bookkeeping,
        said: Attestation,
        coop_device_id: str,
    ) -> None:
        """Follow who keeps the books of an entry, and what it says."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"{DOMAIN} {entry.title}",
            always_update=False,
            request_refresh_debouncer=Debouncer(hass, _LOGGER, cooldown=_TOGETHER, immediate=False),
        )
        self.keeping = keeping
        self.coop_device_id = coop_device_id
        """The co-op's device, which its markets belong to."""
        self._said = said
        self._trial: Trial | None = None
        self._hearers: list[Callable[[Event], None]] = []
        self._forget_time: CALLBACK_TYPE | None = None
        self._is_shut = False
        entry.async_on_unload(keeping.listen(self._async_told))

    def count_trial(self, trial: Trial) -> None:
        """Count what is on paper whenever the books say more."""
        self._trial = trial

    @callback
    def async_hear(self, hearer: Callable[[Event], None]) -> CALLBACK_TYPE:
        """Have this called with each event that the node pushes."""
        self._hearers.append(hearer)
        return lambda: self._hearers.remove(hearer)

    @callback
    def async_show_purse(self, show: Callable[[], None]) -> None:
        """Have the member's money shown once, as soon as its currency is known."""
        shown = False

        @callback
        def look_for_purse() -> None:
            nonlocal shown
            if not shown and self.data.purse is not None:
                shown = True
                show()

        look_for_purse()
        self.config_entry.async_on_unload(self.async_add_listener(look_for_purse))

    @callback
    def async_show_markets(self, show: Callable[[str], None]) -> None:
        """Have each market shown once, as soon as it and its currency are known."""
        known: set[str] = set()

        @callback
        def look_for_new() -> None:
            for market in self.data.markets.keys() - known if self.data.purse else ():
                known.add(market)
                show(market)

        look_for_new()
        self.config_entry.async_on_unload(self.async_add_listener(look_for_new))

    @override
    async def async_shutdown(self) -> None:
        """Wait for no moment any more."""
        self._is_shut = True
        await super().async_shutdown()
        self._async_forget_time()

    @override
    async def _async_update_data(self) -> Shown:
        now = dt_util.now()
        day = dt_util.start_of_local_day(now)
        since = Since(_instant(day), _instant(dt_util.start_of_local_day(day.replace(day=1))))
        waiting = sum([len(await self._said.async_waiting(stream)) for stream in STREAMS])
        try:
            markets = {
                name: await look(
                    self.keeping.books, calendar, _instant(now), since, day.tzinfo or UTC
                )
                for name, calendar in self.keeping.markets.items()
            }
            if self._trial is not None:
                zone = day.tzinfo or UTC
                await self._trial.count(self.keeping.markets, zone, _instant(now))
        except BooksError as error:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="books_unreadable",
                translation_placeholders={"error": str(error)},
            ) from error
        self._async_wait_for_change(now, markets)
        return Shown(self._link, waiting, self.keeping.purse, markets)

    @property
    def _link(self) -> Link:
        if self.keeping.is_reachable is None:
            return Link.STARTING
        if not self.keeping.is_reachable:
            return Link.AWAY
        return Link.CONNECTED if self.keeping.is_listening else Link.POLLING

    @callback
    def _async_told(self, event: Event | None) -> None:
        if event is not None:
            for hearer in tuple(self._hearers):
                hearer(event)
        self.hass.async_create_task(self.async_request_refresh(), f"{self.name} was told")

    @callback
    def _async_wait_for_change(self, now: datetime, markets: dict[str, MarketNow]) -> None:
        """Look again when an interval ends, a book closes or a day begins."""
        tomorrow = dt_util.start_of_local_day(now.date() + timedelta(days=1))
        moments = [_instant(tomorrow)]
        for market in markets.values():
            moments += [market.end, market.gate]
        self._async_forget_time()
        if self._is_shut:
            return
        self._forget_time = async_track_point_in_utc_time(
            self.hass, self._async_time_came, dt_util.utc_from_timestamp(min(moments) / 1000)
        )

    async def _async_time_came(self, _: datetime) -> None:
        self._forget_time = None
        await self.async_refresh()

    @callback
    def _async_forget_time(self) -> None:
        if self._forget_time is not None:
            self._forget_time()
            self._forget_time = None


def _instant(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
