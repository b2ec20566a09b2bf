"""What the dashboard's cards are told, and where the browser finds their modules."""

import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from freezegun import freeze_time
from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL, UrlManager
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    MockHAClientWebSocket,
    WebSocketGenerator,
)

from custom_components.depin.const import DOMAIN
from custom_components.depin.dashboard_commands import last_days, last_months
from custom_components.depin.dashboard_serving import MODULES
from custom_components.depin.home_key import HomeKey
from custom_components.depin.membership import books_file
from custom_components.depin.protocol.durations import HOUR
from custom_components.depin.protocol.statements.measuring import Device
from tests.home.test_market_entities import PRICE, Shown, member_of, this_interval, until
from tests.home.test_verification import checkpoint, member
from tests.home.told_market import MARKET, told_market

pytestmark = pytest.mark.filterwarnings(
    # Home Assistant's own server, which pages ask, does as it did.
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)
SUMS = {
    "members": 7,
    "imported": 2_100,
    "exported": 1_800,
    "produced": 1_900,
    "bought": 900,
    "delivered": 850,
    "pooled": 400,
    "certified": 1_250,
    "missing": 0,
    "estimated": 1,
}

type Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def socket(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> MockHAClientWebSocket:
    return await hass_ws_client(hass)


@pytest.fixture
def ask(socket: MockHAClientWebSocket) -> Ask:
    """Ask as a card does, and return the answer whole."""

    async def ask(what: str, **more: object) -> dict[str, Any]:
        await socket.send_json_auto_id({"type": f"depin/{what}", **more})
        answer: dict[str, Any] = await socket.receive_json()
        return answer

    return ask


async def test_a_member_is_told_figures_of_its_market(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, ask: Ask
) -> None:
    """Prices are per kWh, energy in Wh, money in the co-op's currency."""
    await hass.config.async_set_time_zone("UTC")
    async with told_market() as node:
        start = this_interval()
        node.clear(start, PRICE)
        node.settle(start, traded__sold=300, trade__delivered_out=300, receives=45_000_000)
        node.sums[start] = SUMS
        async with member_of(hass, entry, key, node):
            await until(hass, lambda: Shown(hass, entry).state("sell_price") == "0.15")

            (told,) = (await ask("memberships"))["result"]
            registry = dr.async_get(hass)
            name = f"{entry.data['coop']}_{entry.data['member']}"
            (market,) = told["markets"]
            assert (told["entry_id"], told["title"]) == (entry.entry_id, entry.title)
            assert (market["name"], told["devices"]) == (MARKET, [])
            for device_id, identifier in (
                (told["device_id"], name),
                (market["device_id"], f"{name}_{MARKET}"),
            ):
                device = registry.async_get(device_id)
                assert device is not None
                assert device.identifiers == {(DOMAIN, identifier)}

            prices = (await ask("prices", entry_id=entry.entry_id, market=MARKET))["result"]
            assert (prices["market"], prices["currency"]) == (MARKET, "EUR")
            assert prices["end"] - prices["begin"] == 24 * HOUR
            now = {row["start"]: row for row in prices["rows"]}[start]
            assert now == {
                "start": start,
                "end": start + HOUR,
                "state": "cleared",
                "buy": pytest.approx(0.2382),
                "sell": 0.15,
                "community": 0.11,
                "grid_buy": 0.3,
                "grid_sell": 0.08,
                "bought_wh": 0,
                "sold_wh": 300,
            }

            street = (await ask("neighbourhood"))["result"]["interval"]
            assert (street["start"], street["end"]) == (start, start + HOUR)
            assert (street["members"], street["missing"], street["estimated"]) == (7, 0, 1)
            assert street["flows"] == {
                "imported": 2_100,
                "exported": 1_800,
                "delivered": 850,
                "pooled": 400,
            }

            days = (await ask("earnings"))["result"]["rows"]
            months = (await ask("earnings", period="months"))["result"]["rows"]
            assert (len(days), len(months)) == (31, 12)
            for rows in (days, months):
                assert rows[-1]["net"] == rows[-1]["gross"] == 0.045
                assert rows[-1]["sold_wh"] == sum(row["sold_wh"] for row in rows) == 300
            wrong = await ask("earnings", period="weeks")
            assert wrong["error"]["code"] == "invalid_format"


async def test_of_too_few_nothing_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, ask: Ask
) -> None:
    """Nor is anything before the first settlement, and a silent node is called so."""
    async with told_market() as node, member_of(hass, entry, key, node):
        await until(hass, lambda: Shown(hass, entry).state("sell_price") == "unknown")
        assert (await ask("neighbourhood"))["result"]["interval"] is None
        node.settle(this_interval())
        await entry.runtime_data.coordinator.keeping.catch_up()
        street = (await ask("neighbourhood"))["result"]["interval"]
        assert (street["start"], street["members"], street["flows"]) == (
            this_interval(),
            None,
            None,
        )
        node.is_broken = True
        error = (await ask("neighbourhood"))["error"]
        assert error["translation_key"] == "node_is_away"


async def test_what_is_not_there_is_said(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, ask: Ask
) -> None:
    """A card learns which words to show."""
    assert (await ask("prices"))["error"]["code"] == "unknown_command"
    assert await hass.config_entries.async_setup(entry.entry_id)
    for what in ("prices", "proofs", "follow"):
        refused = await ask(what, entry_id="another")
        assert refused["error"]["translation_key"] == "service_config_entry_not_found"
    assert (await ask("memberships"))["result"][0]["markets"] == []
    assert (await ask("prices"))["error"]["translation_key"] == "no_market_yet"
    assert (await ask("proofs"))["error"]["translation_key"] == "not_a_member_yet"
    assert await hass.config_entries.async_unload(entry.entry_id)

    async with told_market() as node, member_of(hass, entry, key, node):
        await until(hass, lambda: Shown(hass, entry).state("sell_price") == "unknown")
        refused = await ask("prices", market="square")
        assert refused["error"]["translation_key"] == "no_such_market"
        file = books_file(hass, entry.data["member"])
        with closing(sqlite3.connect(file)) as database, database:
            database.executescript("drop table own; drop table note")
        for what in ("prices", "neighbourhood", "earnings"):
            assert (await ask(what))["error"]["translation_key"] == "books_unreadable"


async def test_a_home_is_told_what_it_verified(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, ask: Ask
) -> None:
    """How much it saw of the log, what became of its statements, and what does not hold."""
    async with member(hass, entry, key) as node:
        await entry.runtime_data.verification.verify()
        told = (await ask("proofs"))["result"]
        looked_at = told.pop("looked_at")
        assert abs(looked_at - dt_util.utcnow().timestamp() * 1000) < HOUR
        assert told == {
            "entry_id": entry.entry_id,
            "verified": True,
            "log_size": 7,
            "intervals": 0,
            "receipts": 0,
            "waiting": 0,
            "found": None,
            "evidence": None,
        }
        await entry.runtime_data.attestation.async_record(Device("A" * 22, "grid", {"import": 1}))
        # A smaller log than the one that was seen.
        node.answers[f"/log/{entry.data['coop']}/checkpoint"] = 200, checkpoint(key, 7, root=2)
        await entry.runtime_data.verification.verify()
        told = (await ask("proofs"))["result"]
        assert (told["verified"], told["receipts"]) == (False, 0)
        assert told["waiting"] > 0
        assert told["found"]
        assert Path(told["evidence"]).is_file()


async def test_who_follows_hears_of_changes_and_of_a_new_start(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, socket: MockHAClientWebSocket
) -> None:
    """Also over a reload, and no more once the page is gone."""
    async with told_market() as node, member_of(hass, entry, key, node):
        shown = Shown(hass, entry)
        await until(hass, lambda: shown.state("sell_price") == "unknown")
        number = await _send(socket, {"type": "depin/follow"})
        assert (await socket.receive_json())["success"]
        node.clear(this_interval(), PRICE)
        await entry.runtime_data.coordinator.keeping.catch_up()
        assert await socket.receive_json() == {"id": number, "type": "event", "event": None}
        assert await hass.config_entries.async_reload(entry.entry_id)
        assert (await socket.receive_json())["id"] == number
        done = await _send(socket, {"type": "unsubscribe_events", "subscription": number})
        while (answer := await socket.receive_json())["id"] != done:
            assert answer["id"] == number
        assert answer["success"]


async def test_days_and_months_begin_at_midnight_where_the_home_is(hass: HomeAssistant) -> None:
    """A day of a change of the clocks is an hour longer or shorter."""
    await hass.config.async_set_time_zone("Europe/Vienna")
    vienna = ZoneInfo("Europe/Vienna")
    with freeze_time(datetime(2026, 10, 25, 12, tzinfo=vienna)):
        days, months = last_days(), last_months()
    assert [day.astimezone(UTC).hour for day in days[-3:]] == [22, 22, 23]
    assert days[-1] - days[-2] == timedelta(days=1)
    assert days[-1].timestamp() - days[-2].timestamp() == 25 * 3_600
    assert (len(days), len(months)) == (32, 13)
    assert {day.astimezone(vienna).hour for day in days + months} == {0}
    assert [(month.year, month.month) for month in months[:3]] == [
        (2025, 11),
        (2025, 12),
        (2026, 1),
    ]
    assert months[-1] == datetime(2026, 11, 1, tzinfo=vienna)


async def test_the_modules_are_where_the_page_looks(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    """Under an address that names what they hold, so that none is ever stale."""
    assert await async_setup_component(hass, "http", {})
    modules = UrlManager(lambda *_: None, [])
    hass.data[DATA_EXTRA_MODULE_URL] = modules
    hass.config.components.add("frontend")
    assert await async_setup_component(hass, DOMAIN, {})
    (first,) = modules.urls
    assert re.fullmatch(r"/depin_dashboard/[0-9a-f]{16}/depin\.js", first)
    client = await hass_client()
    for file in MODULES.rglob("*.js"):
        name = file.relative_to(MODULES).as_posix()
        answer = await client.get(first.replace("depin.js", name))
        assert answer.content_type == "text/javascript"
        assert await answer.read() == file.read_bytes()


async def test_without_pages_no_modules_are_served(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    assert DATA_EXTRA_MODULE_URL not in hass.data


async def _send(socket: MockHAClientWebSocket, message: dict[str, Any]) -> int:
    """Send a message under the next number, and return that."""
    await socket.send_json_auto_id(message)
    number: int = message["id"]
    return number
