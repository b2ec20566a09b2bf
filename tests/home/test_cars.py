"""Charging cars as the owner of a home has it in Home Assistant."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.charging import Mode
from custom_components.depin.home_key import HomeKey
from custom_components.depin.membership import Membership
from tests.home.told_market import told_market

from .played_device import Fault, PlayedDevice
from .test_current_limit import charger, looked, switched
from .test_market_entities import member_of

__all__ = ["charger"]

pytestmark = pytest.mark.usefixtures("socket_enabled", "impatient")


@pytest.fixture
async def garage(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, charger: PlayedDevice
) -> AsyncIterator[MockConfigEntry]:
    """Return a member with a charger whose current may be limited."""
    async with told_market() as node, member_of(hass, entry, key, node):
        await switched(hass, entry, charger, current_limit=True)
        yield entry


async def act(hass: HomeAssistant, domain: str, action: str, entity: str, **data: object) -> None:
    what = {"entity_id": f"{domain}.garage_{entity}", **data}
    await hass.services.async_call(domain, action, what, blocking=True)


def state(hass: HomeAssistant, entity: str) -> str:
    found = hass.states.get(entity)
    assert found is not None, hass.states.async_entity_ids()
    return found.state


async def wish(hass: HomeAssistant, mode: str, kwh: float) -> None:
    """Want a car to be charged by tomorrow at this time, less an hour."""
    ready = (dt_util.now() - timedelta(hours=1)).time().isoformat("minutes")
    await act(hass, "time", "set_value", "car_ready_by", time=ready)
    await act(hass, "number", "set_value", "energy_the_car_needs", value=kwh)
    await act(hass, "select", "select_option", "charge_the_car", option=mode)


def membership(entry: MockConfigEntry) -> Membership:
    found = entry.runtime_data
    assert isinstance(found, Membership)
    return found


async def test_a_charger_waits_and_charges_as_its_owner_wishes(
    hass: HomeAssistant, garage: MockConfigEntry, charger: PlayedDevice
) -> None:
    """The owner's own limit comes back; nothing is written before somebody wants something."""
    assert state(hass, "select.garage_charge_the_car") == "off"
    assert state(hass, "binary_sensor.garage_charge_now") == "unknown"
    assert charger.writes == []
    await wish(hass, Mode.CHEAPEST, 5)
    assert state(hass, "binary_sensor.garage_charge_now") == "off"
    assert charger.writes == [(5004, [6_000])]

    # It outlasts a restart, at which the car may charge as it likes for a moment.
    assert await hass.config_entries.async_reload(garage.entry_id)
    await hass.async_block_till_done()
    assert state(hass, "number.garage_energy_the_car_needs") == "5.0"
    async with asyncio.timeout(60):
        while len(charger.writes) < 3:
            await asyncio.sleep(0.05)
    assert charger.writes[1:] == [(5004, [16_000]), (5004, [6_000])]

    # What cannot be charged any later is charged from the grid.
    await act(hass, "number", "set_value", "energy_the_car_needs", value=200)
    assert state(hass, "binary_sensor.garage_charge_now") == "on"
    assert charger.writes[-1] == (5004, [16_000])
    await act(hass, "number", "set_value", "energy_the_car_needs", value=1)
    assert charger.writes[-1] == (5004, [6_000])
    await act(hass, "select", "select_option", "charge_the_car", option=Mode.OFF)
    assert charger.writes[-1] == (5004, [16_000])


async def test_an_owner_s_limit_stays_and_home_assistant_s_end_frees_the_charger(
    hass: HomeAssistant, garage: MockConfigEntry, charger: PlayedDevice
) -> None:
    await wish(hass, Mode.NEIGHBOURS, 5)
    assert charger.writes == [(5004, [6_000])]
    await act(hass, "number", "set_value", "current_limit", value=10)
    await act(hass, "select", "select_option", "charge_the_car", option=Mode.OFF)
    assert charger.writes[1:] == [(5004, [10_000])]
    await act(hass, "select", "select_option", "charge_the_car", option=Mode.NEIGHBOURS)
    chargers = membership(garage).chargers
    await hass.async_stop(force=True)
    assert charger.writes[2:] == [(5004, [6_000]), (5004, [10_000])]
    assert chargers is not None


async def test_what_is_charged_is_no_longer_needed(
    hass: HomeAssistant, garage: MockConfigEntry, charger: PlayedDevice
) -> None:
    """A charger that is silent is asked again, and holds nobody's wish back."""
    await wish(hass, Mode.CHEAPEST, 5)
    charger.holding |= {1036: (12_345_670 + 100) >> 16, 1037: (12_345_670 + 100) & 0xFFFF}
    await looked(garage)
    chargers = membership(garage).chargers
    assert chargers is not None
    (one,) = chargers.all.values()
    await chargers.async_wish(one, one.car.wish)
    assert state(hass, "number.garage_energy_the_car_needs") == "4.99"
    charger.fault = Fault.SILENCE
    await act(hass, "select", "select_option", "charge_the_car", option=Mode.OFF)
    assert one.car.charge.unlimited == 16
    charger.fault = Fault.NONE
    await act(hass, "select", "select_option", "charge_the_car", option=Mode.OFF)
    assert one.car.charge.unlimited is None


async def test_the_car_s_own_highest_price_can_be_set(
    hass: HomeAssistant, garage: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    name = "number.garage_maximum_price_for_the_car"
    entity_registry.async_update_entity(name, disabled_by=None)
    assert await hass.config_entries.async_reload(garage.entry_id)
    await hass.async_block_till_done()
    assert state(hass, name) == "unknown"
    await act(hass, "number", "set_value", "maximum_price_for_the_car", value=0.21)
    assert state(hass, name) == "0.21"
    chargers = membership(garage).chargers
    assert chargers is not None
    (one,) = chargers.all.values()
    assert one.car.wish.maximum == 210_000


async def test_a_limit_that_the_owner_switched_off_is_left_alone(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, charger: PlayedDevice
) -> None:
    """Automations can still follow what is said of the car."""
    async with told_market() as node, member_of(hass, entry, key, node):
        await switched(hass, entry, charger)
        await wish(hass, Mode.CHEAPEST, 5)
        assert state(hass, "binary_sensor.garage_charge_now") == "off"
        assert charger.writes == []
