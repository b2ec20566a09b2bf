"""What Home Assistant shows of a co-op's markets, money and node."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from typing import Any

import pytest
from homeassistant.components.calendar import CalendarEntity
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_component import DATA_INSTANCES
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.const import DOMAIN
from custom_components.depin.home_key import HomeKey
from custom_components.depin.membership import books_file
from custom_components.depin.protocol.durations import HOUR
from custom_components.depin.protocol.log.notes import SignatureType, VerifierKey
from tests.home.told_market import MARKET, RULES, ToldMarket, told_market
from tests.patience import PATIENCE

PRICE = 150_000
ORIGIN = "node.example/log/street"


def now() -> int:
    return time.time_ns() // 1_000_000


def this_interval() -> int:
    return now() // HOUR * HOUR


@pytest.fixture
def all_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show the entities too that are off until their owner wants them."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


@asynccontextmanager
async def member_of(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, node: ToldMarket
) -> AsyncIterator[None]:
    """Let the home be a member at a node until the block ends."""
    log_key = VerifierKey(ORIGIN, SignatureType.ED25519, key.public).format()
    joined = {"origin": ORIGIN, "log_key": log_key, "address": node.address}
    hass.config_entries.async_update_entry(entry, data={**entry.data, **joined})
    assert await hass.config_entries.async_setup(entry.entry_id)
    try:
        yield
    finally:
        assert await hass.config_entries.async_unload(entry.entry_id)


async def until[T](hass: HomeAssistant, found: Callable[[], T | None]) -> T:
    """Wait until something is there."""
    async with asyncio.timeout(PATIENCE):
        while True:
            await hass.async_block_till_done()
            if value := found():
                return value
            await asyncio.sleep(0.05)


async def asked(hass: HomeAssistant, action: str, **data: object) -> dict[str, Any]:
    """Take an action, and return its answer."""
    answer = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
    assert answer is not None
    return dict(answer)


class Shown:
    """The states of a membership's entities, by the ends of their unique ids."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        self._hass = hass
        self._entry = entry

    def state(self, key: str, market: str | None = MARKET) -> str:
        """Return a state; none, if there is no such entity."""
        state = self._hass.states.get(self.entity_id(key, market))
        return "" if state is None else state.state

    def attributes(self, key: str, market: str | None = MARKET) -> dict[str, Any]:
        state = self._hass.states.get(self.entity_id(key, market))
        assert state is not None
        return dict(state.attributes)

    def entity_id(self, key: str, market: str | None = MARKET) -> str:
        name = f"{self._entry.data['coop']}_{self._entry.data['member']}"
        wanted = f"{name}_{key}" if market is None else f"{name}_{market}_{key}"
        registry = er.async_get(self._hass)
        for found in er.async_entries_for_config_entry(registry, self._entry.entry_id):
            if found.unique_id == wanted:
                return found.entity_id
        return f"sensor.{wanted.lower()}"


@pytest.mark.usefixtures("all_enabled")
async def test_prices_energy_and_money_of_a_market(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """They are in the co-op's currency, per kWh, with fees and VAT where somebody pays them."""
    async with told_market() as node:
        start = this_interval()
        for at in (start - HOUR, start, start + HOUR):
            node.clear(at, PRICE)
        node.settle(
            start,
            traded__sold=500,
            trade__delivered_out=400,
            pool__given=100,
            grid__exported=200,
            receives=71_000_000,
            pays=7_000_000,
            charges__vat=3_000_000,
            trade__undelivered=100,
            prices__trade=PRICE,
            prices__cover=300_000,
            prices__back=80_000,
        )
        async with member_of(hass, entry, key, node):
            shown = Shown(hass, entry)
            await until(hass, lambda: shown.state("sell_price") == "0.15")
            # 15 cents, 4.85 of fees, and VAT of a fifth on all of it.
            assert float(shown.state("buy_price")) == pytest.approx(0.2382)
            assert shown.state("community_price") == "0.11"
            assert shown.state("clearing_price") == "0.15"
            assert shown.state("volume") == "0.4"
            sell = shown.attributes("sell_price")
            assert sell["unit_of_measurement"] == "EUR/kWh"
            assert (sell["kind"], sell["next"], sell["last"]) == ("cleared", 0.15, 0.15)
            assert sell["next_kind"] == "cleared"
            assert sell["start"].timestamp() * 1000 == start
            for period in ("today", "month", "total"):
                assert shown.state(f"sold_{period}") == "0.5"
                assert shown.state(f"bought_{period}") == "0.0"
                assert shown.state(f"net_{period}") == "0.064"
                assert shown.state(f"gross_{period}") == "0.067"
                assert shown.state(f"fees_{period}") == "0.003"
            assert shown.state("forecast_errors_month") == "0.015"
            assert shown.attributes("net_today")["unit_of_measurement"] == "EUR"
            assert "last_reset" not in shown.attributes("net_total")
            assert shown.state("balance", None) == "12.34"
            assert shown.state("reserved", None) == "1.0"
            assert shown.state("credit_left", None) == "16.34"
            gate = dt_util.parse_datetime(shown.state("next_gate"))
            assert gate is not None
            assert (int(gate.timestamp() * 1000) + RULES.gate) % HOUR == 0
            assert shown.state("market_open") in {"on", "off"}
            assert shown.state("node_reachable", None) == "on"
            assert shown.state("outbox", None) != ""


async def test_what_is_not_cleared_yet_is_a_forecast(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """Out of what intervals at that time of earlier days cleared to; it says so of itself."""
    async with told_market() as node:
        start = this_interval()
        for days in range(1, 30):
            for hours in (1, 2):
                node.clear(start + (hours - days * 24) * HOUR, PRICE - days * 1_000)
        async with member_of(hass, entry, key, node):
            shown = Shown(hass, entry)
            await until(hass, lambda: shown.state("sell_price") == "unknown")
            sell = await until(
                hass,
                lambda: (
                    found
                    if (found := shown.attributes("sell_price"))["next_kind"] == "forecast"
                    else None
                ),
            )
            assert sell["next"] is None
            assert 0.12 <= sell["next_low"] <= sell["next_median"] <= sell["next_high"] < 0.15
            buy = shown.attributes("buy_price")
            assert buy["next_median"] == pytest.approx((sell["next_median"] + 0.0485) * 1.2)
            span = {
                "start": dt_util.utc_from_timestamp((start + 2 * HOUR) / 1000).isoformat(),
                "end": dt_util.utc_from_timestamp((start + 3 * HOUR) / 1000).isoformat(),
            }
            (row,) = (await asked(hass, "get_prices", **span))["prices"]
            assert (row["state"], row["sell"]) == ("open", None)
            assert 0.12 <= row["sell_low"] <= row["sell_median"] <= row["sell_high"] < 0.15


async def test_few_entities_are_on_and_the_market_is_a_device_of_the_co_op(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, device_registry: dr.DeviceRegistry
) -> None:
    """At most fifteen of a hub; a market that is founded later comes without a restart."""
    async with told_market() as node, member_of(hass, entry, key, node):
        shown = Shown(hass, entry)
        await until(hass, lambda: shown.state("buy_price") == "unknown")
        co_op, market = sorted(
            dr.async_entries_for_config_entry(device_registry, entry.entry_id),
            key=lambda device: str(device.model),
        )
        assert market.via_device_id == co_op.id
        registry = er.async_get(hass)
        for device in (co_op, market):
            entities = er.async_entries_for_device(registry, device.id)
            assert 0 < len(entities) <= 15
        assert not hass.states.get(shown.entity_id("fees_today"))
        node.markets.append("square")
        await node.push("notice", now())
        await until(hass, lambda: shown.state("buy_price", "square") == "unknown")


async def test_what_is_pushed_is_shown_and_starts_automations(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """A trade is matched, settled and corrected; an order is refused; old news move nothing."""
    async with told_market() as node:
        start = this_interval()
        async with member_of(hass, entry, key, node):
            shown = Shown(hass, entry)
            await until(hass, lambda: shown.state("trade") == "unknown")
            about = {"decision": "d", "market": MARKET, "start": start}
            traded = {"zone": "all", "buyers": PRICE, "sellers": PRICE, "bought": 0, "sold": 300}
            await node.push("cleared", now(), **about, **traded)
            event = await until(hass, lambda: shown.attributes("trade").get("event_type"))
            assert event == "matched"
            trade = shown.attributes("trade")
            assert (trade["sold_wh"], trade["sold_at"], trade["bought_at"]) == (300, 0.15, None)
            await until(hass, lambda: shown.state("sell_price") == "0.15")
            calendar = hass.states.get(shown.entity_id("trades"))
            assert calendar is not None
            assert calendar.attributes["message"] == "↑ 0.3 kWh"

            for kind, net in (("settled", 30_000_000), ("corrected", 20_000_000)):
                node.settle(start, traded__sold=300, trade__delivered_out=300, receives=net)
                told = {"kind": kind, "pays": 0, "receives": net, "measured": True}
                await node.push("settled", now(), **about, **told)
                await until(hass, lambda: shown.attributes("trade")["event_type"] == kind)  # noqa: B023 - awaited here
                assert shown.attributes("trade")["net"] == net / 10**9
                await until(hass, lambda: shown.state("net_today") == f"{net / 10**9}")  # noqa: B023

            await node.push("cleared", now(), **{**about, "start": start + HOUR}, voided=True)
            await until(hass, lambda: shown.attributes("trade")["event_type"] == "voided")

            refused = {"decision": "d", "statement": 4, "code": "off-tick", "detail": "a price"}
            await node.push("decision", now(), kind="no_effect", said="readings", **refused)
            await node.push("decision", now(), kind="member_placed", decision="d")
            await node.push("decision", now(), kind="no_effect", said="order", **refused)
            name = await until(
                hass,
                lambda: hass.states.get(shown.entity_id("order", None)).attributes.get("code"),  # type: ignore[union-attr]
            )
            assert name == "off-tick"
            opened = {"decision": "d", "market": MARKET, "start": start, "refused": "no-funds"}
            await node.push("decision", now(), kind="opened", **opened)
            await until(hass, lambda: shown.attributes("order", None)["code"] == "no-funds")


async def test_what_is_old_or_strange_starts_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """It comes to the books if it can be read, and to no automation."""
    async with told_market() as node:
        start = this_interval()
        traded = {"market": MARKET, "start": start - HOUR, "zone": "all", "bought": 0, "sold": 3}
        traded |= {"buyers": PRICE, "sellers": PRICE}
        async with member_of(hass, entry, key, node):
            shown = Shown(hass, entry)
            await until(hass, lambda: shown.state("trade") == "unknown")
            await node.push("cleared", now() - 2 * HOUR, **traded)
            await node.push("cleared", now(), market="nothing", start="never")
            await node.push("settled", now(), market="nothing")
            await node.push("settled", now(), market="square", start=start)
            await node.push("cleared", now(), **{**traded, "market": "square"})
            await node.push("cleared", now(), **{**traded, "sold": 0})
            await node.push("verdict", now(), what="nobody knows yet")
            await node.push("cleared", now(), **{**traded, "start": start})
            await until(hass, lambda: shown.state("trade") != "unknown")
            moment = dt_util.utc_from_timestamp(start / 1000).isoformat()
            assert shown.attributes("trade")["start"] == moment
            rows = await entry.runtime_data.books.own(MARKET, 0, start + HOUR)
            assert [row.start for row in rows] == [start - HOUR, start]


@pytest.mark.usefixtures("all_enabled")
async def test_a_node_that_is_away_is_said_and_the_books_stay(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    key: HomeKey,
) -> None:
    """After a start without it, prices are those of the books; damaged books begin anew."""
    async with told_market() as node:
        node.clear(this_interval(), PRICE)
        shown = Shown(hass, entry)
        async with member_of(hass, entry, key, node):
            await until(hass, lambda: shown.state("sell_price") == "0.15")
            await node.push("checkpoint", 1)
            await until(hass, lambda: shown.state("node_status", None) in {"connected", "polling"})
        node.is_broken = True
        async with member_of(hass, entry, key, node):
            assert shown.state("sell_price") == "0.15"
            await until(hass, lambda: shown.state("node_reachable", None) == "off")
            assert shown.state("node_status", None) == "away"
        file = books_file(hass, entry.data["member"])
        file.write_bytes(b"torn" * 4_000)
        node.is_broken = False
        async with member_of(hass, entry, key, node):
            await until(hass, lambda: shown.state("sell_price") == "0.15")


async def test_rows_of_prices_and_trades(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """As JSON or CSV, today unless somebody says otherwise; wrong questions say what is wrong."""
    async with told_market() as node:
        start = this_interval()
        node.clear(start, PRICE)
        node.settle(start, traded__sold=300, trade__delivered_out=300, receives=45_000_000)
        async with member_of(hass, entry, key, node):
            shown = Shown(hass, entry)
            await until(hass, lambda: shown.state("sell_price") == "0.15")
            span = {
                "start": dt_util.utc_from_timestamp(start / 1000).isoformat(),
                "end": dt_util.utc_from_timestamp((start + 2 * HOUR) / 1000).isoformat(),
            }
            prices = await asked(hass, "get_prices", **span, config_entry=entry.entry_id)
            assert (prices["market"], prices["currency"]) == (MARKET, "EUR")
            first, second = prices["prices"]
            assert (first["state"], first["sell"], first["grid_buy"]) == ("cleared", 0.15, 0.3)
            assert (second["state"], second["sell"], second["community"]) == ("open", None, 0.11)
            (trade,) = (await asked(hass, "get_trades", **span))["trades"]
            assert (trade["state"], trade["sold_wh"], trade["net"]) == ("provisional", 300, 0.045)
            assert len((await asked(hass, "get_trades"))["trades"]) == 1
            table = (await asked(hass, "get_trades", form="csv", **span))["csv"].splitlines()
            assert table[0].startswith("start,end,state,")
            assert len(table) == 2
            later = {"start": "2001-01-01 00:00:00", "end": "2001-01-02 00:00:00"}
            assert (await asked(hass, "get_trades", form="csv", **later))["csv"] == ""
            for wrong, words in (
                ({"market": "square"}, "no_such_market"),
                ({**later, "end": "2000-01-01 00:00:00"}, "wrong_span"),
                ({**later, "end": "2005-01-01 00:00:00"}, "wrong_span"),
            ):
                with pytest.raises(ServiceValidationError) as found:
                    await asked(hass, "get_prices", **wrong)
                assert found.value.translation_key == words
            events: dict[str, Any] = await hass.services.async_call(
                "calendar",
                "get_events",
                {
                    "entity_id": shown.entity_id("trades"),
                    "start_date_time": span["start"],
                    "end_date_time": span["end"],
                },
                blocking=True,
                return_response=True,
            )  # type: ignore[assignment]
            (listed,) = events[shown.entity_id("trades")]["events"]
            assert listed["description"] == "provisional"


async def test_books_that_cannot_be_read_are_said(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """Entities are unavailable, and actions fail with the reason."""
    async with told_market() as node, member_of(hass, entry, key, node):
        shown = Shown(hass, entry)
        await until(hass, lambda: shown.state("sell_price") == "unknown")
        file = books_file(hass, entry.data["member"])
        with closing(sqlite3.connect(file)) as database, database:
            database.executescript("drop table own; drop table price")
        for action in ("get_prices", "get_trades"):
            with pytest.raises(HomeAssistantError, match="no such table"):
                await asked(hass, action)
        await entry.runtime_data.coordinator.async_refresh()
        assert shown.state("sell_price") == "unavailable"
        calendar = hass.data[DATA_INSTANCES]["calendar"].get_entity(shown.entity_id("trades"))
        assert isinstance(calendar, CalendarEntity)
        with pytest.raises(HomeAssistantError, match="no such table"):
            await calendar.async_get_events(hass, dt_util.now(), dt_util.now())


async def test_a_home_that_has_not_joined_has_no_market(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """The actions say so."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    with pytest.raises(ServiceValidationError) as found:
        await hass.services.async_call(
            DOMAIN, "get_prices", {}, blocking=True, return_response=True
        )
    assert found.value.translation_key == "no_market_yet"
