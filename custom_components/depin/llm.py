"""What voice assistants may ask, and order only where the owner has said so."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.components.llm import LLMTools
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    LLMContext,
    Tool,
    ToolAnnotations,
    ToolInput,
    ToolResult,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from .book_actions import GET_PRICES, GET_TRADES
from .const import CONF_VOICE_TRADING, DOMAIN
from .membership import DepinConfigEntry, MembershipState
from .trading_actions import CONF_ENTRY, FIND_BEST_WINDOW, PLACE_ORDER

_COOP: Final = "co_op"
_HOURS: Final = "hours"
_DAYS: Final = "days"
_LONGEST_INTERVAL: Final = timedelta(hours=1)
_LONGEST_HOURS: Final = 48
_LONGEST_DAYS: Final = 31
_READS: Final = ToolAnnotations(
    read_only=True, destructive=False, idempotent=True, open_world=False
)
_ORDERS: Final = ToolAnnotations(
    read_only=False, destructive=False, idempotent=True, open_world=True
)
_SHOWN_OF_PRICE: Final = ("start", "state", "buy", "sell", "buy_median", "sell_median", "grid_buy")
_SOLD: Final = ("delivered_out_wh", "pool_out_wh")
_BOUGHT: Final = ("delivered_in_wh", "pool_in_wh")

type Coops = Mapping[str, str]
"""Ids of entries by what co-ops are called."""


class _CoopTool(Tool, ABC):
    """A tool that speaks of one co-op; it has to be named where there are several."""

    integration = DOMAIN
    annotations = _READS
    asks: Mapping[vol.Marker, Any] = {}

    def __init__(self, coops: Coops) -> None:
        """Offer the co-ops that there are."""
        self._coops = coops
        one = next(iter(coops))
        named = vol.Optional(_COOP, default=one) if len(coops) == 1 else vol.Required(_COOP)
        self.parameters = vol.Schema({named: vol.In(list(coops)), **self.asks})

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Answer, or say what is wrong in words that can be passed on."""
        asked = self.parameters(tool_input.tool_args)
        entry_id = self._coops[asked.pop(_COOP)]
        try:
            return ToolResult(await self._answer(hass, entry_id, asked, llm_context.context))
        except HomeAssistantError as error:
            return ToolResult({"error": str(error)}, error=True)

    @abstractmethod
    async def _answer(
        self, hass: HomeAssistant, entry_id: str, asked: dict[str, Any], context: Context | None
    ) -> JsonObjectType:
        """Look it up, or do it."""


async def _acted(
    hass: HomeAssistant, action: str, data: dict[str, Any], context: Context | None
) -> dict[str, Any]:
    """Take an action, and return its answer."""
    answer = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, context=context, return_response=True
    )
    return dict(answer or {})


class PricesTool(_CoopTool):
    """What energy costs and brings in the hours to come."""

    name = f"{DOMAIN}__get_prices"
    title = "Get neighbourhood energy prices"
    description = (
        "Tells what a kWh bought from or sold to neighbours costs or brings in each interval from "
        "now on, in the co-op's currency. An open interval has no price yet: buy_median and "
        "sell_median are forecasts. grid_buy is what the grid takes."
    )
    asks: Mapping[vol.Marker, Any] = {
        vol.Optional(_HOURS, default=12, description="How many hours ahead"): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=_LONGEST_HOURS)
        )
    }

    @override
    async def _answer(
        self, hass: HomeAssistant, entry_id: str, asked: dict[str, Any], context: Context | None
    ) -> JsonObjectType:
        now = dt_util.now()
        span = {"start": now - _LONGEST_INTERVAL, "end": now + timedelta(hours=asked[_HOURS])}
        found = await _acted(hass, GET_PRICES, {CONF_ENTRY: entry_id, **span}, context)
        rows = [
            {name: row[name] for name in _SHOWN_OF_PRICE if row[name] is not None}
            for row in found["prices"]
            if datetime.fromisoformat(row["end"]) > now
        ]
        return {"currency": found["currency"], "prices": rows}


class EarningsTool(_CoopTool):
    """What this home sold, bought and earned."""

    name = f"{DOMAIN}__get_earnings"
    title = "Get own energy trades and earnings"
    description = (
        "Tells for each of the last days what this home sold to and bought from neighbours, in "
        "kWh, and what it earned after fees and taxes (below zero: paid), in the co-op's "
        "currency. Only settled intervals count."
    )
    asks: Mapping[vol.Marker, Any] = {
        vol.Optional(_DAYS, default=1, description="How many days, today included"): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=_LONGEST_DAYS)
        )
    }

    @override
    async def _answer(
        self, hass: HomeAssistant, entry_id: str, asked: dict[str, Any], context: Context | None
    ) -> JsonObjectType:
        tomorrow = dt_util.start_of_local_day(dt_util.now() + timedelta(days=1))
        span = {"start": tomorrow - timedelta(days=asked[_DAYS]), "end": tomorrow}
        found = await _acted(hass, GET_TRADES, {CONF_ENTRY: entry_id, **span}, context)
        days: dict[str, dict[str, float]] = defaultdict(
            lambda: {"sold_kwh": 0, "bought_kwh": 0, "earned": 0}
        )
        for row in found["trades"]:
            if row["net"] is not None:
                day = days[row["start"][:10]]
                day["sold_kwh"] += sum(row[name] for name in _SOLD) / 1000
                day["bought_kwh"] += sum(row[name] for name in _BOUGHT) / 1000
                day["earned"] += row["net"]
        rounded = {
            day: {name: round(sum_, 3) for name, sum_ in sums.items()} for day, sums in days.items()
        }
        return {"currency": found["currency"], "days": rounded}


class BestWindowTool(_CoopTool):
    """When energy is likely to be cheapest, or to be sold best."""

    name = f"{DOMAIN}__find_best_window"
    title = "Find the best time to use or sell energy"
    description = (
        "Finds when energy is likely to be cheapest to use (side buy), or to be sold best (side "
        "sell), in the next 24 hours, for a duration in minutes."
    )
    asks: Mapping[vol.Marker, Any] = {
        vol.Required("minutes"): vol.All(vol.Coerce(int), vol.Range(min=1, max=1440)),
        vol.Optional("side", default="buy"): vol.In(["buy", "sell"]),
    }

    @override
    async def _answer(
        self, hass: HomeAssistant, entry_id: str, asked: dict[str, Any], context: Context | None
    ) -> JsonObjectType:
        data = {"side": asked["side"], "duration": {"minutes": asked["minutes"]}}
        return await _acted(hass, FIND_BEST_WINDOW, {CONF_ENTRY: entry_id, **data}, context)


class StatusTool(_CoopTool):
    """How the home's membership stands."""

    name = f"{DOMAIN}__get_status"
    title = "Get the status of the energy co-op"
    description = (
        "Tells whether the co-op's node answers, whether its books hold, how this home trades, "
        "what money it has there, and whether it sells or buys right now."
    )

    @override
    async def _answer(
        self, hass: HomeAssistant, entry_id: str, asked: dict[str, Any], context: Context | None
    ) -> JsonObjectType:
        entry: DepinConfigEntry | None = hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="not_a_member_yet"
            )
        membership = entry.runtime_data
        answer: JsonObjectType = {"membership": membership.state.value}
        if membership.verification is not None:
            answer["books_hold"] = membership.verification.is_verified
        if membership.trading is not None:
            choices = membership.trading.choices
            answer["strategy"] = choices.wishes.strategy.value
            answer["trading_allowed"] = choices.trading and not membership.trading.halted
        if membership.coordinator is not None:
            shown = membership.coordinator.data
            answer["node"] = shown.link.value
            answer["statements_waiting"] = shown.waiting
            if shown.purse is not None:
                answer["currency"] = shown.purse.asset
                answer["balance"] = shown.money(shown.purse.holds)
            answer["markets"] = {
                name: {
                    "next_interval_takes_orders": market.is_open,
                    "selling_now_kwh": market.sold_now / 1000,
                    "buying_now_kwh": market.bought_now / 1000,
                }
                for name, market in shown.markets.items()
            }
        return answer


class OrderTool(_CoopTool):
    """An order of the owner's, as if by hand."""

    name = f"{DOMAIN}__place_order"
    title = "Sell or buy energy"
    description = (
        "Sells or buys energy in one interval, at a price per kWh without fees and taxes: the "
        "least to sell for, or the most to buy for. Repeat side, start, energy and price to the "
        "user, and call this only once they have said yes."
    )
    annotations = _ORDERS
    asks: Mapping[vol.Marker, Any] = {
        vol.Required("side"): vol.In(["buy", "sell"]),
        vol.Required("start", description="ISO 8601, any moment of the interval"): str,
        vol.Required("energy", description="kWh"): vol.Coerce(float),
        vol.Required("price", description="Per kWh"): vol.Coerce(float),
    }

    @override
    async def _answer(
        self, hass: HomeAssistant, entry_id: str, asked: dict[str, Any], context: Context | None
    ) -> JsonObjectType:
        return await _acted(hass, PLACE_ORDER, {CONF_ENTRY: entry_id, **asked}, context)


_READING: Final = (PricesTool, EarningsTool, BestWindowTool, StatusTool)


@callback
def async_get_tools(
    hass: HomeAssistant,
    llm_context: LLMContext,  # noqa: ARG001 - the platform's interface
    api_id: str,
) -> LLMTools | None:
    """Offer to read of each co-op that is set up, and to order where its owner allowed it."""
    if api_id != LLM_API_ASSIST:
        return None
    entries: list[DepinConfigEntry] = [
        entry
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if entry.runtime_data.state is MembershipState.JOINED
    ]
    if not entries:
        return None
    tools: list[Tool] = [tool(_named(entries)) for tool in _READING]
    voiced = [entry for entry in entries if entry.options.get(CONF_VOICE_TRADING, False)]
    if voiced:
        tools.append(OrderTool(_named(voiced)))
    return LLMTools(tools)


def _named(entries: list[DepinConfigEntry]) -> Coops:
    """Name co-ops as their owner does; of two of one name, the second has its id too."""
    named: dict[str, str] = {}
    for entry in entries:
        name = entry.title if entry.title not in named else f"{entry.title} {entry.entry_id}"
        named[name] = entry.entry_id
    return named
