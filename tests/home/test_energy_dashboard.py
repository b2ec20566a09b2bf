"""The energy dashboard: what counts twice is told, and replaced where the owner says so."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from homeassistant.components.energy.data import (
    ENERGY_SOURCE_SCHEMA,
    EnergyManager,
    async_get_manager,
)
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.const import DOMAIN
from custom_components.depin.energy_dashboard import statistic_id
from custom_components.depin.home_key import HomeKey
from custom_components.depin.hourly_sums import Flow, Pair, Series
from tests.home.test_market_entities import member_of
from tests.home.told_market import told_market

UTILITY: Final = "sensor.utility_import"
STATISTICS: Final = ("stat_energy_from", "stat_energy_to", "stat_cost", "stat_compensation")
pytestmark = [
    pytest.mark.usefixtures("recorder_mock"),
    pytest.mark.filterwarnings(
        # Home Assistant's own server, which repairs are answered over, does as it did.
        "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
    ),
]


def grid(stat_from: str, stat_to: str | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Describe a connection as the dashboard's settings do."""
    ((source),) = ENERGY_SOURCE_SCHEMA(
        [
            {
                "type": "grid",
                "stat_energy_from": stat_from,
                "stat_energy_to": stat_to,
                "cost_adjustment_day": 0,
                **more,
            }
        ]
    )
    return dict(source)


SUN: Final[dict[str, Any]] = {"type": "solar", "stat_energy_from": "sensor.sun"}


@pytest.fixture
async def dashboard(hass: HomeAssistant) -> EnergyManager:
    assert await async_setup_component(hass, "energy", {})
    return await async_get_manager(hass)


async def show(dashboard: EnergyManager, *sources: dict[str, Any]) -> None:
    """Save the dashboard's settings, as its page does."""
    preferences: Any = {**EnergyManager.default_preferences(), "energy_sources": list(sources)}
    await dashboard.async_update(preferences)


def is_told(hass: HomeAssistant) -> bool:
    """Tell whether the owner is told that something counts twice."""
    issues = ir.async_get(hass).issues.values()
    return any(one.translation_key == "counted_twice" for one in issues)


def ours(entry: MockConfigEntry) -> dict[str, Any]:
    return grid(statistic_id(entry, Series(Pair.NEIGHBOURS, Flow.IMPORT)))


async def test_it_is_told_while_both_are_there(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, dashboard: EnergyManager
) -> None:
    """At a start and whenever the settings change; either alone counts once."""
    await show(dashboard, grid(UTILITY), ours(entry))
    async with told_market() as node:
        async with member_of(hass, entry, key, node):
            assert is_told(hass)
            await show(dashboard, ours(entry), SUN)
            assert not is_told(hass)
            await show(dashboard, grid(UTILITY))
            assert not is_told(hass)
        async with member_of(hass, entry, key, node):
            await show(dashboard, grid(UTILITY), ours(entry))
            assert is_told(hass)
        await hass.config_entries.async_remove(entry.entry_id)
        await hass.async_block_till_done()
        assert not is_told(hass)


async def test_a_connection_that_measures_power_alone_counts_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, dashboard: EnergyManager
) -> None:
    power = {**grid(UTILITY), "stat_energy_from": None, "stat_rate": "sensor.power"}
    async with told_market() as node, member_of(hass, entry, key, node):
        await show(dashboard, power, ours(entry))
        assert not is_told(hass)


async def test_the_owner_chooses_what_is_replaced(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    key: HomeKey,
    dashboard: EnergyManager,
    hass_client: Callable[[], Awaitable[Any]],
) -> None:
    """The three pairs stand where it stood, with its power; other connections stay."""
    assert await async_setup_component(hass, REPAIRS, {})
    hass.states.async_set(UTILITY, "1", {"friendly_name": "House meter"})
    pump = grid("sensor.heat_pump", name="Heat pump")
    utility = grid(UTILITY, "sensor.utility_export", stat_rate="sensor.power")
    async with told_market() as node, member_of(hass, entry, key, node):
        await show(dashboard, SUN, utility, ours(entry), pump)
        client = await hass_client()
        path = "/api/repairs/issues/fix"
        issue = f"counted_twice_{entry.entry_id}"
        opened = await client.post(path, json={"handler": DOMAIN, "issue_id": issue})
        form = await opened.json()
        assert form["step_id"] == "replace"
        (field,) = form["data_schema"]
        labels = {one["value"]: one["label"] for one in field["selector"]["select"]["options"]}
        assert labels == {
            UTILITY: f"House meter ({UTILITY})",
            "sensor.heat_pump": "Heat pump (sensor.heat_pump)",
        }
        path = f"{path}/{form['flow_id']}"
        answered = await client.post(path, json={"replaced": []})
        assert (await answered.json())["errors"] == {"replaced": "none_chosen"}
        answered = await client.post(path, json={"replaced": [UTILITY]})
        assert (await answered.json())["type"] == "create_entry"
        assert dashboard.data is not None
        sources: list[Any] = dashboard.data["energy_sources"]
        assert [sources[0], sources[-1]] == [SUN, pump]
        pairs = sources[1:-1]
        assert ENERGY_SOURCE_SCHEMA(sources) == sources
        assert [one["stat_energy_from"] for one in pairs] == [
            statistic_id(entry, Series(pair, Flow.IMPORT)) for pair in Pair
        ]
        assert [one["name"] for one in pairs] == ["Neighbours", "Pool", "Remaining grid"]
        assert [one.get("stat_rate") for one in pairs] == [None, None, "sensor.power"]
        named = [name for one in pairs for key, name in one.items() if key in STATISTICS]
        assert len(set(named)) == 12
        # What was left out is known to be another connection.
        assert await hass.config_entries.async_reload(entry.entry_id)
        assert not is_told(hass)
        await show(dashboard, *sources, grid("sensor.other_meter"))
        assert is_told(hass)


async def test_the_power_of_two_sensors_goes_along(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    key: HomeKey,
    dashboard: EnergyManager,
    hass_client: Callable[[], Awaitable[Any]],
) -> None:
    """A single connection is chosen already."""
    assert await async_setup_component(hass, REPAIRS, {})
    power = {"stat_rate_from": "sensor.drawn", "stat_rate_to": "sensor.fed"}
    async with told_market() as node, member_of(hass, entry, key, node):
        await show(dashboard, grid(UTILITY, power_config=power), ours(entry))
        client = await hass_client()
        path = "/api/repairs/issues/fix"
        issue = f"counted_twice_{entry.entry_id}"
        opened = await client.post(path, json={"handler": DOMAIN, "issue_id": issue})
        form = await opened.json()
        assert form["data_schema"][0]["default"] == [UTILITY]
        answered = await client.post(f"{path}/{form['flow_id']}", json={"replaced": [UTILITY]})
        assert (await answered.json())["type"] == "create_entry"
        assert dashboard.data is not None
        sources: list[Any] = dashboard.data["energy_sources"]
        assert [one.get("power_config") for one in sources] == [None, None, power]
        assert not is_told(hass)
