"""What Home Assistant's recorder and solar forecasts know of the home's grid meter and its sun."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final, Literal

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .const import CONF_ENTITIES, DOMAIN
from .devices.points import Role
from .forecast import DAYS, QUARTER, History
from .sensed_device import SensedDevice
from .senses import Senses

_ENERGY: Final = "energy"
_RECORDER: Final = "recorder"
_PERIODS: Final[tuple[tuple[Literal["hour", "5minute"], int], ...]] = (("hour", 4), ("5minute", 1))
"""Periods of statistics, and how many quarters of an hour one of them can fill."""
_IN_A_QUARTER: Final = 3


class GridMeter:
    """A membership's grid meter as it has counted, hour by hour, and of late by quarters."""

    def __init__(self, hass: HomeAssistant, senses: Senses) -> None:
        """Look at the devices that are read."""
        self._hass = hass
        self._senses = senses

    @property
    def zone(self) -> tzinfo:
        """The time zone that the home lives in."""
        return dt_util.get_default_time_zone()

    async def async_history(self, now: int) -> History:
        """Return what the grid meter counted, and all roofs produced."""
        if _RECORDER not in self._hass.config.components:
            return History()
        exported = self._statistics(Role.GRID, "export_wh", "grid_export")
        imported = self._statistics(Role.GRID, "import_wh", "grid_import")
        produced = self._statistics(Role.PRODUCTION, "production_wh", "production_energy")
        wanted = {name for each in (*exported, *imported, *produced) for name in each}
        if not wanted:
            return History()
        since = dt_util.utc_from_timestamp(now / 1000) - timedelta(days=DAYS + 1)
        counted = await self._async_counted(since, wanted)
        return History(
            _of_devices(exported, counted),
            _of_devices(imported, counted),
            _of_devices(produced, counted),
        )

    async def async_sun(self) -> Mapping[date, float]:
        """Return the production that the energy dashboard's forecasts tell, in Wh by local day."""
        if _ENERGY not in self._hass.config.components:
            return {}
        from homeassistant.components.energy.data import (  # noqa: PLC0415 - not everybody has it
            async_get_manager,
        )
        from homeassistant.components.energy.websocket_api import (  # noqa: PLC0415
            async_get_energy_platforms,
        )

        preferences = (await async_get_manager(self._hass)).data
        if preferences is None:
            return {}
        platforms = await async_get_energy_platforms(self._hass)
        names = {
            name
            for source in preferences["energy_sources"]
            if source["type"] == "solar"
            for name in source.get("config_entry_solar_forecast") or ()
        }
        totals: dict[date, float] = {}
        for name in sorted(names):
            entry = self._hass.config_entries.async_get_entry(name)
            if entry is None or entry.domain not in platforms:
                continue
            told = await platforms[entry.domain](self._hass, name)
            for moment, wh in (told or {"wh_hours": {}})["wh_hours"].items():
                at = dt_util.parse_datetime(moment)
                if at is not None:
                    day = dt_util.as_local(at).date()
                    totals[day] = totals.get(day, 0.0) + wh
        return totals

    def _statistics(self, role: Role, point: str, key: str) -> list[list[str]]:
        """Name the statistics of a register by device: those of its source before our own."""
        registry = er.async_get(self._hass)
        found = []
        for subentry_id, device in self._senses.devices.items():
            if (role, point) not in device.points:
                continue
            own = registry.async_get_entity_id("sensor", DOMAIN, f"{subentry_id}_{key}")
            source = registry.async_get(_source_of(device, role, point))
            names = [source.entity_id if source else None, own]
            found.append([name for name in names if name])
        return found

    async def _async_counted(
        self, since: datetime, wanted: set[str]
    ) -> dict[str, dict[int, float]]:
        """Return what each statistic counted in each quarter of an hour."""
        from homeassistant.components.recorder.statistics import (  # noqa: PLC0415 - as above
            statistics_during_period,
        )
        from homeassistant.helpers.recorder import get_instance  # noqa: PLC0415

        counted: dict[str, dict[int, float]] = {name: {} for name in wanted}
        for period, quarters in _PERIODS:
            rows = await get_instance(self._hass).async_add_executor_job(
                statistics_during_period,
                *(self._hass, since, None, wanted, period, {"energy": "Wh"}, {"change"}),
            )
            for name, each in rows.items():
                counted[name] |= _by_hours(each) if quarters > 1 else _by_quarters(each)
        return counted


def _source_of(device: SensedDevice, role: Role, point: str) -> str:
    """Return the registry id of the entity behind a point, or nothing that exists."""
    for part in device.metered.parts:
        entities: Mapping[str, str] = device.subentry.data.get(CONF_ENTITIES, {})
        if part.use.role is role and entities:
            return entities.get(part.use.sources(entities).get(point, ""), "")
    return ""


def _of_devices(
    devices: Iterable[Iterable[str]], counted: Mapping[str, Mapping[int, float]]
) -> dict[int, float]:
    """Add up what devices counted; of each, the first statistic that knows a time counts."""
    total: dict[int, float] = {}
    for names in devices:
        one: dict[int, float] = {}
        for name in names:
            one = {**counted[name], **one}
        for at, wh in one.items():
            total[at] = total.get(at, 0.0) + wh
    return total


def _by_hours(rows: Iterable[Any]) -> dict[int, float]:
    """Spread each hour over its quarters."""
    return {
        at + quarter * QUARTER: wh / 4 for at, wh in _changes(rows).items() for quarter in range(4)
    }


def _by_quarters(rows: Iterable[Any]) -> dict[int, float]:
    """Add up the quarters of which all is known."""
    parts: dict[int, list[float]] = {}
    for at, wh in _changes(rows).items():
        parts.setdefault(at // QUARTER * QUARTER, []).append(wh)
    return {at: sum(each) for at, each in parts.items() if len(each) == _IN_A_QUARTER}


def _changes(rows: Iterable[Any]) -> dict[int, float]:
    return {
        round(row["start"] * 1000): max(0.0, row["change"])
        for row in rows
        if row.get("change") is not None
    }
