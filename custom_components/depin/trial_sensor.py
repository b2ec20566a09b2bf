"""Sensors of a trial: estimates on a device of their own, apart from what counts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.const import UnitOfEnergy
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coop_sensor import InCurrency, Money
from .coordinator import BooksCoordinator
from .membership import DepinConfigEntry
from .trading import Trading
from .trial import Tally


@dataclass(frozen=True, kw_only=True)
class TrialDescription(SensorEntityDescription):
    """An estimate; without a state class, so that neither statistics nor energy count it."""

    suggested_display_precision: int | None = 2
    since: Callable[[date], str]
    """How the names of the days begin that are added up."""


@dataclass(frozen=True, kw_only=True)
class TrialEnergyDescription(TrialDescription):
    """Energy that a trial would have sold or bought."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.ENERGY
    native_unit_of_measurement: str | None = UnitOfEnergy.WATT_HOUR
    suggested_unit_of_measurement: str | None = UnitOfEnergy.KILO_WATT_HOUR
    wh: Callable[[Tally], int]


@dataclass(frozen=True, kw_only=True)
class TrialMoneyDescription(TrialDescription):
    """Money that a trial would have brought."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.MONETARY


def _day(today: date) -> str:
    return today.isoformat()


def _month(today: date) -> str:
    return f"{today:%Y-%m}-"


def _ever(_: date) -> str:
    return ""


TRIAL_ENERGY: Final = (
    TrialEnergyDescription(
        key="trial_sold_today",
        translation_key="trial_sold_today",
        since=_day,
        wh=lambda tally: tally.sold,
    ),
    TrialEnergyDescription(
        key="trial_sold_month",
        translation_key="trial_sold_month",
        since=_month,
        wh=lambda tally: tally.sold,
    ),
    TrialEnergyDescription(
        key="trial_sold_total",
        translation_key="trial_sold_total",
        since=_ever,
        wh=lambda tally: tally.sold,
    ),
    TrialEnergyDescription(
        key="trial_bought_today",
        translation_key="trial_bought_today",
        since=_day,
        wh=lambda tally: tally.bought,
    ),
    TrialEnergyDescription(
        key="trial_bought_month",
        translation_key="trial_bought_month",
        since=_month,
        wh=lambda tally: tally.bought,
    ),
    TrialEnergyDescription(
        key="trial_bought_total",
        translation_key="trial_bought_total",
        since=_ever,
        wh=lambda tally: tally.bought,
    ),
)

TRIAL_MONEY: Final = (
    TrialMoneyDescription(key="trial_net_today", translation_key="trial_net_today", since=_day),
    TrialMoneyDescription(key="trial_net_month", translation_key="trial_net_month", since=_month),
    TrialMoneyDescription(key="trial_net_total", translation_key="trial_net_total", since=_ever),
)


class _OfTrial(InCurrency):
    """A sensor of a trial, which changes with its paper and with the day."""

    entity_description: TrialDescription

    def __init__(
        self,
        entry: DepinConfigEntry,
        coordinator: BooksCoordinator,
        trading: Trading,
        description: TrialDescription,
    ) -> None:
        """Place the sensor on the trial's own device."""
        super().__init__(entry, coordinator, description)
        self._trial = trading.trial
        membership = entry.runtime_data
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, f"{membership.coop}_{membership.member}_trial")},
            entry_type=DeviceEntryType.SERVICE,
            name=f"{entry.title} trial",
            model="Trial on paper",
            via_device_id=coordinator.coop_device_id,
        )

    @property
    def tally(self) -> Tally:
        """What the trial would have come to in the sensor's span."""
        return self._trial.since(self.entity_description.since(dt_util.now().date()))

    @override
    async def async_added_to_hass(self) -> None:
        """Write the state whenever something more was counted."""
        await super().async_added_to_hass()
        self.async_on_remove(self._trial.listen(self.async_write_ha_state))


class TrialEnergy(_OfTrial):
    """Energy in watt-hours."""

    entity_description: TrialEnergyDescription

    @property
    @override
    def native_value(self) -> int:
        """Return the sum."""
        return self.entity_description.wh(self.tally)


class TrialMoney(Money, _OfTrial):
    """Money in the co-op's currency, after fees and VAT."""

    entity_description: TrialMoneyDescription

    @property
    @override
    def native_value(self) -> float | None:
        """Return the sum."""
        return self.money(self.tally.earned)


@callback
def async_show_trial(
    entry: DepinConfigEntry, trading: Trading, show: Callable[[Iterator[SensorEntity]], None]
) -> None:
    """Have a trial's sensors shown once, from when there is a trial and a currency."""
    coordinator = entry.runtime_data.coordinator
    assert coordinator is not None  # noqa: S101 - who trades keeps books
    shown = False

    @callback
    def look() -> None:
        nonlocal shown
        is_wanted = trading.choices.on_paper or trading.trial.paper.days
        if is_wanted and not shown and coordinator.data.purse is not None:
            shown = True
            show(trial_sensors(entry, coordinator, trading))

    look()
    entry.async_on_unload(trading.listen(look))
    entry.async_on_unload(coordinator.async_add_listener(look))


def trial_sensors(
    entry: DepinConfigEntry, coordinator: BooksCoordinator, trading: Trading
) -> Iterator[SensorEntity]:
    """Make the sensors of a trial."""
    for energy in TRIAL_ENERGY:
        yield TrialEnergy(entry, coordinator, trading, energy)
    for money in TRIAL_MONEY:
        yield TrialMoney(entry, coordinator, trading, money)
