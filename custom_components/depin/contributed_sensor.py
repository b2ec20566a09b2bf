"""A sensor as its subentry describes it, ready to be followed."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant

from .const import CONF_DEVICE_NAME, CONF_ENTITIES, CONF_QUANTITY
from .devices.observed_sensor import ObservedSensor
from .sources.observable import OBSERVABLES, Observable
from .sources.sensor_source import SensorSource


@dataclass(frozen=True, slots=True)
class ContributedSensor:
    """A sensor at work: where it is heard, and what is said of it."""

    subentry: ConfigSubentry
    source: SensorSource
    observed: ObservedSensor

    @property
    def observable(self) -> Observable:
        """Return what it observes."""
        return OBSERVABLES[self.observed.quantity]

    @property
    def value(self) -> float | None:
        """Return what it last observed, as it is said, in the quantity's unit."""
        last, scale = self.observed.last, self.observed.scale
        return None if last is None else round(last * 10.0**scale, -scale)


def contributed_sensor(hass: HomeAssistant, subentry: ConfigSubentry) -> ContributedSensor:
    """Make a sensor of its subentry."""
    quantity = subentry.data[CONF_QUANTITY]
    device = subentry.data[CONF_DEVICE_NAME]
    return ContributedSensor(
        subentry,
        SensorSource(hass, quantity, subentry.data[CONF_ENTITIES][quantity]),
        ObservedSensor(device, quantity, OBSERVABLES[quantity].scale),
    )
