"""What the recorder and the energy dashboard know of a home's grid meter and its sun."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import Statistics, StatisticsShortTerm
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    mock_integration,
    mock_platform,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.depin.forecast import QUARTER, History
from custom_components.depin.grid_meter import GridMeter

from .test_entity_devices import COUNTER, add


@pytest.fixture
async def devices(hass: HomeAssistant, entry: MockConfigEntry) -> AsyncIterator[GridMeter]:
    """Return what is known where a grid meter and two roofs are read."""
    registry = er.async_get(hass)
    for name in ("import", "export", "east", "west"):
        made = registry.async_get_or_create("sensor", "other", name)
        hass.states.async_set(made.entity_id, "1234.5", COUNTER)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await add(hass, entry, "grid", import_wh="sensor.other_import", export_wh="sensor.other_export")
    for name in ("east", "west"):
        await add(hass, entry, "production", production_wh=f"sensor.other_{name}")
    yield GridMeter(hass, entry.runtime_data.senses)
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def remember(
    hass: HomeAssistant,
    recorder: Recorder,
    statistic: str,
    first: datetime,
    every: timedelta,
    sums: list[float],
) -> None:
    metadata = StatisticMetaData(
        has_sum=True,
        mean_type=StatisticMeanType.NONE,
        name=None,
        source="recorder",
        statistic_id=statistic,
        unit_class="energy",
        unit_of_measurement="kWh",
    )
    rows = [StatisticData(start=first + at * every, sum=sum_) for at, sum_ in enumerate(sums)]
    table = Statistics if every == timedelta(hours=1) else StatisticsShortTerm
    recorder.async_import_statistics(metadata, rows, table)
    await async_wait_recording_done(hass)


async def test_hours_are_spread_and_of_late_quarters_are_known(
    recorder_mock: Recorder, hass: HomeAssistant, devices: GridMeter
) -> None:
    """What a source's statistic knows goes before our own; roofs are added up."""
    hour, day = timedelta(hours=1), timedelta(days=1)
    now = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    first = now - day
    export = "sensor.other_export"
    await remember(hass, recorder_mock, export, first, hour, [1.0, 3.0, 3.0, 2.0])
    await remember(
        *(hass, recorder_mock, export, first + hour, timedelta(minutes=5)),
        [0.0, 0.1, 0.2, 0.5, 0.5, 0.5, 0.6],
    )
    own = er.async_get(hass).async_get("sensor.meter_grid_export")
    assert own is not None
    await remember(
        *(hass, recorder_mock, own.entity_id, first - 2 * hour, hour, [7.0, 7.4, 9.0, 9.0]),
    )
    for roof in ("east", "west"):
        await remember(hass, recorder_mock, f"sensor.other_{roof}", first, hour, [0.0, 1.0])

    history = await devices.async_history(round(now.timestamp() * 1000))
    at = round(first.timestamp() * 1000)
    quarters = [history.exported.get(at + quarter * QUARTER) for quarter in range(-8, 17)]
    # An hour that our own entity alone knows does not count its sum as of another source ...
    assert quarters[4:8] == [100.0] * 4
    # ... the hour of which five minutes are known: a quarter is whole, another is not ...
    assert quarters[12:16] == pytest.approx([200.0, 300.0, 500.0, 500.0])
    # ... and what was counted backwards is nothing.
    assert quarters[16:24] == [0.0] * 8
    assert quarters[24] is None
    assert history.imported == {}
    assert history.produced[at + 4 * QUARTER] == 500.0


async def test_without_a_recorder_nothing_is_known(devices: GridMeter) -> None:
    assert await devices.async_history(2_000_000_000_000) == History()
    assert await devices.async_sun() == {}


async def test_without_a_meter_nothing_is_asked(
    recorder_mock: Recorder,  # noqa: ARG001 - it is there
    hass: HomeAssistant,
    entry: MockConfigEntry,
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    meter = GridMeter(hass, entry.runtime_data.senses)
    assert await meter.async_history(2_000_000_000_000) == History()
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_the_sun_is_what_the_energy_dashboard_s_forecasts_say(
    recorder_mock: Recorder,  # noqa: ARG001 - the energy dashboard needs it
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    devices: GridMeter,
) -> None:
    """Of all roofs, by the home's own days; a forecast that is gone or silent is passed over."""
    hass_storage["energy"] = {
        "version": 1,
        "key": "energy",
        "data": {
            "energy_sources": [
                {
                    "type": "solar",
                    "stat_energy_from": "a",
                    "config_entry_solar_forecast": ["x", "y"],
                },
                {
                    "type": "solar",
                    "stat_energy_from": "b",
                    "config_entry_solar_forecast": ["y", "gone"],
                },
                {"type": "solar", "stat_energy_from": "c", "config_entry_solar_forecast": None},
            ],
            "device_consumption": [],
            "device_consumption_water": [],
        },
    }
    said: dict[str, Any] = {
        "x": {"wh_hours": {"2026-06-20T23:30:00-07:00": 100, "2026-06-21T09:00:00+00:00": 300}},
        "y": {"wh_hours": {"2026-06-21T20:00:00+00:00": 1000.5, "some time": 7}},
        "silent": None,
    }

    class Platform:
        @staticmethod
        async def async_get_solar_forecast(_: HomeAssistant, name: str) -> Any:  # noqa: ANN401 - as it may be
            return said[name]

    mock_integration(hass, MockModule("sunny"))
    mock_platform(hass, "sunny.energy", Platform)  # type: ignore[arg-type]
    for name in ("x", "y"):
        MockConfigEntry(domain="sunny", entry_id=name).add_to_hass(hass)
    assert await async_setup_component(hass, "sunny", {})
    assert await async_setup_component(hass, "energy", {})
    await hass.async_block_till_done()
    found = await devices.async_sun()
    assert {str(day): wh for day, wh in found.items()} == {
        "2026-06-20": 100,
        "2026-06-21": 1300.5,
    }
    said["y"] = None
    assert sum((await devices.async_sun()).values()) == 400
