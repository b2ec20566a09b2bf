"""Automations of owners': what starts them, and on what they go on."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from homeassistant.components.automation.const import DOMAIN as AUTOMATION
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin import condition, trigger
from custom_components.depin.const import DOMAIN
from custom_components.depin.home_key import HomeKey
from custom_components.depin.node import NodeError
from custom_components.depin.protocol.durations import HOUR
from tests.home.test_market_entities import PRICE, Shown, member_of, now, this_interval, until
from tests.home.told_market import MARKET, told_market

STARTED = "started"


def started_of(hass: HomeAssistant) -> Counter[str]:
    """Count the automations that were started, by their names."""
    counted: Counter[str] = Counter()

    @callback
    def count(event: Event) -> None:
        counted[event.data["what"]] += 1

    hass.bus.async_listen(STARTED, count)
    return counted


async def automate(hass: HomeAssistant, *automations: dict[str, Any]) -> None:
    """Set up automations."""
    assert await async_setup_component(hass, AUTOMATION, {AUTOMATION: list(automations)})
    await hass.async_block_till_done()
    for state in hass.states.async_all(AUTOMATION):
        assert state.state == "on", state


def telling(what: str, kind: str, target: dict[str, Any], **options: object) -> dict[str, Any]:
    """Return an automation that tells when its trigger has started it."""
    begins = {"trigger": f"{DOMAIN}.{kind}", "target": target, "options": options}
    return {
        "alias": what,
        "triggers": [begins],
        "actions": [{"event": STARTED, "event_data": {"what": what}}],
        "mode": "queued",
    }


def traded(start: int, **energy: int) -> dict[str, object]:
    """Return what a gate tells this home of an interval."""
    whole = {"bought": 0, "sold": 0, **energy}
    place = {"decision": "d", "market": MARKET, "start": start, "zone": "all"}
    return {**place, "buyers": PRICE, "sellers": PRICE, **whole}


def devices_of(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Return a target of the co-op and all of its markets."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return {"device_id": [device.id for device in devices]}


async def test_trades_and_orders_start_automations(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """Each by its own trigger and side, whatever else belongs to the device that is aimed at."""
    async with told_market() as node, member_of(hass, entry, key, node):
        shown = Shown(hass, entry)
        await until(hass, lambda: shown.state("trade") == "unknown")
        target = devices_of(hass, entry)
        started = started_of(hass)
        await automate(
            hass,
            telling("sold", "trade_matched", target, side="sell"),
            telling("bought", "trade_matched", target, side="buy"),
            telling("traded", "trade_matched", target),
            telling("settled", "trade_settled", target),
            telling("corrected", "trade_corrected", target),
            telling("refused", "order_refused", target),
        )
        start = this_interval()
        await node.push("cleared", now(), **traded(start, sold=300))
        await until(hass, lambda: started["traded"] == 1)
        assert started == {"sold": 1, "traded": 1}
        await node.push("cleared", now(), **traded(start + HOUR, bought=200))
        await until(hass, lambda: started["traded"] == 2)
        assert started["bought"] == 1
        about = {"decision": "d", "market": MARKET, "start": start}
        node.settle(start, traded__sold=300, trade__delivered_out=300, receives=5)
        for kind in ("settled", "corrected"):
            told = {"kind": kind, "pays": 0, "receives": 5, "measured": True}
            await node.push("settled", now(), **about, **told)
            await until(hass, lambda: started[kind] == 1)  # noqa: B023 - awaited here
        refused = {"decision": "d", "statement": 4, "code": "off-tick", "detail": "a price"}
        await node.push("decision", now(), kind="no_effect", said="order", **refused)
        await until(hass, lambda: started["refused"] == 1)
        assert started == {"sold": 1, "bought": 1, "traded": 2} | dict.fromkeys(
            ("settled", "corrected", "refused"), 1
        )


async def test_prices_and_what_the_home_does_start_automations(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """A price that is known again counts as one that came; one kind of price is not another."""
    async with told_market() as node, member_of(hass, entry, key, node):
        shown = Shown(hass, entry)
        await until(hass, lambda: shown.state("buy_price") == "unknown")
        target = devices_of(hass, entry)
        started = started_of(hass)
        below: dict[str, Any] = {"threshold": {"type": "below", "value": {"number": 0.2}}}
        above: dict[str, Any] = {"threshold": {"type": "above", "value": {"number": 0.1}}}
        await automate(
            hass,
            telling("dear to buy", "buy_price_crossed", target, **above),
            telling("cheap to buy", "buy_price_crossed", target, **below),
            telling("cheap to sell", "sell_price_crossed", target, **below),
            telling("selling", "selling_started", target),
            telling("buying", "buying_started", target),
            telling("offered", "sun_on_offer", target),
            telling("opened", "market_opened", target),
        )
        # 15 cents; whoever buys pays 23.82, and the grid takes 30.
        await node.push("cleared", now(), **traded(this_interval(), sold=300))
        await until(hass, lambda: started["offered"] == 1)
        assert shown.state("selling") == "on"
        assert shown.state("buying") == "off"
        expected = {"dear to buy", "cheap to sell", "selling", "offered"}
        await until(hass, lambda: started.keys() >= expected)
        assert started == dict.fromkeys(expected, 1)


async def test_a_node_that_goes_and_books_that_fail_start_automations(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """Both are diagnostics of the co-op, and still meant where its device is."""
    async with told_market() as node, member_of(hass, entry, key, node):
        shown = Shown(hass, entry)
        await until(hass, lambda: shown.state("node_reachable", None) == "on")
        hass.states.async_set("binary_sensor.of_somebody_else", "on")
        target = {**devices_of(hass, entry), "entity_id": "binary_sensor.of_somebody_else"}
        started = started_of(hass)
        await automate(
            hass,
            telling("lost", "node_lost", target),
            telling("back", "node_back", target),
            telling("failed", "books_failed", target),
        )
        hass.states.async_set("binary_sensor.of_somebody_else", "off")
        node.is_broken = True
        keeping = entry.runtime_data.coordinator.keeping
        with pytest.raises(NodeError):
            await keeping.catch_up()
        await until(hass, lambda: started["lost"] == 1)
        node.is_broken = False
        await keeping.catch_up()
        await until(hass, lambda: started["back"] == 1)
        hass.states.async_set(shown.entity_id("books_verified", None), "off")
        await until(hass, lambda: started["failed"] == 1)
        assert started == {"lost": 1, "back": 1, "failed": 1}


def going_on(what: str, kind: str, target: dict[str, Any], **options: object) -> dict[str, Any]:
    """Return an automation that tells whether its condition holds when it is asked."""
    holds = {"condition": f"{DOMAIN}.{kind}", "target": target, "options": options}
    return {
        "alias": what,
        "triggers": [{"trigger": "event", "event_type": "ask"}],
        "conditions": [holds],
        "actions": [{"event": STARTED, "event_data": {"what": what}}],
    }


async def test_automations_go_on_where_conditions_hold(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """Of prices, of what the home does, of the node; nothing holds of what is not known."""
    async with told_market() as node, member_of(hass, entry, key, node):
        shown = Shown(hass, entry)
        await until(hass, lambda: shown.state("node_reachable", None) == "on")
        await until(hass, lambda: shown.state("buy_price") == "unknown")
        target = devices_of(hass, entry)
        started = started_of(hass)
        beyond: dict[str, Any] = {"threshold": {"type": "above", "value": {"number": 0.2}}}
        await automate(
            hass,
            going_on("buy above", "buy_price", target, **beyond),
            going_on("sell above", "sell_price", target, **beyond),
            going_on("selling", "selling", target),
            going_on("buying", "buying", target),
            going_on("offered", "sun_on_offer", target),
            going_on("open", "market_open", target),
            going_on("answers", "node_reachable", target),
            going_on("hold", "books_hold", target),
        )

        async def ask() -> set[str]:
            started.clear()
            hass.bus.async_fire("ask")
            await hass.async_block_till_done()
            return set(started) - {"open", "hold"}

        assert await ask() == {"answers"}
        await node.push("cleared", now(), **traded(this_interval(), bought=300))
        await until(hass, lambda: shown.state("buying") == "on")
        assert await ask() == {"answers", "buy above", "buying", "offered"}
        hass.states.async_set(shown.entity_id("market_open"), "on")
        hass.states.async_set(shown.entity_id("books_verified", None), "on")
        await ask()
        assert {"open", "hold"} <= started.keys()


@pytest.mark.parametrize(
    ("kind", "offered"),
    [("triggers", trigger.async_get_triggers), ("conditions", condition.async_get_conditions)],
)
async def test_each_is_described(
    hass: HomeAssistant, kind: str, offered: Callable[[HomeAssistant], Any]
) -> None:
    """What the code offers is what forms are made for."""
    described = load_yaml_dict(f"custom_components/depin/{kind}.yaml")
    names = {name for name in described if not name.startswith(".")}
    assert names == set(await offered(hass))
