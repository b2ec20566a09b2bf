"""Sensors of a co-op's markets, out of this home's own books."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfEnergy
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .books import Price
from .coop_sensor import InCurrency, Money
from .coordinator import BooksCoordinator
from .market_now import (
    MarketNow,
    Quantiles,
    buy_outlook,
    buy_price,
    community_price,
    sell_outlook,
    sell_price,
)
from .membership import DepinConfigEntry


@dataclass(frozen=True, kw_only=True)
class PriceDescription(SensorEntityDescription):
    """A price of the interval that is now."""

    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT
    suggested_display_precision: int | None = 4
    price: Callable[[MarketNow, Price | None], int | None]
    outlook: Callable[[MarketNow], Quantiles | None] = lambda _: None
    kind: str = "cleared"


PRICE_SENSORS: Final = (
    PriceDescription(
        key="buy_price",
        translation_key="buy_price",
        price=lambda market, price: buy_price(market.rules, price),
        outlook=lambda market: buy_outlook(market.rules, market.outlook),
    ),
    PriceDescription(
        key="sell_price",
        translation_key="sell_price",
        price=lambda _, price: sell_price(price),
        outlook=lambda market: sell_outlook(market.outlook),
    ),
    PriceDescription(
        key="community_price",
        translation_key="community_price",
        price=lambda _, price: community_price(price),
        kind="announced",
    ),
)

CLEARING_PRICE: Final = PriceDescription(
    key="clearing_price",
    translation_key="clearing_price",
    entity_registry_enabled_default=False,
    price=lambda _, price: sell_price(price),
)


@dataclass(frozen=True, kw_only=True)
class MarketSensorDescription(SensorEntityDescription):
    """One thing that the books show of a market."""

    value: Callable[[MarketNow], StateType | datetime]


MARKET_SENSORS: Final = (
    MarketSensorDescription(
        key="volume",
        translation_key="volume",
        native_unit_of_measurement=UnitOfEnergy.WATT_HOUR,
        suggested_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=1,
        device_class=SensorDeviceClass.ENERGY,
        entity_registry_enabled_default=False,
        value=lambda market: None if market.last is None else market.last.volume,
    ),
    MarketSensorDescription(
        key="next_gate",
        translation_key="next_gate",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda market: _moment(market.gate),
    ),
)


@dataclass(frozen=True, kw_only=True)
class EnergySumDescription(SensorEntityDescription):
    """Energy that was delivered by trade and pool; `of` says since when, and what."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.ENERGY
    state_class: SensorStateClass | None = SensorStateClass.TOTAL
    native_unit_of_measurement: str | None = UnitOfEnergy.WATT_HOUR
    suggested_unit_of_measurement: str | None = UnitOfEnergy.KILO_WATT_HOUR
    suggested_display_precision: int | None = 2
    since: Callable[[MarketNow], int | None] = lambda market: market.since.day
    of: Callable[[MarketNow], int]


@dataclass(frozen=True, kw_only=True)
class MoneySumDescription(SensorEntityDescription):
    """Money of settled intervals; `of` says since when, and what."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.MONETARY
    state_class: SensorStateClass | None = SensorStateClass.TOTAL
    suggested_display_precision: int | None = 2
    since: Callable[[MarketNow], int | None] = lambda market: market.since.day
    of: Callable[[MarketNow], int]


def _this_month(market: MarketNow) -> int:
    return market.since.month


def _ever(_: MarketNow) -> None:
    return None


ENERGY_SUMS: Final = (
    EnergySumDescription(
        key="sold_today", translation_key="sold_today", of=lambda market: market.today.sold
    ),
    EnergySumDescription(
        key="bought_today", translation_key="bought_today", of=lambda market: market.today.bought
    ),
    EnergySumDescription(
        key="sold_month",
        translation_key="sold_month",
        entity_registry_enabled_default=False,
        since=_this_month,
        of=lambda market: market.month.sold,
    ),
    EnergySumDescription(
        key="bought_month",
        translation_key="bought_month",
        entity_registry_enabled_default=False,
        since=_this_month,
        of=lambda market: market.month.bought,
    ),
    EnergySumDescription(
        key="sold_total",
        translation_key="sold_total",
        entity_registry_enabled_default=False,
        since=_ever,
        of=lambda market: market.total.sold,
    ),
    EnergySumDescription(
        key="bought_total",
        translation_key="bought_total",
        entity_registry_enabled_default=False,
        since=_ever,
        of=lambda market: market.total.bought,
    ),
)

MONEY_SUMS: Final = (
    MoneySumDescription(
        key="net_today", translation_key="net_today", of=lambda market: market.today.earned
    ),
    MoneySumDescription(
        key="gross_today",
        translation_key="gross_today",
        entity_registry_enabled_default=False,
        of=lambda market: market.today.gross,
    ),
    MoneySumDescription(
        key="fees_today",
        translation_key="fees_today",
        entity_registry_enabled_default=False,
        of=lambda market: market.today.fees,
    ),
    MoneySumDescription(
        key="net_month",
        translation_key="net_month",
        entity_registry_enabled_default=False,
        since=_this_month,
        of=lambda market: market.month.earned,
    ),
    MoneySumDescription(
        key="gross_month",
        translation_key="gross_month",
        entity_registry_enabled_default=False,
        since=_this_month,
        of=lambda market: market.month.gross,
    ),
    MoneySumDescription(
        key="fees_month",
        translation_key="fees_month",
        entity_registry_enabled_default=False,
        since=_this_month,
        of=lambda market: market.month.fees,
    ),
    MoneySumDescription(
        key="forecast_errors_month",
        translation_key="forecast_errors_month",
        entity_registry_enabled_default=False,
        since=_this_month,
        of=lambda market: market.month.errors,
    ),
    MoneySumDescription(
        key="net_total",
        translation_key="net_total",
        entity_registry_enabled_default=False,
        since=_ever,
        of=lambda market: market.total.earned,
    ),
    MoneySumDescription(
        key="gross_total",
        translation_key="gross_total",
        entity_registry_enabled_default=False,
        since=_ever,
        of=lambda market: market.total.gross,
    ),
    MoneySumDescription(
        key="fees_total",
        translation_key="fees_total",
        entity_registry_enabled_default=False,
        since=_ever,
        of=lambda market: market.total.fees,
    ),
)


class _OfMarket(InCurrency):
    """A sensor of a market."""

    @property
    def now(self) -> MarketNow:
        """The market as it stands."""
        return self.coordinator.data.markets[str(self.market)]


class _OfKwh(_OfMarket):
    """A price of a kilowatt-hour."""

    entity_description: PriceDescription

    @property
    @override
    def native_unit_of_measurement(self) -> str:
        """Return the currency for a kilowatt-hour."""
        return f"{self.purse.asset}/{UnitOfEnergy.KILO_WATT_HOUR}"

    def shown(self, price: Price | None) -> float | None:
        """Return what the description reads of an interval."""
        return self.money(self.entity_description.price(self.now, price))


class PriceSensor(_OfKwh):
    """A price: that of the interval that is now, with the last that was cleared and the next."""

    _unrecorded_attributes = frozenset(
        {
            *("last", "last_start", "next", "next_kind", "next_start"),
            *("next_low", "next_median", "next_high"),
        }
    )

    @property
    @override
    def native_value(self) -> float | None:
        """Return the price of the interval that is now, unknown where there was no trade."""
        return self.shown(self.now.current)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Say of which interval the price is, and of the next what is known or likely."""
        now, kind = self.now, self.entity_description.kind
        shown = {
            "kind": kind,
            "start": _moment(now.start),
            "end": _moment(now.end),
            "last": self.shown(now.last),
            "last_start": None if now.last is None else _moment(now.last.start),
            "next_start": _moment(now.end),
            "next": self.shown(now.upcoming),
        }
        outlook = self.entity_description.outlook(now)
        if shown["next"] is not None or outlook is None:
            return {**shown, "next_kind": None if shown["next"] is None else kind}
        likely = {f"next_{name}": self.money(price) for name, price in outlook._asdict().items()}
        return {**shown, "next_kind": "forecast", **likely}


class LastPriceSensor(_OfKwh):
    """The price of the newest interval that has one."""

    @property
    @override
    def native_value(self) -> float | None:
        """Return the price."""
        return self.shown(self.now.last)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Say of which interval it is."""
        last = self.now.last
        return {"kind": "cleared", "start": None if last is None else _moment(last.start)}


class MarketSensor(_OfMarket):
    """One thing that the books show of a market."""

    entity_description: MarketSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return what the description reads."""
        return self.entity_description.value(self.now)


class _Sum(_OfMarket):
    """What settled intervals add up to; corrections change it afterwards."""

    entity_description: EnergySumDescription | MoneySumDescription

    @property
    @override
    def last_reset(self) -> datetime | None:
        """Return when the day or the month began."""
        since = self.entity_description.since(self.now)
        return None if since is None else _moment(since)


class EnergySum(_Sum):
    """Energy in watt-hours."""

    entity_description: EnergySumDescription

    @property
    @override
    def native_value(self) -> int:
        """Return the sum."""
        return self.entity_description.of(self.now)


class MoneySum(Money, _Sum):
    """Money in the co-op's currency."""

    entity_description: MoneySumDescription

    @property
    @override
    def native_value(self) -> float | None:
        """Return the sum."""
        return self.money(self.entity_description.of(self.now))


def market_sensors(
    entry: DepinConfigEntry, coordinator: BooksCoordinator, market: str
) -> Iterator[SensorEntity]:
    """Make the sensors of a market."""
    for price in PRICE_SENSORS:
        yield PriceSensor(entry, coordinator, price, market)
    yield LastPriceSensor(entry, coordinator, CLEARING_PRICE, market)
    for description in MARKET_SENSORS:
        yield MarketSensor(entry, coordinator, description, market)
    for energy in ENERGY_SUMS:
        yield EnergySum(entry, coordinator, energy, market)
    for money in MONEY_SUMS:
        yield MoneySum(entry, coordinator, money, market)


def _moment(instant: int) -> datetime:
    return dt_util.utc_from_timestamp(instant / 1000)
