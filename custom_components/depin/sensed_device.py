"""A device as its subentry describes it, ready to be read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant

from .const import (
    CONF_CONNECTION_POWER,
    CONF_CURRENT_LIMIT,
    CONF_DEVICE_NAME,
    CONF_ENTITIES,
    CONF_IMPORT_ONLY,
    CONF_PARAMETERS,
    CONF_PART,
    CONF_POINTS,
    CONF_POLL_SECONDS,
    CONF_PROFILE,
    CONF_PROFILE_OPTIONS,
    CONF_RATED_POWER,
    CONF_ROLE,
    CONF_TURNED,
    CONF_USES,
    SUBENTRY_MQTT,
)
from .device_memory import DeviceMemory
from .devices import profiles
from .devices.awaited_counters import AwaitedCounters
from .devices.declaration import declaration, steps_of
from .devices.learned import Learned
from .devices.metered_device import MeteredDevice, MeteredPart
from .devices.points import NO_POINTS, Points, Role, Status
from .devices.profiles import PointFormulas, Profile
from .devices.roles import Use, counters
from .devices.sampler import POLL_MS, Sampled
from .devices.value_gate import USUAL_MOST_W, Limits
from .protocol.statements.measuring import Device
from .sources.entity_source import EntitySource
from .sources.mqtt_source import MessageSource
from .sources.shared_modbus import async_modbus_source

if TYPE_CHECKING:
    from .sources.modbus_source import ModbusSource

_NO_FORMULAS = PointFormulas()
_OF_THE_CONNECTION = frozenset({Role.GRID, Role.SUB, Role.FEEDER})


@dataclass(frozen=True, slots=True)
class SensedDevice:
    """A device at work: what is read, what it can show, and what is said of it."""

    subentry: ConfigSubentry
    source: ModbusSource | MessageSource | EntitySource
    sampled: Sampled
    points: frozenset[tuple[Role, str]]
    declared: tuple[Device, ...]

    @property
    def metered(self) -> MeteredDevice:
        """Return what meters it."""
        return self.sampled.metered

    @property
    def has_frequency(self) -> bool:
        """Tell whether it can show the mains' frequency."""
        return any(name == "frequency_hz" for _, name in self.points)

    @property
    def has_status(self) -> bool:
        """Tell whether it says what it is doing, or can fall asleep."""
        return not isinstance(self.source, EntitySource)

    @property
    def takes_limit(self) -> bool:
        """Tell whether its owner lets others limit its current."""
        return bool(self.subentry.data.get(CONF_CURRENT_LIMIT))

    @property
    def status(self) -> Status | None:
        """Return what it is doing: what a part says, else the whole."""
        said = [part.shown.status for part in self.metered.parts]
        return next((status for status in said if status), self.metered.whole.status)

    def shown(self, role: Role) -> Points:
        """Return what it last showed in a role."""
        shown = (part.shown for part in self.metered.parts if part.use.role is role)
        return next(shown, NO_POINTS)


async def async_sensed_device(
    hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry, memory: DeviceMemory
) -> SensedDevice:
    """Make a device of its subentry.

    Raises ProfileError where its profile is not as it was, HomeAssistantError where its
    connection is in use with other settings.
    """
    data = subentry.data
    uses = uses_in(data)
    profile = await _async_profile(hass, data)
    roles = {use.role for use in uses}
    only_panels = Role.PRODUCTION in roles and Role.BATTERY not in roles
    parts = []
    declared = []
    awaited: AwaitedCounters | None = None
    for use in uses:
        steps = steps_of(use, _formulas(profile, use))
        limit: int | None = data.get(limit_of(use.role))
        limits = Limits(
            limit or USUAL_MOST_W[use.role],
            steps,
            panels_only=only_panels and use.role is Role.PRODUCTION,
        )
        parts.append(MeteredPart(use, limits, memory.accepted(use.device), memory.said(use.device)))
        import_only = data.get(CONF_IMPORT_ONLY, False)
        declared.append(declaration(use, steps, limit, import_only=import_only))
        if use.role is Role.GRID:
            awaited = AwaitedCounters(parts[-1], _counted(declared[-1]))
    learned = memory.learned(subentry)
    source = await _async_source(hass, entry, subentry, profile, learned)
    poll_ms = data[CONF_POLL_SECONDS] * 1000 if CONF_POLL_SECONDS in data else POLL_MS
    return SensedDevice(
        subentry,
        source,
        Sampled(
            subentry.subentry_id, subentry.title, MeteredDevice(parts), source, poll_ms, awaited
        ),
        frozenset((use.role, name) for use in uses for name in _points(data, profile, use)),
        tuple(declared),
    )


def uses_in(data: Mapping[str, Any]) -> list[Use]:
    """Return what the owner uses a device as; a sensor measures no energy, and is none."""
    return [
        Use(
            Role(each[CONF_PART]),
            Role(each[CONF_ROLE]),
            each[CONF_DEVICE_NAME],
            each[CONF_TURNED],
        )
        for each in data.get(CONF_USES, ())
    ]


def limit_of(role: Role) -> str:
    """Name the limit that a role has: a meter of the house carries what the house's fuse does."""
    return CONF_CONNECTION_POWER if role in _OF_THE_CONNECTION else CONF_RATED_POWER


async def _async_profile(hass: HomeAssistant, data: Mapping[str, Any]) -> Profile | None:
    if CONF_PROFILE not in data:
        return None
    return await hass.async_add_executor_job(
        profiles.load, data[CONF_PROFILE], data[CONF_PROFILE_OPTIONS]
    )


async def _async_source(
    hass: HomeAssistant,
    entry: ConfigEntry,
    subentry: ConfigSubentry,
    profile: Profile | None,
    learned: Learned,
) -> ModbusSource | MessageSource | EntitySource:
    data = subentry.data
    if profile is None:
        return EntitySource(hass, uses_in(data)[0].part, data[CONF_ENTITIES])
    if subentry.subentry_type == SUBENTRY_MQTT:
        return MessageSource(profile, data[CONF_PARAMETERS])
    return await async_modbus_source(hass, entry, profile, data, learned)


def _formulas(profile: Profile | None, use: Use) -> PointFormulas:
    return _NO_FORMULAS if profile is None else profile.roles.get(use.part, _NO_FORMULAS)


def _counted(declared: Device) -> list[str]:
    """Return the points of the registers that are declared of a grid meter."""
    registers = counters(Role.GRID)
    return [name for name, register in registers.items() if register in declared.resolution]


def _points(data: Mapping[str, Any], profile: Profile | None, use: Use) -> set[str]:
    """Return what a part can show, as the points of its role.

    What a SunSpec device has was seen when it was added.
    """
    there = {*_formulas(profile, use).numbers} or {*data[CONF_POINTS].get(use.part, ())}
    if profile is not None:
        there |= profile.device.numbers.keys()
    return set(use.sources(there))
