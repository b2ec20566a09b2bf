"""Sensors of the co-op as a whole and of the member's money, out of this home's own books."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.helpers.typing import StateType

from .coordinator import BooksCoordinator, Link, Shown
from .entity import BooksEntity
from .market_answers import Purse
from .membership import DepinConfigEntry


@dataclass(frozen=True, kw_only=True)
class CoopSensorDescription(SensorEntityDescription):
    """One thing that a membership's books show of the co-op as a whole."""

    value: Callable[[Shown], StateType]


@dataclass(frozen=True, kw_only=True)
class MoneyDescription(SensorEntityDescription):
    """An amount of money, in the co-op's currency."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.MONETARY
    suggested_display_precision: int | None = 2
    entity_category: EntityCategory | None = None
    amount: Callable[[Purse], int]


COOP_SENSORS: Final = (
    CoopSensorDescription(
        key="node_status",
        translation_key="node_status",
        device_class=SensorDeviceClass.ENUM,
        options=list(Link),
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda shown: shown.link,
    ),
    CoopSensorDescription(
        key="outbox",
        translation_key="outbox",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda shown: shown.waiting,
    ),
)

PURSE_SENSORS: Final = (
    MoneyDescription(key="balance", translation_key="balance", amount=lambda purse: purse.holds),
    MoneyDescription(
        key="reserved",
        translation_key="reserved",
        entity_registry_enabled_default=False,
        amount=lambda purse: purse.reserved,
    ),
    MoneyDescription(
        key="credit_left",
        translation_key="credit_left",
        entity_registry_enabled_default=False,
        amount=lambda purse: purse.holds - purse.reserved - purse.limit,
    ),
)


class CoopSensor(BooksEntity, SensorEntity):
    """One thing that is known of the co-op as a whole."""

    entity_description: CoopSensorDescription

    @property
    @override
    def native_value(self) -> StateType:
        """Return what the description reads."""
        return self.entity_description.value(self.coordinator.data)


class InCurrency(BooksEntity, SensorEntity):
    """A sensor in the co-op's currency, of which the purse says what it is."""

    @property
    def purse(self) -> Purse:
        """The member's money: the sensor is made once it is known."""
        purse = self.coordinator.data.purse
        assert purse is not None  # noqa: S101 - it is never forgotten
        return purse

    def money(self, amount: int | None) -> float | None:
        """Turn an amount in the smallest unit into what people read."""
        return self.coordinator.data.money(amount)


class Money(InCurrency):
    """An amount of the co-op's currency."""

    @property
    @override
    def native_unit_of_measurement(self) -> str:
        """Return the currency."""
        return self.purse.asset


class PurseSensor(Money):
    """An amount of the member's money."""

    entity_description: MoneyDescription

    @property
    @override
    def native_value(self) -> float | None:
        """Return what the description reads."""
        return self.money(self.entity_description.amount(self.purse))


def coop_sensors(entry: DepinConfigEntry, coordinator: BooksCoordinator) -> Iterator[CoopSensor]:
    """Make the sensors that need no money and no market."""
    for description in COOP_SENSORS:
        yield CoopSensor(entry, coordinator, description)


def purse_sensors(entry: DepinConfigEntry, coordinator: BooksCoordinator) -> Iterator[PurseSensor]:
    """Make the sensors of the member's money."""
    for description in PURSE_SENSORS:
        yield PurseSensor(entry, coordinator, description)
