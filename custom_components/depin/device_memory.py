"""What outlives a restart: what counters last showed, what devices are and were said to be."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import (
    CONF_BASE,
    CONF_LINK,
    CONF_PROFILE,
    CONF_PROFILE_OPTIONS,
    CONF_UNIT,
    CONF_UNITS,
    DOMAIN,
)
from .devices.declaration import retirement
from .devices.learned import Learned
from .devices.metered_device import MeteredPart
from .devices.recording import Recorder
from .devices.value_gate import Accepted
from .metering_times import MeteringTimes
from .protocol.statements.measuring import Device

_STORE_VERSION: Final = 1
_ACCEPTED: Final = "accepted"
_DECLARED: Final = "declared"
_LEARNED: Final = "learned"
_OF: Final = "of"
_WHAT: Final = "what"
_SAID: Final = "said"
_TIMES: Final = "times"
_READ_AS: Final = (
    CONF_PROFILE,
    CONF_PROFILE_OPTIONS,
    CONF_LINK,
    CONF_UNIT,
    CONF_UNITS,
    CONF_BASE,
)
"""What makes a device another one, of which nothing is known."""


class DeviceMemory:
    """The stored memory of one membership's devices."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Begin with nothing, until it is loaded."""
        self._store = _store(hass, entry)
        self._accepted: dict[str, dict[str, list[int]]] = {}
        self._declared: dict[str, dict[str, Any]] = {}
        self._said: dict[str, int] = {}
        self._learned: dict[str, tuple[dict[str, Any], Learned]] = {}
        self._entry = entry
        self.times = MeteringTimes()
        """What the co-op's node last published."""

    async def async_load(self) -> None:
        """Read what was kept."""
        if kept := await self._store.async_load():
            self._accepted = kept[_ACCEPTED]
            self._declared = kept[_DECLARED]
            self._said = kept[_SAID]
            self._learned = {
                key: (each[_OF], Learned.of(each[_WHAT])) for key, each in kept[_LEARNED].items()
            }
            self.times = MeteringTimes(*kept[_TIMES])

    def accepted(self, device: str) -> Mapping[str, Accepted]:
        """Return what a device's counters last showed."""
        kept = self._accepted.get(device, {})
        return {name: Accepted(value, since) for name, (value, since) in kept.items()}

    def said(self, device: str) -> int:
        """Return up to when a device's samples were said."""
        return self._said.get(device, 0)

    def learned(self, subentry: ConfigSubentry) -> Learned:
        """Return what is known of a device; read in another way, it is another one."""
        read_as = {name: subentry.data[name] for name in _READ_AS if name in subentry.data}
        known = self._learned.get(subentry.subentry_id)
        if known is None or known[0] != read_as:
            known = self._learned[subentry.subentry_id] = (read_as, Learned())
        return known[1]

    async def async_save(self, parts: Iterable[MeteredPart]) -> None:
        """Keep what the counters of all devices show."""
        for part in parts:
            self._accepted[part.use.device] = {
                name: [each.value, each.since] for name, each in part.gate.accepted.items()
            }
            self._said[part.use.device] = part.sheet.said
        await self._store.async_save(
            {
                _ACCEPTED: self._accepted,
                _DECLARED: self._declared,
                _SAID: self._said,
                _LEARNED: {
                    key: {_OF: read_as, _WHAT: learned.to_json()}
                    for key, (read_as, learned) in self._learned.items()
                    if key in self._entry.subentries
                },
                _TIMES: [self.times.interval, self.times.wait],
            }
        )

    async def async_declare(self, devices: Iterable[Device], recorder: Recorder) -> None:
        """Say what devices are, where it is new, and which are no more."""
        now = {each.device: each for each in devices}
        for device, written in list(self._declared.items()):
            if device not in now:
                await recorder.async_record(retirement(device, written["role"]))
                del self._declared[device]
                self._accepted.pop(device, None)
                self._said.pop(device, None)
        for device, body in now.items():
            if self._declared.get(device) != body.to_json():
                await recorder.async_record(body)
                self._declared[device] = body.to_json()


async def async_forget_devices(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Erase the memory of a membership that is removed."""
    await _store(hass, entry).async_remove()


def _store(hass: HomeAssistant, entry: ConfigEntry) -> Store[dict[str, Any]]:
    return Store(hass, _STORE_VERSION, f"{DOMAIN}.devices.{entry.entry_id}", atomic_writes=True)
