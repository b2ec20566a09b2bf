"""Actions that read the books: prices and own trades, interval by interval, as JSON or CSV."""

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import StringIO
from typing import Final

import voluptuous as vol
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from .asked_market import asked_market
from .books import BooksError, OwnInterval, Price
from .const import DOMAIN
from .coordinator import BooksCoordinator
from .forecast import Distribution
from .market_calendar import MarketCalendar
from .market_now import (
    Quantiles,
    buy_outlook,
    buy_price,
    community_price,
    likely_of,
    sell_outlook,
    sell_price,
)

GET_PRICES: Final = "get_prices"
GET_TRADES: Final = "get_trades"

_ENTRY: Final = "config_entry"
_MARKET: Final = "market"
_START: Final = "start"
_END: Final = "end"
_FORM: Final = "form"
_JSON: Final = "json"
_CSV: Final = "csv"
_UNKNOWN: Final = Quantiles(0, 0, 0)
_LONGEST: Final = timedelta(days=370)

_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(_ENTRY): cv.string,
        vol.Optional(_MARKET): cv.string,
        vol.Optional(_START): cv.datetime,
        vol.Optional(_END): cv.datetime,
        vol.Optional(_FORM, default=_JSON): vol.In([_JSON, _CSV]),
    }
)

type Row = dict[str, JsonValueType]


@callback
def async_setup_book_actions(hass: HomeAssistant) -> None:
    """Offer the actions, whether a co-op is there or not."""
    hass.services.async_register(
        DOMAIN, GET_PRICES, _async_get_prices, _SCHEMA, SupportsResponse.ONLY
    )
    hass.services.async_register(
        DOMAIN, GET_TRADES, _async_get_trades, _SCHEMA, SupportsResponse.ONLY
    )


async def _async_get_prices(call: ServiceCall) -> ServiceResponse:
    """Return each interval's prices, those that are cleared and those that are only announced."""
    coordinator, calendar, begin, end = _asked(call)
    books, zone = coordinator.keeping.books, dt_util.get_default_time_zone()
    try:
        prices = await books.prices(calendar.name, begin, end)
        still_open = [price.start for price in prices if _is_open(calendar, price)]
        likely = await likely_of(books, calendar.name, still_open, zone)
    except BooksError as error:
        raise unreadable(error) from error
    rows = [
        _price_row(coordinator, calendar, price) | _likely(coordinator, calendar, price, likely)
        for price in prices
    ]
    return _answer(call, coordinator, calendar, "prices", rows)


async def _async_get_trades(call: ServiceCall) -> ServiceResponse:
    """Return each of this home's intervals, as it stands now."""
    coordinator, calendar, begin, end = _asked(call)
    try:
        own = await coordinator.keeping.books.own(calendar.name, begin, end)
    except BooksError as error:
        raise unreadable(error) from error
    rows = [_trade_row(coordinator, row) for row in own]
    return _answer(call, coordinator, calendar, "trades", rows)


def _asked(call: ServiceCall) -> tuple[BooksCoordinator, MarketCalendar, int, int]:
    """Find out of which market and of which time the books are asked; today if nobody says."""
    coordinator, calendar = asked_market(call.hass, call.data.get(_ENTRY), call.data.get(_MARKET))
    today = dt_util.start_of_local_day()
    begin = _local(call.data.get(_START, today))
    end = _local(call.data.get(_END, begin + timedelta(days=1)))
    if not timedelta() < end - begin <= _LONGEST:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="wrong_span",
            translation_placeholders={"days": str(_LONGEST.days)},
        )
    return coordinator, calendar, _instant(begin), _instant(end)


def _price_row(coordinator: BooksCoordinator, calendar: MarketCalendar, price: Price) -> Row:
    rules, money = calendar.at(price.start), coordinator.data.money
    return {
        "start": _shown(price.start),
        "end": _shown(calendar.end_of(price.start)),
        "state": state_of(calendar, price),
        "buy": money(buy_price(rules, price)),
        "sell": money(sell_price(price)),
        "community": money(community_price(price)),
        "grid_buy": money(price.retail, 1000),
        "grid_sell": money(price.feed_in, 1000),
        "volume_wh": price.volume,
    }


def state_of(calendar: MarketCalendar, price: Price) -> str:
    """Say how far an interval has come."""
    if _is_open(calendar, price):
        return "open"
    # Where nobody wanted anything, nothing is cleared.
    return "voided" if price.voided else "cleared" if price.sellers is not None else "no_trade"


def _is_open(calendar: MarketCalendar, price: Price) -> bool:
    gate = calendar.gate_of(price.start)
    return price.voided is None and gate > dt_util.utcnow().timestamp() * 1000


def _likely(
    coordinator: BooksCoordinator,
    calendar: MarketCalendar,
    price: Price,
    likely: dict[int, Distribution],
) -> Row:
    """Say what an open interval may clear at: a price lies below one time of ten, of two, ..."""
    found = likely.get(price.start, Distribution())
    told = {
        "buy": buy_outlook(calendar.at(price.start), found),
        "sell": sell_outlook(found),
    }
    return {
        f"{side}_{name}": None if outlook is None else coordinator.data.money(amount)
        for side, outlook in told.items()
        for name, amount in zip(Quantiles._fields, outlook or _UNKNOWN, strict=True)
    }


def _trade_row(coordinator: BooksCoordinator, row: OwnInterval) -> Row:
    money = coordinator.data.money
    return {
        "start": _shown(row.start),
        "end": _shown(row.end),
        "state": row.state.value,
        "bought_wh": row.bought,
        "sold_wh": row.sold,
        "bought_at": money(row.buyers, 1000) if row.bought else None,
        "sold_at": money(row.sellers, 1000) if row.sold else None,
        "delivered_in_wh": row.delivered_in,
        "delivered_out_wh": row.delivered_out,
        "pool_in_wh": row.pooled_in,
        "pool_out_wh": row.pooled_out,
        "grid_in_wh": row.grid_in,
        "grid_out_wh": row.grid_out,
        "gross": money(row.gross),
        "fees": money(row.fees),
        "net": money(row.earned),
    }


def _answer(
    call: ServiceCall,
    coordinator: BooksCoordinator,
    calendar: MarketCalendar,
    what: str,
    rows: Sequence[Row],
) -> ServiceResponse:
    purse = coordinator.data.purse
    answer: dict[str, JsonValueType] = {
        "market": calendar.name,
        "currency": None if purse is None else purse.asset,
    }
    if call.data[_FORM] == _JSON:
        return {**answer, what: list(rows)}
    written = StringIO()
    if rows:
        table = csv.DictWriter(written, list(rows[0]), lineterminator="\r\n")
        table.writeheader()
        table.writerows(rows)
    return {**answer, _CSV: written.getvalue()}


def unreadable(error: BooksError) -> HomeAssistantError:
    """Say that the books cannot be read, and why."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="books_unreadable",
        translation_placeholders={"error": str(error)},
    )


def _local(moment: datetime) -> datetime:
    """Take a time without a zone as one of where the home is."""
    return moment if moment.tzinfo else moment.replace(tzinfo=dt_util.get_default_time_zone())


def _instant(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _shown(instant: int) -> str:
    return dt_util.as_local(dt_util.utc_from_timestamp(instant / 1000)).isoformat()
