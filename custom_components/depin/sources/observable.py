"""What Home Assistant's sensors may observe for a co-op, in which bounds, and how fine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from homeassistant.components.sensor import (
    ATTR_STATE_CLASS,
    SensorDeviceClass,
    SensorStateClass,
)
from homeassistant.components.sensor.const import UNIT_CONVERTERS
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_UNIT_OF_MEASUREMENT,
    DEGREE,
    LIGHT_LUX,
    PERCENTAGE,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfDensity,
    UnitOfElectricPotential,
    UnitOfFrequency,
    UnitOfIrradiance,
    UnitOfPressure,
    UnitOfRatio,
    UnitOfSoundPressure,
    UnitOfSpeed,
    UnitOfTemperature,
    UnitOfVolumetricFlux,
)
from homeassistant.core import State

from ..devices.quantities import number

_UG_M3: Final = UnitOfDensity.MICROGRAMS_PER_CUBIC_METER
_TOTALS: Final = frozenset({SensorStateClass.TOTAL, SensorStateClass.TOTAL_INCREASING})
_MOST_UG_M3: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Observable:
    """A quantity as Home Assistant knows it, and between which values one is believed."""

    kinds: tuple[SensorDeviceClass, ...]
    unit: str
    low: int
    high: int
    scale: int = -1
    """Observed values are whole numbers times ten to this."""

    @property
    def state_class(self) -> SensorStateClass:
        """Return how Home Assistant sums it up."""
        if SensorDeviceClass.WIND_DIRECTION in self.kinds:
            return SensorStateClass.MEASUREMENT_ANGLE
        return SensorStateClass.MEASUREMENT

    def takes(self, unit: str | None) -> bool:
        """Tell whether a unit can be brought into the quantity's own."""
        if unit == self.unit:
            return True
        converter = UNIT_CONVERTERS.get(self.kinds[0])
        return converter is not None and unit in converter.VALID_UNITS

    def counted(self, state: State) -> int | None:
        """Return what a state says in whole steps of the scale, None where it says nothing."""
        said = number(state.state)
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
        if said is None or not self.takes(unit):
            return None
        value = float(said)
        if unit != self.unit:
            value = UNIT_CONVERTERS[self.kinds[0]].convert(value, unit, self.unit)
        return round(value * 10**-self.scale) if self.low <= value <= self.high else None


def _dust(kind: SensorDeviceClass) -> Observable:
    return Observable((kind,), _UG_M3, 0, _MOST_UG_M3)


OBSERVABLES: Final[Mapping[str, Observable]] = {
    "temperature": Observable(
        (SensorDeviceClass.TEMPERATURE,), UnitOfTemperature.CELSIUS, -100, 200, scale=-2
    ),
    "humidity": Observable((SensorDeviceClass.HUMIDITY,), PERCENTAGE, 0, 100),
    "air_pressure": Observable(
        (SensorDeviceClass.ATMOSPHERIC_PRESSURE, SensorDeviceClass.PRESSURE),
        UnitOfPressure.HPA,
        300,
        1100,
        scale=-2,
    ),
    "wind_speed": Observable(
        (SensorDeviceClass.WIND_SPEED,), UnitOfSpeed.METERS_PER_SECOND, 0, 120, scale=-2
    ),
    "wind_direction": Observable((SensorDeviceClass.WIND_DIRECTION,), DEGREE, 0, 360),
    "rain_rate": Observable(
        (SensorDeviceClass.PRECIPITATION_INTENSITY,),
        UnitOfVolumetricFlux.MILLIMETERS_PER_HOUR,
        0,
        2000,
        scale=-2,
    ),
    "irradiance": Observable(
        (SensorDeviceClass.IRRADIANCE,), UnitOfIrradiance.WATTS_PER_SQUARE_METER, 0, 2000
    ),
    "illuminance": Observable((SensorDeviceClass.ILLUMINANCE,), LIGHT_LUX, 0, 200_000),
    "soil_moisture": Observable((SensorDeviceClass.MOISTURE,), PERCENTAGE, 0, 100),
    "sound_pressure": Observable(
        (SensorDeviceClass.SOUND_PRESSURE,), UnitOfSoundPressure.DECIBEL, 0, 200
    ),
    "carbon_dioxide": Observable(
        (SensorDeviceClass.CO2,), UnitOfRatio.PARTS_PER_MILLION, 0, 100_000
    ),
    "carbon_monoxide": _dust(SensorDeviceClass.CO),
    "nitrogen_dioxide": _dust(SensorDeviceClass.NITROGEN_DIOXIDE),
    "ozone": _dust(SensorDeviceClass.OZONE),
    "sulphur_dioxide": _dust(SensorDeviceClass.SULPHUR_DIOXIDE),
    "volatile_organic_compounds": _dust(SensorDeviceClass.VOLATILE_ORGANIC_COMPOUNDS),
    "pm1": _dust(SensorDeviceClass.PM1),
    "pm25": _dust(SensorDeviceClass.PM25),
    "pm10": _dust(SensorDeviceClass.PM10),
    "voltage": Observable(
        (SensorDeviceClass.VOLTAGE,), UnitOfElectricPotential.VOLT, -1000, 100_000, scale=-2
    ),
    "frequency": Observable((SensorDeviceClass.FREQUENCY,), UnitOfFrequency.HERTZ, 0, 1000, -3),
}
"""Every quantity that the protocol knows."""


def quantity_of(state: State) -> str | None:
    """Return what a sensor observes by its kind, None where that tells nothing of use."""
    kind = state.attributes.get(ATTR_DEVICE_CLASS)
    return next((name for name, each in OBSERVABLES.items() if kind in each.kinds), None)


def observation_problem(quantity: str, state: State) -> str | None:
    """Tell why a sensor cannot observe a quantity, None where it can, or does not say yet."""
    observable, attributes = OBSERVABLES[quantity], state.attributes
    kind, unit = attributes.get(ATTR_DEVICE_CLASS), attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if state.state in {STATE_UNAVAILABLE, STATE_UNKNOWN} and unit is None:
        return None
    if kind is not None and kind not in observable.kinds:
        return "wrong_device_class"
    if not observable.takes(unit):
        return "wrong_unit"
    if attributes.get(ATTR_STATE_CLASS) in _TOTALS:
        return "wrong_state_class"
    return None
