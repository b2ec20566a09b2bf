"""What is known of a device outlives a restart of Home Assistant."""

from typing import Any, Final

import pytest
from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.devices.points import Role

from .devices.test_counted_parts import hybrid
from .played_device import PlayedDevice, played
from .test_device_flows import HOST, answered, the_device

pytestmark = pytest.mark.usefixtures("socket_enabled", "impatient")

SILENT: Final = hybrid(70_000, 0)


async def shown(entry: MockConfigEntry) -> int | None:
    """Read the device once, and return what its panels have produced."""
    device = the_device(entry)
    await entry.runtime_data.senses.sampler.look_at(device.sampled)
    return device.shown(Role.PRODUCTION).production_wh


async def reconfigure(
    hass: HomeAssistant, entry: MockConfigEntry, *answers: dict[str, Any]
) -> None:
    """Change the one device."""
    flows = hass.config_entries.subentries
    form: Any = await flows.async_init(
        (entry.entry_id, "sunspec"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": next(iter(entry.subentries))},
    )
    for answer in answers:
        form = await flows.async_configure(form["flow_id"], answer)
    assert form["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()


async def test_a_string_that_is_silent_at_a_restart_makes_no_new_meter(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    async with played(PlayedDevice.of(hybrid(70_000, 30_000))) as device:
        where = {"host": HOST, "port": device.port, "unit": 1}
        form = await answered(hass, loaded, "sunspec", {"type": "tcp"}, {}, where, {"name": "Roof"})
        assert form["type"] == "create_entry"
        assert await shown(loaded) == 100_000
        device.put(SILENT)
        await hass.config_entries.async_reload(loaded.entry_id)
        assert [await shown(loaded) for _ in range(4)] == [None] * 4
        device.put(hybrid(70_010, 30_005))
        assert await shown(loaded) == 100_015

        # Read in another way, it is another device, of which nothing is known.
        device.put(SILENT)
        await reconfigure(
            hass, loaded, {"type": "tcp"}, {"production": "dc"}, where, {"name": "Roof"}
        )
        assert [await shown(loaded) for _ in range(3)][-1] == 70_000
