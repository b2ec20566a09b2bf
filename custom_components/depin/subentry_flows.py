"""The kinds of devices and sensors that can be added to a membership, and the flow of each."""

from collections.abc import Mapping
from typing import Final

from homeassistant.config_entries import ConfigSubentryFlow

from .const import (
    SUBENTRY_ENTITIES,
    SUBENTRY_MODBUS,
    SUBENTRY_MQTT,
    SUBENTRY_SENSOR,
    SUBENTRY_SUNSPEC,
)
from .entities_flow import EntitiesFlow
from .modbus_flow import ModbusFlow, SunSpecFlow
from .mqtt_flow import MqttFlow
from .sensor_flow import SensorFlow

SUBENTRY_FLOWS: Final[Mapping[str, type[ConfigSubentryFlow]]] = {
    SUBENTRY_MODBUS: ModbusFlow,
    SUBENTRY_SUNSPEC: SunSpecFlow,
    SUBENTRY_MQTT: MqttFlow,
    SUBENTRY_ENTITIES: EntitiesFlow,
    SUBENTRY_SENSOR: SensorFlow,
}
