"""What a co-op's markets ask of readings: its intervals, and how long it waits."""

import asyncio
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.metering_times import MeteringTimes, metering_times
from custom_components.depin.node import Node, StrangeAnswerError
from custom_components.depin.protocol.rules.market_rules import MarketRules
from custom_components.depin.protocol.statements.fields import BodyError
from custom_components.depin.senses import Senses

from .pretender import pretending

NOW = 1_800_000_000_000
MINUTE = 60_000


def market(*versions: tuple[int, MarketRules]) -> dict[str, Any]:
    """Publish a market as a node does."""
    return {
        "market": "main",
        "versions": [{"start": start, "rules": rules.to_json()} for start, rules in versions],
    }


@pytest.mark.parametrize(
    ("interval", "deadline", "wait"),
    [(15, 20, 5), (5, 4, 2), (60, 600, 5), (1, 0, 1 / 6)],
)
def test_a_statement_waits_for_half_the_deadline(interval: int, deadline: int, wait: float) -> None:
    rules = MarketRules(interval=interval * MINUTE, reading_deadline=deadline * MINUTE)
    found = metering_times([market((0, rules))], NOW)
    assert found == MeteringTimes(interval * MINUTE, round(wait * MINUTE))


def test_what_holds_now_counts_of_all_markets() -> None:
    usual, quick = MarketRules(), MarketRules(interval=5 * MINUTE, reading_deadline=0)
    later = market((NOW - 2, usual), (NOW + 1, quick))
    assert metering_times([later], NOW) == MeteringTimes()
    assert metering_times([later], NOW + 1).interval == 5 * MINUTE
    assert metering_times([market((0, usual)), market((0, quick))], NOW).interval == 5 * MINUTE
    assert metering_times([market((NOW + 9, quick))], NOW).interval == 5 * MINUTE
    assert metering_times([], NOW) == metering_times([{"versions": []}], NOW) == MeteringTimes()


@pytest.mark.parametrize(
    "published",
    [
        {},
        [{"market": "main"}],
        [{"versions": [{"start": 0, "rules": {"interval": 1, "reading_deadline": 0}}]}],
        [{"versions": [{"start": 0, "rules": {"interval": MINUTE}}]}],
        [{"versions": [{"start": "0", "rules": MarketRules().to_json()}]}],
    ],
)
def test_what_no_node_publishes_is_refused(published: object) -> None:
    with pytest.raises(BodyError):
        metering_times(published, NOW)


@pytest.mark.usefixtures("socket_enabled")
async def test_a_home_keeps_what_its_node_publishes_over_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    senses: Senses = entry.runtime_data.senses
    quick = MarketRules(interval=5 * MINUTE, reading_deadline=2 * MINUTE)
    async with pretending(markets=[market((0, quick))]) as pretender:
        node = Node(async_get_clientsession(hass), pretender.address, entry.data["coop"])
        following = asyncio.create_task(senses.async_follow_times(node))
        while senses.sampler.times != (5 * MINUTE, MINUTE):
            await asyncio.sleep(0.01)
        following.cancel()
        pretender.answers["/markets"] = (200, {"no": "market"})
        with pytest.raises(StrangeAnswerError):
            await node.metering_times(NOW)
        following = asyncio.create_task(senses.async_follow_times(node))
        while len(pretender.asked) < 3:
            await asyncio.sleep(0.01)
        following.cancel()
    assert senses.sampler.times == (5 * MINUTE, MINUTE)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.runtime_data.senses.sampler.times == (5 * MINUTE, MINUTE)
    await hass.config_entries.async_unload(entry.entry_id)
