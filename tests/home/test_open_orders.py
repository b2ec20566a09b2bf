"""What is ordered and not over yet, as the owner sees it."""

from datetime import timedelta
from pathlib import Path

import pytest
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.util import dt as dt_util

from custom_components.depin.const import DOMAIN
from custom_components.depin.protocol.durations import HOUR
from custom_components.depin.protocol.rules.market_rules import MarketRules
from tests.home.members import street
from tests.home.test_market_entities import until

RULES = MarketRules(interval=HOUR, credit_limit=10**15, most_wh=50_000, lot_wh=10)


async def test_open_orders_are_counted_and_listed(
    hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From when the node has them, each with its energy and its price without fees."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)
    with street(tmp_path, RULES) as coop:
        entry = await coop.join(hass)
        unique_id = f"{entry.data['coop']}_{entry.data['member']}_open_orders"
        entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, unique_id)
        assert entity_id is not None

        def open_orders() -> State:
            state = hass.states.get(entity_id)
            assert state is not None
            return state

        assert open_orders().state == "0"
        order = {"start": dt_util.now() + timedelta(hours=3), "energy": 1.5, "price": 0.2}
        placed = await hass.services.async_call(
            DOMAIN, "place_order", {"side": "sell", **order}, blocking=True, return_response=True
        )
        assert placed is not None
        await until(hass, lambda: open_orders().state == "1")
        (listed,) = open_orders().attributes["orders"]
        assert listed["side"] == "sell"
        assert listed["start"] == dt_util.parse_datetime(str(placed["start"]))
        assert listed["steps"] == [{"energy": 1.5, "price": 0.2}]
        assert await hass.config_entries.async_unload(entry.entry_id)
