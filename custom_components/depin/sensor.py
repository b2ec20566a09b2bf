"""Sensors of a membership and of its devices."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfPower,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .contributed_sensor import ContributedSensor
from .coop_sensor import coop_sensors, purse_sensors
from .devices.points import Role, Status
from .entity import ContributedEntity, DeviceEntity, MembershipEntity
from .market_sensor import market_sensors
from .membership import DepinConfigEntry, Membership, MembershipState
from .order_sensor import OPEN_ORDERS, OpenOrders
from .sensed_device import SensedDevice
from .trial_sensor import async_show_trial
from .verification_sensor import LogSize

# Nothing is polled and nothing is commanded.
PARALLEL_UPDATES: Final = 0


@dataclass(frozen=True, kw_only=True)
class MembershipSensorDescription(SensorEntityDescription):
    """One thing a membership shows, and where it is read."""

    value: Callable[[Membership], str]


SENSORS: Final = (
    MembershipSensorDescription(
        key="membership",
        translation_key="membership",
        device_class=SensorDeviceClass.ENUM,
        options=list(MembershipState),
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda membership: membership.state,
    ),
    MembershipSensorDescription(
        key="key_fingerprint",
        translation_key="key_fingerprint",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda membership: membership.key.fingerprint,
    ),
)


THINNED: Final = SensorEntityDescription(
    key="samples_thinned",
    translation_key="samples_thinned",
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
)


@dataclass(frozen=True, kw_only=True)
class DeviceSensorDescription(SensorEntityDescription):
    """One thing a device shows, and where it is read."""

    exists: Callable[[SensedDevice], bool]
    value: Callable[[SensedDevice], StateType]


@dataclass(frozen=True, kw_only=True)
class PartDescription(SensorEntityDescription):
    """A number of a device in one of its roles."""

    role: Role
    point: str

    def exists(self, device: SensedDevice) -> bool:
        """Tell whether the device has the number."""
        return (self.role, self.point) in device.points

    def value(self, device: SensedDevice) -> StateType:
        """Return the number as it was last believed."""
        number: StateType = getattr(device.shown(self.role), self.point)
        return number


@dataclass(frozen=True, kw_only=True)
class PowerDescription(PartDescription):
    """Power."""

    point: str = "power_w"
    device_class: SensorDeviceClass | None = SensorDeviceClass.POWER
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT
    native_unit_of_measurement: str | None = UnitOfPower.WATT


@dataclass(frozen=True, kw_only=True)
class EnergyDescription(PartDescription):
    """A counter of energy."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.ENERGY
    state_class: SensorStateClass | None = SensorStateClass.TOTAL_INCREASING
    native_unit_of_measurement: str | None = UnitOfEnergy.WATT_HOUR
    suggested_unit_of_measurement: str | None = UnitOfEnergy.KILO_WATT_HOUR
    suggested_display_precision: int | None = 2


DEVICE_SENSORS: Final[tuple[DeviceSensorDescription | PartDescription, ...]] = (
    PowerDescription(key="grid_power", translation_key="grid_power", role=Role.GRID),
    EnergyDescription(
        key="grid_import", translation_key="grid_import", role=Role.GRID, point="import_wh"
    ),
    EnergyDescription(
        key="grid_export", translation_key="grid_export", role=Role.GRID, point="export_wh"
    ),
    PowerDescription(
        key="production_power", translation_key="production_power", role=Role.PRODUCTION
    ),
    EnergyDescription(
        key="production_energy",
        translation_key="production_energy",
        role=Role.PRODUCTION,
        point="production_wh",
    ),
    PowerDescription(key="battery_power", translation_key="battery_power", role=Role.BATTERY),
    EnergyDescription(
        key="battery_charge", translation_key="battery_charge", role=Role.BATTERY, point="charge_wh"
    ),
    EnergyDescription(
        key="battery_discharge",
        translation_key="battery_discharge",
        role=Role.BATTERY,
        point="discharge_wh",
    ),
    PowerDescription(key="charger_power", translation_key="charger_power", role=Role.CHARGER),
    EnergyDescription(
        key="charger_energy", translation_key="charger_energy", role=Role.CHARGER, point="import_wh"
    ),
    EnergyDescription(
        key="charger_export", translation_key="charger_export", role=Role.CHARGER, point="export_wh"
    ),
    EnergyDescription(
        key="charger_session",
        translation_key="charger_session",
        role=Role.CHARGER,
        point="session_wh",
    ),
    PowerDescription(key="sub_power", translation_key="sub_power", role=Role.SUB),
    EnergyDescription(
        key="sub_consumption", translation_key="sub_consumption", role=Role.SUB, point="import_wh"
    ),
    EnergyDescription(
        key="sub_export", translation_key="sub_export", role=Role.SUB, point="export_wh"
    ),
    PowerDescription(key="feeder_power", translation_key="feeder_power", role=Role.FEEDER),
    EnergyDescription(
        key="feeder_import", translation_key="feeder_import", role=Role.FEEDER, point="import_wh"
    ),
    EnergyDescription(
        key="feeder_export", translation_key="feeder_export", role=Role.FEEDER, point="export_wh"
    ),
    PartDescription(
        key="battery_level",
        role=Role.BATTERY,
        point="soc_percent",
        device_class=SensorDeviceClass.BATTERY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
    ),
    DeviceSensorDescription(
        key="frequency",
        device_class=SensorDeviceClass.FREQUENCY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfFrequency.HERTZ,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        exists=lambda device: device.has_frequency,
        value=lambda device: device.metered.whole.frequency_hz,
    ),
    DeviceSensorDescription(
        key="status",
        translation_key="status",
        device_class=SensorDeviceClass.ENUM,
        options=list(Status),
        entity_category=EntityCategory.DIAGNOSTIC,
        exists=lambda device: device.has_status,
        value=lambda device: device.status,
    ),
)

CONTRIBUTED: Final = SensorEntityDescription(
    key="contributed", translation_key="contributed", entity_category=EntityCategory.DIAGNOSTIC
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
    entry: DepinConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Show the membership, its markets and its devices."""
    async_add_entities(MembershipSensor(entry, description) for description in SENSORS)
    async_add_entities([ThinnedSensor(entry, THINNED)])
    coordinator = entry.runtime_data.coordinator
    if coordinator is not None:
        async_add_entities(coop_sensors(entry, coordinator))
        coordinator.async_show_purse(lambda: async_add_entities(purse_sensors(entry, coordinator)))
        coordinator.async_show_markets(
            lambda market: async_add_entities(market_sensors(entry, coordinator, market))
        )
    trading = entry.runtime_data.trading
    if trading is not None:
        async_show_trial(entry, trading, async_add_entities)
        async_add_entities([OpenOrders(entry, trading, OPEN_ORDERS)])
    verification = entry.runtime_data.verification
    if verification is not None:
        async_add_entities([LogSize(entry, verification)])
    for subentry_id, device in entry.runtime_data.senses.devices.items():
        async_add_entities(
            (
                DeviceSensor(device, description)
                for description in DEVICE_SENSORS
                if description.exists(device)
            ),
            config_subentry_id=subentry_id,
        )
    for subentry_id, sensor in entry.runtime_data.senses.sensors.items():
        async_add_entities([ContributionSensor(sensor)], config_subentry_id=subentry_id)


class MembershipSensor(MembershipEntity, SensorEntity):
    """One thing a membership shows."""

    entity_description: MembershipSensorDescription

    @property
    @override
    def native_value(self) -> str:
        """Return what the description reads."""
        return self.entity_description.value(self.membership)


class ThinnedSensor(MembershipEntity, SensorEntity):
    """Before when fine samples were deleted, since the room for them was used up."""

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return the beginning of what is still there; unknown as long as all of it is."""
        before = self.membership.samples.thinned_before
        return None if before is None else dt_util.utc_from_timestamp(before / 1000)

    @override
    async def async_added_to_hass(self) -> None:
        """Write the state whenever samples were added."""
        self.async_on_remove(self.membership.samples.listen(self.async_write_ha_state))


class DeviceSensor(DeviceEntity, SensorEntity):
    """One thing a device shows."""

    entity_description: DeviceSensorDescription | PartDescription

    @property
    @override
    def native_value(self) -> StateType:
        """Return what the description reads."""
        return self.entity_description.value(self.device)


class ContributionSensor(ContributedEntity, SensorEntity):
    """What a contributed sensor observed, as the co-op hears it."""

    def __init__(self, sensor: ContributedSensor) -> None:
        """Show the quantity in its own unit."""
        super().__init__(sensor, CONTRIBUTED)
        self._attr_device_class = sensor.observable.kinds[0]
        self._attr_state_class = sensor.observable.state_class
        self._attr_native_unit_of_measurement = sensor.observable.unit

    @property
    @override
    def native_value(self) -> StateType:
        """Return what was observed last."""
        return self.sensor.value
