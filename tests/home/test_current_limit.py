"""Limiting a charger's current: only where it is known to be safe, and its owner said so."""

from collections.abc import AsyncIterator
from typing import Any, override

import pytest
from homeassistant.components.number.const import ATTR_VALUE, SERVICE_SET_VALUE
from homeassistant.components.number.const import DOMAIN as NUMBER
from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.entity_component import async_update_entity
from pymodbus.constants import ExcCodes
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.devices.profiles import load

from .played_device import Fault, PlayedDevice, played
from .test_modbus_devices import add, keba

pytestmark = pytest.mark.usefixtures("socket_enabled", "impatient")

LIMIT = "number.garage_current_limit"
P40 = 4_111_110


class Charger(PlayedDevice):
    """A charger that keeps to what is written to it."""

    @override
    async def answer(self, function: int, start: int, address: int, *more: Any) -> ExcCodes | None:
        """Show the limit that was set."""
        refusal = await super().answer(function, start, address, *more)
        self.holding[1101] = self.holding.get(5004, 16_000)
        return refusal


@pytest.fixture
async def charger() -> AsyncIterator[PlayedDevice]:
    """Return a charger that limits itself to 16 A."""
    async with played(Charger.of(keba())) as device:
        device.holding |= {1100: 0, 1101: 16_000}
        yield device


@pytest.fixture
async def loaded(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    charger: PlayedDevice,  # noqa: ARG001 - it is still there when the entry is unloaded
) -> AsyncIterator[MockConfigEntry]:
    """Return a membership that is set up, and unload it in the end."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def switched(
    hass: HomeAssistant, entry: MockConfigEntry, charger: PlayedDevice, **limited: bool
) -> None:
    """Add the charger, with the owner's switch on or off."""
    form: Any = await add(hass, entry, "keba", charger.port)
    assert form["step_id"] == "roles"
    flows = hass.config_entries.subentries
    form = await flows.async_configure(form["flow_id"], {"name": "Garage", **limited})
    assert form["type"] == "create_entry"
    await hass.async_block_till_done()
    await looked(entry)


async def looked(entry: MockConfigEntry) -> None:
    """Read the charger once."""
    senses = entry.runtime_data.senses
    (device,) = senses.devices.values()
    await senses.sampler.look_at(device.sampled)


async def limit_to(hass: HomeAssistant, amperes: float) -> None:
    """Do what an automation does."""
    what = {ATTR_ENTITY_ID: LIMIT, ATTR_VALUE: amperes}
    await hass.services.async_call(NUMBER, SERVICE_SET_VALUE, what, blocking=True)


async def test_without_its_owners_switch_there_is_no_limit(
    hass: HomeAssistant, loaded: MockConfigEntry, charger: PlayedDevice
) -> None:
    await switched(hass, loaded, charger)
    assert hass.states.get(LIMIT) is None
    assert charger.writes == []


async def test_an_automation_limits_the_current(
    hass: HomeAssistant, loaded: MockConfigEntry, charger: PlayedDevice
) -> None:
    await switched(hass, loaded, charger, current_limit=True)
    await async_update_entity(hass, LIMIT)
    state = hass.states.get(LIMIT)
    assert state
    assert (state.state, state.attributes["min"], state.attributes["max"]) == ("16.0", 6, 63)
    assert charger.writes == []
    await limit_to(hass, 10)
    assert charger.writes == [(5004, [10_000])]
    state = hass.states.get(LIMIT)
    assert state
    assert state.state == "10.0"
    with pytest.raises(ServiceValidationError):
        await limit_to(hass, 5)
    # A restart of Home Assistant writes nothing, and what the charger says counts.
    charger.holding[5004] = 13_000
    await hass.config_entries.async_reload(loaded.entry_id)
    await looked(loaded)
    await async_update_entity(hass, LIMIT)
    state = hass.states.get(LIMIT)
    assert state
    assert state.state == "13.0"
    assert len(charger.writes) == 1


async def test_a_limit_that_was_not_set_is_said(
    hass: HomeAssistant, loaded: MockConfigEntry, charger: PlayedDevice
) -> None:
    await switched(hass, loaded, charger, current_limit=True)
    charger.fault = Fault.REFUSED_REGISTERS
    with pytest.raises(HomeAssistantError, match="Garage was not limited"):
        await limit_to(hass, 10)
    charger.fault = Fault.SILENCE
    await async_update_entity(hass, LIMIT)
    state = hass.states.get(LIMIT)
    assert state
    assert state.state == "unknown"
    assert charger.writes == []


async def test_another_charger_at_the_same_place_is_not_written_to(
    hass: HomeAssistant, loaded: MockConfigEntry, charger: PlayedDevice
) -> None:
    await switched(hass, loaded, charger, current_limit=True)
    charger.holding |= {1016: P40 >> 16, 1017: P40 & 0xFFFF}
    with pytest.raises(HomeAssistantError, match="no longer a device of which"):
        await limit_to(hass, 10)
    assert charger.writes == []


async def test_a_charger_of_which_it_is_not_known_offers_no_switch(
    hass: HomeAssistant, loaded: MockConfigEntry, charger: PlayedDevice
) -> None:
    charger.holding |= {1016: P40 >> 16, 1017: P40 & 0xFFFF}
    form = await add(hass, loaded, "keba", charger.port)
    assert "current_limit" not in {str(field) for field in form["data_schema"].schema}


async def test_the_owner_can_switch_it_off_again(
    hass: HomeAssistant, loaded: MockConfigEntry, charger: PlayedDevice
) -> None:
    await switched(hass, loaded, charger, current_limit=True)
    (subentry,) = loaded.subentries.values()
    flows = hass.config_entries.subentries
    form: Any = await flows.async_init(
        (loaded.entry_id, "modbus"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry.subentry_id},
    )
    form = await flows.async_configure(form["flow_id"], {"type": "tcp"})
    form = await flows.async_configure(form["flow_id"], {})
    where = {"host": "127.0.0.1", "port": charger.port, "unit": 255}
    form = await flows.async_configure(form["flow_id"], where)
    chosen = form["data_schema"]({})
    assert chosen["current_limit"] is True
    assert form["description_placeholders"]["limit"]
    form = await flows.async_configure(form["flow_id"], {**chosen, "current_limit": False})
    assert form["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    state = hass.states.get(LIMIT)
    assert state is None or state.state == "unavailable"


@pytest.mark.parametrize(("amperes", "word"), [(5, 6000), (6, 6000), (16.5, 16_500), (64, 63_000)])
def test_what_is_written_stays_within_the_bounds(amperes: float, word: int) -> None:
    limit = load("keba_p30_p40_modbus").current_limit
    assert limit
    assert limit.word(amperes) == word
