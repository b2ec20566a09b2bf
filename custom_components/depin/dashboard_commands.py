"""What the dashboard's cards ask over the page's own connection: figures, and when they change."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import voluptuous as vol
from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import async_response, websocket_command
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import service
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.util import dt as dt_util

from .asked_market import AskedMarket, asked_market
from .book_actions import state_of, unreadable
from .books import BooksError, OwnInterval, Price, Totals
from .const import DOMAIN
from .market_now import buy_price, community_price, sell_price
from .membership import DepinConfigEntry, Membership
from .node import NodeError
from .outbox import Outbox
from .outbox_state import STREAMS

_DAYS: Final = 31
_MONTHS: Final = 12
_PERIODS: Final = ("days", "months")

_ENTRY: Final = {vol.Optional("entry_id"): cv.string}
_MARKET: Final = {**_ENTRY, vol.Optional("market"): cv.string}

type Message = dict[str, Any]


@callback
def async_setup_dashboard_commands(hass: HomeAssistant) -> None:
    """Offer the commands, whether a co-op is there or not."""
    for command in (_memberships, _prices, _neighbourhood, _earnings, _proofs, _follow):
        async_register_command(hass, command)


@callback
def async_tell_dashboards(hass: HomeAssistant, entry: DepinConfigEntry) -> None:
    """Have open dashboards look again at each change, and now that the membership has begun."""
    membership = entry.runtime_data

    @callback
    def tell() -> None:
        async_dispatcher_send(hass, _signal(entry.entry_id))

    if membership.coordinator is not None:
        entry.async_on_unload(membership.coordinator.async_add_listener(tell))
    if membership.verification is not None:
        entry.async_on_unload(membership.verification.listen(tell))
    tell()


@callback
@websocket_command({vol.Required("type"): f"{DOMAIN}/memberships"})
def _memberships(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> None:
    """Tell of each membership which devices stand for its co-op and its markets."""
    entries: list[DepinConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    told = [
        {
            "entry_id": entry.entry_id,
            "title": entry.title,
            "device_id": _device(hass, entry, _co_op(entry.runtime_data)),
            "markets": [
                {
                    "name": market,
                    "device_id": _device(hass, entry, f"{_co_op(entry.runtime_data)}_{market}"),
                }
                for market in _markets(entry.runtime_data)
            ],
            "devices": [_device(hass, entry, name) for name in entry.runtime_data.senses.devices],
        }
        for entry in entries
    ]
    connection.send_result(msg["id"], told)


@websocket_command({vol.Required("type"): f"{DOMAIN}/prices", **_MARKET})
@async_response
async def _prices(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> None:
    """Tell today's prices, a kilowatt-hour each, and what this home traded."""
    asked = asked_market(hass, msg.get("entry_id"), msg.get("market"))
    day = dt_util.start_of_local_day()
    begin, end = _instant(day), _instant(_days_after(day, 1))
    books, name = asked.coordinator.keeping.books, asked.calendar.name
    try:
        prices = await books.prices(name, begin, end)
        own = {row.start: row for row in await books.own(name, begin, end)}
    except BooksError as error:
        raise unreadable(error) from error
    rows = [_price_row(asked, price, own.get(price.start)) for price in prices]
    told = {"begin": begin, "end": end, "rows": rows}
    connection.send_result(msg["id"], _in_market(asked) | told)


@websocket_command({vol.Required("type"): f"{DOMAIN}/neighbourhood", **_MARKET})
@async_response
async def _neighbourhood(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> None:
    """Tell what all members did together in the newest interval that was settled."""
    asked = asked_market(hass, msg.get("entry_id"), msg.get("market"))
    try:
        found = await asked.coordinator.keeping.neighbourhood(asked.calendar.name)
    except BooksError as error:
        raise unreadable(error) from error
    except NodeError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="node_is_away"
        ) from error
    told: dict[str, object] = {"interval": None}
    if found is not None:
        flows = None if found.flows is None else found.flows._asdict()
        told = {"interval": {**found._asdict(), "flows": flows}}
    connection.send_result(msg["id"], _in_market(asked) | told)


@websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/earnings",
        vol.Optional("period", default="days"): vol.In(_PERIODS),
        **_MARKET,
    }
)
@async_response
async def _earnings(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> None:
    """Tell what was sold, bought and earned: the last days or months, each by itself."""
    asked = asked_market(hass, msg.get("entry_id"), msg.get("market"))
    begins = last_days() if msg["period"] == "days" else last_months()
    books, name = asked.coordinator.keeping.books, asked.calendar.name
    try:
        sums = [
            await books.totals(name, _instant(begin), _instant(end))
            for begin, end in pairwise(begins)
        ]
    except BooksError as error:
        raise unreadable(error) from error
    rows = [
        {"start": _instant(begin), **_sums(asked, total)}
        for begin, total in zip(begins[:-1], sums, strict=True)
    ]
    connection.send_result(msg["id"], _in_market(asked) | {"rows": rows})


@websocket_command({vol.Required("type"): f"{DOMAIN}/proofs", **_ENTRY})
@async_response
async def _proofs(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> None:
    """Tell what this home verified of its co-op's books."""
    entry: DepinConfigEntry = service.async_get_config_entry(hass, DOMAIN, msg.get("entry_id"))
    membership = entry.runtime_data
    verification = membership.verification
    if verification is None:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="not_a_member_yet")
    receipts, waiting = await membership.attestation.async_ask(_count)
    suspicion = verification.suspicion
    told = {
        "entry_id": entry.entry_id,
        "verified": verification.is_verified,
        "looked_at": verification.looked_at,
        "log_size": verification.size,
        "intervals": verification.intervals,
        "receipts": receipts,
        "waiting": waiting,
        "found": None if suspicion is None else suspicion.said,
        "evidence": None if suspicion is None else suspicion.file,
    }
    connection.send_result(msg["id"], told)


@callback
@websocket_command({vol.Required("type"): f"{DOMAIN}/follow", **_ENTRY})
def _follow(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> None:
    """Say each time that a membership's figures changed, also after it began anew."""
    entry = service.async_get_config_entry(hass, DOMAIN, msg.get("entry_id"))

    @callback
    def tell() -> None:
        connection.send_event(msg["id"])

    connection.subscriptions[msg["id"]] = async_dispatcher_connect(
        hass, _signal(entry.entry_id), tell
    )
    connection.send_result(msg["id"])


def _signal(entry_id: str) -> str:
    return f"{DOMAIN}_changed_{entry_id}"


def _markets(membership: Membership) -> list[str]:
    coordinator = membership.coordinator
    return [] if coordinator is None else list(coordinator.keeping.markets)


def _co_op(membership: Membership) -> str:
    return f"{membership.coop}_{membership.member}"


def _device(hass: HomeAssistant, entry: DepinConfigEntry, name: str) -> str | None:
    """Return the id of a device; a market that was just heard of has none yet."""
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, name), entry.entry_id)
    return None if device is None else device.id


def _in_market(asked: AskedMarket) -> dict[str, object]:
    """Say of which market figures are, and in what money."""
    purse = asked.coordinator.data.purse
    return {
        "market": asked.calendar.name,
        "currency": None if purse is None else purse.asset,
        "now": int(dt_util.utcnow().timestamp() * 1000),
    }


def _price_row(asked: AskedMarket, price: Price, own: OwnInterval | None) -> dict[str, object]:
    calendar, money = asked.calendar, asked.coordinator.data.money
    return {
        "start": price.start,
        "end": calendar.end_of(price.start),
        "state": state_of(calendar, price),
        "buy": money(buy_price(calendar.at(price.start), price)),
        "sell": money(sell_price(price)),
        "community": money(community_price(price)),
        "grid_buy": money(price.retail, 1000),
        "grid_sell": money(price.feed_in, 1000),
        "bought_wh": 0 if own is None else own.bought,
        "sold_wh": 0 if own is None else own.sold,
    }


def _sums(asked: AskedMarket, total: Totals) -> dict[str, object]:
    money = asked.coordinator.data.money
    return {
        "sold_wh": total.sold,
        "bought_wh": total.bought,
        "gross": money(total.gross),
        "fees": money(total.fees),
        "net": money(total.earned),
    }


def _count(outbox: Outbox) -> tuple[int, int]:
    return outbox.receipts, sum(len(outbox.waiting(stream)) for stream in STREAMS)


def last_days() -> list[datetime]:
    """Return when each of the last days began, and when the one ends that is now."""
    today = dt_util.start_of_local_day()
    return [_days_after(today, number) for number in range(1 - _DAYS, 2)]


def last_months() -> list[datetime]:
    """Return when each of the last months began, and when the one ends that is now."""
    today = dt_util.start_of_local_day()
    this = today.year * 12 + today.month - 1
    months = (divmod(month, 12) for month in range(this + 1 - _MONTHS, this + 2))
    return [
        dt_util.start_of_local_day(datetime(year, month + 1, 1, tzinfo=today.tzinfo))
        for year, month in months
    ]


def _days_after(day: datetime, days: int) -> datetime:
    """Return when a day begins; days of a change of the clocks are longer or shorter."""
    return dt_util.start_of_local_day(day.date() + timedelta(days=days))


def _instant(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
