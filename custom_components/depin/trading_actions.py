"""Actions by which owners and automations order, and look for the best time to use energy."""

import time
from datetime import datetime, timedelta
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
from homeassistant.helpers import service
from homeassistant.util import dt as dt_util

from .best_window import best_window, expected_prices
from .const import DOMAIN
from .hand_order import Unfit, UnfitOrderError, fitted_step
from .market import OpenInterval
from .market_calendar import NoRulesError
from .market_reading import MOST_INTERVALS
from .membership import DepinConfigEntry, Membership
from .node import NodeAwayError, NodeError
from .per_kwh import price_of, shown_price
from .protocol.statements.trading import Side
from .trading import Trading

PLACE_ORDER: Final = "place_order"
CANCEL_ORDER: Final = "cancel_order"
FIND_BEST_WINDOW: Final = "find_best_window"

CONF_ENTRY: Final = "config_entry"
_SIDE: Final = "side"
_START: Final = "start"
_ENERGY: Final = "energy"
_PRICE: Final = "price"
_DURATION: Final = "duration"
_EARLIEST: Final = "earliest"
_LATEST: Final = "latest"

_SIDES: Final[dict[str, Side]] = {"sell": "ask", "buy": "bid"}
_WH: Final = 1000
_DAY: Final = timedelta(days=1)

_PLACED: Final = vol.Schema(
    {
        vol.Optional(CONF_ENTRY): cv.string,
        vol.Required(_SIDE): vol.In(_SIDES),
        vol.Required(_START): cv.datetime,
        vol.Required(_ENERGY): vol.All(vol.Coerce(float), vol.Range(min=0.001, max=2_000_000)),
        vol.Required(_PRICE): vol.All(vol.Coerce(float), vol.Range(min=-1_000, max=1_000)),
    }
)
_CANCELLED: Final = vol.Schema(
    {vol.Optional(CONF_ENTRY): cv.string, vol.Required(_START): cv.datetime}
)
_SOUGHT: Final = vol.Schema(
    {
        vol.Optional(CONF_ENTRY): cv.string,
        vol.Optional(_SIDE, default="buy"): vol.In(_SIDES),
        vol.Required(_DURATION): cv.positive_time_period,
        vol.Optional(_EARLIEST): cv.datetime,
        vol.Optional(_LATEST): cv.datetime,
    }
)


@callback
def async_setup_trading_actions(hass: HomeAssistant) -> None:
    """Offer the actions, whether a co-op is there or not."""
    hass.services.async_register(
        DOMAIN, PLACE_ORDER, _async_place_order, _PLACED, SupportsResponse.OPTIONAL
    )
    hass.services.async_register(
        DOMAIN, CANCEL_ORDER, _async_cancel_order, _CANCELLED, SupportsResponse.NONE
    )
    hass.services.async_register(
        DOMAIN, FIND_BEST_WINDOW, _async_find_best_window, _SOUGHT, SupportsResponse.ONLY
    )


async def _async_place_order(call: ServiceCall) -> ServiceResponse:
    """Order in an interval, instead of what the strategy would order in it."""
    membership, trading = _asked(call)
    if trading.halted or not trading.choices.trading:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="trading_is_off")
    interval = await _async_interval(trading, call.data[_START])
    side = _SIDES[call.data[_SIDE]]
    price, wh = price_of(membership, call.data[_PRICE]), round(call.data[_ENERGY] * _WH)
    try:
        step = fitted_step(interval, side, price, wh, _now())
    except UnfitOrderError as error:
        raise _unfit(error.why, interval, membership) from error
    ordered = {**trading.choices.by_hand.get(interval.start, {}), side: (step,)}
    await trading.async_by_hand(interval.start, ordered)
    return {
        "start": _moment(interval.start),
        "end": _moment(interval.end),
        "gate": _moment(interval.gate),
        "side": call.data[_SIDE],
        "energy": step[1] / _WH,
        "price": shown_price(membership, step[0]),
        "on_paper": trading.choices.on_paper,
    }


async def _async_cancel_order(call: ServiceCall) -> None:
    """Order nothing in an interval, whatever the strategy would."""
    membership, trading = _asked(call)
    interval = await _async_interval(trading, call.data[_START])
    if _now() >= interval.gate:
        raise _unfit(Unfit.TOO_LATE, interval, membership)
    await trading.async_by_hand(interval.start, {})


async def _async_find_best_window(call: ServiceCall) -> ServiceResponse:
    """Tell when energy is likely to be cheapest, or to be sold best."""
    membership, trading = _asked(call)
    side = _SIDES[call.data[_SIDE]]
    earliest: datetime = dt_util.as_utc(call.data.get(_EARLIEST, dt_util.utcnow()))
    latest: datetime = dt_util.as_utc(call.data.get(_LATEST, earliest + _DAY))
    length = _instant(dt_util.utc_from_timestamp(0) + call.data[_DURATION])
    try:
        reading = await trading.async_reading()
        first = max(_instant(earliest), reading.calendar.versions[0].start)
        rules = reading.calendar.at(first)
        begin = -(-first // rules.interval) * rules.interval
        count = min((_instant(latest) - begin) // rules.interval, MOST_INTERVALS)
        intervals = await reading.intervals(begin, count) if count > 0 else []
        cleared = await trading.async_cleared_prices()
    except NodeError as error:
        raise _node_fails(error) from error
    zone = dt_util.get_default_time_zone()
    window = best_window(expected_prices(intervals, side, cleared, zone), length, side)
    if window is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_window")
    return {
        "start": _moment(window.start),
        "end": _moment(window.end),
        "price": shown_price(membership, window.price) / _WH,
        "grid_price": shown_price(membership, window.grid) / _WH,
        "kind": "forecast",
    }


def _asked(call: ServiceCall) -> tuple[Membership, Trading]:
    """Return which membership is meant, and its trading."""
    entry: DepinConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data.get(CONF_ENTRY)
    )
    membership = entry.runtime_data
    if membership.trading is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_member_yet")
    return membership, membership.trading


async def _async_interval(trading: Trading, moment: datetime) -> OpenInterval:
    try:
        reading = await trading.async_reading()
        start = reading.calendar.start_of(_instant(dt_util.as_utc(moment)))
        (interval,) = await reading.intervals(start, 1)
    except NodeError as error:
        raise _node_fails(error) from error
    except NoRulesError as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_such_interval"
        ) from error
    return interval


def _node_fails(error: NodeError) -> HomeAssistantError:
    if isinstance(error, NodeAwayError):
        return HomeAssistantError(translation_domain=DOMAIN, translation_key="node_is_away")
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="node_refuses",
        translation_placeholders={"error": str(error)},
    )


def _unfit(why: Unfit, interval: OpenInterval, membership: Membership) -> ServiceValidationError:
    match why:
        case Unfit.TOO_LATE:
            return ServiceValidationError(translation_domain=DOMAIN, translation_key="too_late")
        case Unfit.TOO_LITTLE:
            return ServiceValidationError(translation_domain=DOMAIN, translation_key="too_little")
        case Unfit.TOO_MUCH:
            return ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="too_much",
                translation_placeholders={"most": f"{interval.most / _WH:g}"},
            )
        case Unfit.OUTSIDE_BAND:
            return ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="outside_band",
                translation_placeholders={
                    "low": f"{shown_price(membership, interval.low):g}",
                    "high": f"{shown_price(membership, interval.high):g}",
                },
            )


def _moment(at: int) -> str:
    return dt_util.as_local(dt_util.utc_from_timestamp(at / 1000)).isoformat()


def _instant(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _now() -> int:
    return time.time_ns() // 1_000_000
