"""What a bug report needs: each device's settings, and a raw capture that can be replayed."""

from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry

from .const import (
    CONF_CERTIFICATE,
    CONF_COOP,
    CONF_DEVICE_NAME,
    CONF_ENTITIES,
    CONF_INVITE_CODE,
    CONF_MEMBER,
    CONF_PARAMETERS,
    DOMAIN,
)
from .contributed_sensor import ContributedSensor
from .membership import DepinConfigEntry
from .sensed_device import SensedDevice

_SECRET: Final = {
    CONF_CERTIFICATE,
    CONF_COOP,
    CONF_DEVICE_NAME,
    CONF_ENTITIES,
    CONF_HOST,
    CONF_INVITE_CODE,
    CONF_MEMBER,
    CONF_PARAMETERS,
    CONF_PASSWORD,
    CONF_USERNAME,
    "serial",
}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
    entry: DepinConfigEntry,
) -> dict[str, Any]:
    """Return what is known of a membership, without what names the home."""
    membership = entry.runtime_data
    return {
        "entry": async_redact_data(dict(entry.data), _SECRET),
        "state": membership.state,
        "devices": [_shown(device) for device in membership.senses.devices.values()],
        "sensors": [_observed(sensor) for sensor in membership.senses.sensors.values()],
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant,  # noqa: ARG001 - the platform's interface
    entry: DepinConfigEntry,
    device: DeviceEntry,
) -> dict[str, Any]:
    """Return what is known of one device; of the membership's own page, nothing more."""
    names = {name for domain, name in device.identifiers if domain == DOMAIN}
    senses = entry.runtime_data.senses
    return {
        "devices": [_shown(senses.devices[name]) for name in names & senses.devices.keys()],
        "sensors": [_observed(senses.sensors[name]) for name in names & senses.sensors.keys()],
    }


def _shown(device: SensedDevice) -> dict[str, Any]:
    """Return a device's settings, what it shows, and the capture of what it last said."""
    metered = device.metered
    return {
        "kind": device.subentry.subentry_type,
        "settings": async_redact_data(dict(device.subentry.data), _SECRET),
        "available": metered.available,
        "whole": async_redact_data(metered.whole.to_json(), _SECRET),
        "parts": {
            part.use.role.value: async_redact_data(part.shown.to_json(), _SECRET)
            for part in metered.parts
        },
        "said": list(metered.said),
        "capture": device.source.capture(),
    }


def _observed(sensor: ContributedSensor) -> dict[str, Any]:
    """Return a sensor's settings, and the capture of what it last said."""
    return {
        "settings": async_redact_data(dict(sensor.subentry.data), _SECRET),
        "value": sensor.value,
        "capture": sensor.source.capture(),
    }
