"""Blueprints as owners import them: each is made an automation, and runs until it acts."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from freezegun import freeze_time
from homeassistant.components.automation.const import DOMAIN as AUTOMATION
from homeassistant.components.input_boolean import DOMAIN as TOGGLE
from homeassistant.components.persistent_notification import DOMAIN as NOTIFICATION
from homeassistant.core import DOMAIN as HOME_ASSISTANT
from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.depin.home_key import HomeKey
from custom_components.depin.protocol.durations import HOUR
from tests.home.test_automations import automate, traded
from tests.home.test_market_entities import Shown, member_of, now, this_interval, until
from tests.home.told_market import told_market

REPOSITORY: Final = Path(__file__).parents[2]
FOLDER: Final = REPOSITORY / "blueprints/automation/depin"
SOURCE: Final = "https://github.com/depin-energy/home-assistant-depin/blob/main/"
IMPORT: Final = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
MACHINE: Final = f"{TOGGLE}.machine"
READY: Final = f"{TOGGLE}.ready"


async def make(hass: HomeAssistant, name: str, **inputs: object) -> None:
    """Import a blueprint, and make an automation of it."""
    there = Path(hass.config.path("blueprints/automation/depin"))
    there.mkdir(parents=True, exist_ok=True)
    shutil.copy(FOLDER / f"{name}.yaml", there)
    used = {"path": f"depin/{name}.yaml", "input": inputs}
    await automate(hass, {"alias": name, "use_blueprint": used})


async def rest(hass: HomeAssistant) -> None:
    """Let no automation wait for its time any more."""
    await hass.services.async_call(AUTOMATION, "turn_off", {"entity_id": "all"}, blocking=True)


async def toggles(hass: HomeAssistant) -> None:
    """Have something that is switched on and off."""
    assert await async_setup_component(hass, HOME_ASSISTANT, {})
    assert await async_setup_component(hass, TOGGLE, {TOGGLE: {"machine": {}, "ready": {}}})


async def switch_on(hass: HomeAssistant, entity_id: str) -> None:
    """Switch a toggle on."""
    await hass.services.async_call(TOGGLE, "turn_on", {"entity_id": entity_id}, blocking=True)
    await hass.async_block_till_done()


def is_on(hass: HomeAssistant, entity_id: str) -> bool:
    """Return whether a toggle is on."""
    state = hass.states.get(entity_id)
    assert state is not None
    return state.state == "on"


def clock(hours: int) -> str:
    """Return the local time of day some hours from now."""
    return (dt_util.now() + timedelta(hours=hours)).strftime("%H:%M:%S")


async def test_the_dishwasher_waits_for_the_neighbours(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """It starts once, when they have energy, or at the latest time without them."""
    await toggles(hass)
    async with told_market() as node, member_of(hass, entry, key, node):
        shown = Shown(hass, entry)
        await until(hass, lambda: shown.state("sun_on_offer") == "off")
        starts = {"action": f"{TOGGLE}.turn_on", "target": {"entity_id": MACHINE}}
        span = {"earliest": clock(-2), "latest": clock(2)}
        offer = shown.entity_id("sun_on_offer")
        await make(
            hass,
            "dishwasher_on_neighbours_sun",
            offer=offer,
            ready=READY,
            start=[starts],
            **span,
        )
        await switch_on(hass, READY)
        assert not is_on(hass, MACHINE)
        await node.push("cleared", now(), **traded(this_interval(), sold=300))
        await until(hass, lambda: is_on(hass, MACHINE))
        await until(hass, lambda: not is_on(hass, READY))

        await hass.services.async_call(TOGGLE, "turn_off", {"entity_id": MACHINE}, blocking=True)
        hass.states.async_set(offer, "off")
        await switch_on(hass, READY)
        assert not is_on(hass, MACHINE)
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(hours=2, seconds=2))
        await until(hass, lambda: is_on(hass, MACHINE))
        await rest(hass)


async def test_the_car_charges_below_a_price(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """It stops above the limit, and where no neighbour sells."""
    await toggles(hass)
    async with told_market() as node, member_of(hass, entry, key, node):
        shown = Shown(hass, entry)
        await until(hass, lambda: shown.state("buy_price") == "unknown")
        price = shown.entity_id("buy_price")
        await make(hass, "charge_car_below_price", price=price, limit=0.24, charger=MACHINE)
        # 15 cents, 4.85 of fees, and VAT of a fifth on all of it.
        await node.push("cleared", now(), **traded(this_interval(), sold=300))
        await until(hass, lambda: is_on(hass, MACHINE))
        for dearer in ("0.25", "0.23", "unknown"):
            hass.states.async_set(price, dearer)
            await hass.async_block_till_done()
            assert is_on(hass, MACHINE) == (dearer == "0.23")


async def test_earnings_are_told_on_sundays(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """In a notification, unless the owner wants something else; on no other day."""
    today = dt_util.start_of_local_day()
    sunday = today + timedelta(days=6 - today.weekday(), hours=19)
    friday = int((sunday - timedelta(days=2)).timestamp() * 1000) // HOUR * HOUR
    async with told_market() as node:
        node.settle(friday - 7 * 24 * HOUR, traded__sold=9_000, receives=9_000_000_000)
        node.settle(
            friday,
            trade__delivered_out=4_000,
            pool__given=300,
            trade__delivered_in=200,
            receives=1_250_000_000,
            pays=50_000_000,
        )
        async with member_of(hass, entry, key, node):
            shown = Shown(hass, entry)
            await until(hass, lambda: shown.state("balance", None) == "12.34")
            assert await async_setup_component(hass, NOTIFICATION, {})
            told = async_capture_events(hass, "call_service")
            await make(hass, "earnings_on_sunday", coop=entry.entry_id)
            for at in (sunday - timedelta(days=1), sunday):
                assert not _notified(told)
                with freeze_time(at, tick=True, real_asyncio=True):
                    async_fire_time_changed(hass, at)
                    await hass.async_block_till_done()
            await rest(hass)
            data = _notified(told)
            assert data[0]["message"] == "Earned 1.20 EUR. Sold 4.3 kWh, bought 0.2 kWh."


def _notified(told: list[Event[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [event.data["service_data"] for event in told if event.data["domain"] == NOTIFICATION]


async def test_a_low_battery_stops_selling(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """Until it holds enough again; between the two limits nothing changes."""
    async with told_market() as node, member_of(hass, entry, key, node):
        shown = Shown(hass, entry)
        await until(hass, lambda: shown.state("surplus_share", None) == "100")
        battery, share = "sensor.battery", shown.entity_id("surplus_share", None)
        hass.states.async_set(battery, "60")
        await make(
            hass,
            "stop_selling_on_low_battery",
            battery=battery,
            low=30,
            enough=50,
            share=share,
            usual=80,
        )
        for level, expected in (("29", "0"), ("45", "0"), ("51", "80"), ("40", "80")):
            hass.states.async_set(battery, level)
            await hass.async_block_till_done()
            assert shown.state("surplus_share", None) == expected
        assert entry.runtime_data.trading.choices.wishes.share == 80


@pytest.mark.parametrize("file", sorted(FOLDER.iterdir()), ids=lambda file: file.stem)
def test_each_can_be_imported_by_its_address(file: Path) -> None:
    """It says where it came from, and the page for homeowners has a button for it."""
    described = load_yaml_dict(str(file))["blueprint"]
    source = SOURCE + file.relative_to(REPOSITORY).as_posix()
    assert described["source_url"] == source
    page = (REPOSITORY / "docs/automations.md").read_text()
    assert IMPORT + quote(source, safe="") in page
