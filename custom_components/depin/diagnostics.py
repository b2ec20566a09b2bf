"""What a bug report needs: how a membership stands, and each device with a raw capture."""

import re
from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.const import (
    CONF_ADDRESS,
    CONF_HOST,
    CONF_NAME,
    CONF_PASSWORD,
    CONF_USERNAME,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry
from yarl import URL

from .const import (
    CONF_CERTIFICATE,
    CONF_COOP,
    CONF_DEVICE_NAME,
    CONF_ENTITIES,
    CONF_INVITE_CODE,
    CONF_LOG_KEY,
    CONF_MEMBER,
    CONF_NODE_KEY,
    CONF_ORIGIN,
    CONF_PARAMETERS,
    CONF_PSEUDONYM_SALT,
    DOMAIN,
)
from .contributed_sensor import ContributedSensor
from .diagnosed_membership import async_diagnose
from .membership import DepinConfigEntry
from .sensed_device import SensedDevice

_SECRET: Final = {
    CONF_ADDRESS,
    CONF_CERTIFICATE,
    CONF_COOP,
    CONF_DEVICE_NAME,
    CONF_ENTITIES,
    CONF_HOST,
    CONF_INVITE_CODE,
    CONF_LOG_KEY,
    CONF_MEMBER,
    CONF_NAME,
    CONF_NODE_KEY,
    CONF_ORIGIN,
    CONF_PARAMETERS,
    CONF_PASSWORD,
    CONF_PSEUDONYM_SALT,
    CONF_USERNAME,
    "serial",
}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: DepinConfigEntry
) -> dict[str, Any]:
    """Return what is known of a membership, without what names the home."""
    membership = entry.runtime_data
    known: dict[str, Any] = _without(await async_diagnose(membership), _names(hass, entry))
    return {
        "entry": async_redact_data(dict(entry.data), _SECRET),
        "options": dict(entry.options),
        "state": membership.state,
        **known,
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


def _names(hass: HomeAssistant, entry: DepinConfigEntry) -> re.Pattern[str]:
    """Return what names the home or its co-op, wherever it stands as a word."""
    said = [str(entry.data[name]) for name in _SECRET if name in entry.data]
    host = URL(entry.data[CONF_ADDRESS]).host or ""
    names = [name for name in (*said, entry.title, hass.config.location_name, host) if name]
    longest_first = sorted(map(re.escape, names), key=len, reverse=True)
    return re.compile(rf"(?<!\w)({'|'.join(longest_first)})(?!\w)")


def _without(value: Any, names: re.Pattern[str]) -> Any:  # noqa: ANN401 - any JSON
    """Take names out of all texts of a value."""
    if isinstance(value, Mapping):
        return {_without(key, names): _without(inner, names) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without(inner, names) for inner in value]
    return names.sub(REDACTED, value) if isinstance(value, str) else value


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
