"""What voice assistants are told, and what they may do."""

from typing import Any

import pytest
import voluptuous as vol
from homeassistant.components.llm import async_get_tools
from homeassistant.core import HomeAssistant
from homeassistant.helpers.llm import LLM_API_ASSIST, LLMContext, Tool, ToolInput, ToolResult
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.const import DOMAIN
from custom_components.depin.home_key import HomeKey, make_key
from custom_components.depin.key_store import StoredKeys, async_save_keys
from custom_components.depin.llm import async_get_tools as own_tools
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.identifiers import member_id
from tests.home.test_market_entities import PRICE, Shown, member_of, this_interval, until
from tests.home.told_market import told_market

CONTEXT = LLMContext("test", None, "en", "conversation", None)
READING = {"get_prices", "get_earnings", "find_best_window", "get_status"}


async def offered(hass: HomeAssistant) -> dict[str, Tool]:
    """Return the tools that an assistant is offered, as Home Assistant collects them."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "llm", {})
    found = await async_get_tools(hass, CONTEXT, LLM_API_ASSIST)
    prefix = f"{DOMAIN}__"
    return {
        tool.name.removeprefix(prefix): tool for tool in found.tools if tool.name.startswith(prefix)
    }


async def asked(hass: HomeAssistant, tool: Tool, **arguments: object) -> ToolResult:
    """Have an assistant use a tool."""
    result = await tool.async_call(hass, ToolInput(tool.name, arguments), CONTEXT)
    assert isinstance(result, ToolResult)
    return result


async def told(hass: HomeAssistant, tool: Tool, **arguments: object) -> dict[str, Any]:
    """Return what a tool answers."""
    result = await asked(hass, tool, **arguments)
    assert not result.error, result.data
    return dict(result.data)


async def test_assistants_read_prices_earnings_and_status(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """Without being told which co-op, where there is one."""
    async with told_market() as node:
        start = this_interval()
        node.clear(start, PRICE)
        node.settle(start, trade__delivered_out=400, pool__given=100, receives=71_000_000)
        async with member_of(hass, entry, key, node):
            shown = Shown(hass, entry)
            await until(hass, lambda: shown.state("sell_price") == "0.15")
            await until(hass, lambda: shown.state("net_today") == "0.071")
            tools = await offered(hass)
            assert tools.keys() == READING
            assert all(tool.annotations.read_only for tool in tools.values())
            prices = await told(hass, tools["get_prices"], hours=2)
            assert prices["currency"] == "EUR"
            assert prices["prices"][0]["sell"] == 0.15
            assert "community" not in prices["prices"][0]
            earned = await told(hass, tools["get_earnings"])
            assert list(earned["days"].values()) == [
                {"sold_kwh": 0.5, "bought_kwh": 0, "earned": 0.071}
            ]
            status = await told(hass, tools["get_status"])
            assert (status["membership"], status["strategy"]) == ("joined", "off")
            assert (status["balance"], status["currency"]) == (12.34, "EUR")
            assert status["markets"]["street"]["selling_now_kwh"] == 0
            # What the home can't do is said in words, for the assistant to pass on.
            failed = await asked(hass, tools["find_best_window"], minutes=60)
            assert failed.error
            assert "node" in str(failed.data["error"])


async def test_assistants_order_only_where_the_owner_has_said_so(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """In the entry's own menu, which no automation opens; it holds from then on."""
    async with told_market() as node, member_of(hass, entry, key, node):
        assert "place_order" not in await offered(hass)
        menu = await entry.start_reconfigure_flow(hass)
        flow = hass.config_entries.flow
        form = await flow.async_configure(menu["flow_id"], {"next_step_id": "voice"})
        result = await flow.async_configure(form["flow_id"], {"voice_trading": True})
        assert result["reason"] == "voice_decided"
        tool = (await offered(hass))["place_order"]
        assert not tool.annotations.read_only
        order = {"side": "sell", "start": "2026-07-01T12:00:00", "energy": 1, "price": 0.2}
        answer = await asked(hass, tool, **order)
        assert answer.error
        form = await entry.start_reconfigure_flow(hass)
        form = await flow.async_configure(form["flow_id"], {"next_step_id": "voice"})
        assert form["data_schema"] is not None
        assert form["data_schema"]({}) == {"voice_trading": True}
        flow.async_abort(form["flow_id"])


async def another(hass: HomeAssistant, entry: MockConfigEntry) -> tuple[MockConfigEntry, HomeKey]:
    """Let the home have an entry for another co-op that is called like the first."""
    key, coop = make_key(), to_text(bytes(reversed(range(16))))
    member = member_id(coop, key.public)
    await async_save_keys(hass, member, StoredKeys((key,)))
    added = MockConfigEntry(
        domain=DOMAIN, title=entry.title, data={**entry.data, "coop": coop, "member": member}
    )
    added.add_to_hass(hass)
    return added, key


async def test_assistants_name_the_co_op_where_there_are_several(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """Also where two are called alike; one that is gone meanwhile says so."""
    async with told_market() as node:
        async with member_of(hass, entry, key, node):
            second, other_key = await another(hass, entry)
            async with member_of(hass, second, other_key, node):
                status = (await offered(hass))["get_status"]
                with pytest.raises(vol.Invalid):
                    status.parameters({})
                for name in (entry.title, f"{entry.title} {second.entry_id}"):
                    assert (await told(hass, status, co_op=name))["membership"] == "joined"
        gone = await asked(hass, status, co_op=entry.title)
        assert gone.error


@pytest.mark.usefixtures("loaded")
async def test_a_home_that_has_not_joined_has_nothing_to_tell(hass: HomeAssistant) -> None:
    """Nor is anything offered outside of Home Assistant's own assistant."""
    assert await offered(hass) == {}
    assert own_tools(hass, CONTEXT, "another") is None
