"""What Home Assistant's page on its health says."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_system_health_info,
)

from custom_components.depin.const import DOMAIN
from custom_components.depin.home_key import HomeKey
from tests.home.test_market_entities import member_of
from tests.home.told_market import told_market


async def health(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the page shows in the end."""
    assert await async_setup_component(hass, "system_health", {})
    told = await get_system_health_info(hass, DOMAIN)
    return {
        name: await value if asyncio.iscoroutine(value) else value for name, value in told.items()
    }


async def test_health_of_a_co_op_without_what_names_it(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """It goes into bug reports."""
    async with told_market() as node:
        async with member_of(hass, entry, key, node):
            told = await health(hass)
            assert told == {
                "memberships": 1,
                "not_set_up": 0,
                "can_reach_node": "ok",
                "waiting": told["waiting"],
                "devices": "0/0",
                "books_do_not_hold": 0,
                "trading_halted": 0,
            }
            entry.runtime_data.address = "http://127.0.0.1:1"
            assert (await health(hass))["can_reach_node"]["error"] == "unreachable"
        assert (await health(hass))["not_set_up"] == 1
        assert (await health(hass))["can_reach_node"] == "unknown"
