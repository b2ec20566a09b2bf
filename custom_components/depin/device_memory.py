"""What outlives a restart: what each counter last showed, and what devices were said to be."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .devices.declaration import retirement
from .devices.metered_device import MeteredPart
from .devices.recording import Recorder
from .devices.value_gate import Accepted
from .metering_times import MeteringTimes
from .protocol.statements.measuring import Device

_STORE_VERSION: Final = 1
_ACCEPTED: Final = "accepted"
_DECLARED: Final = "declared"
_SAID: Final = "said"
_TIMES: Final = "times"


class DeviceMemory:
    """The stored memory of one membership's devices."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Begin with nothing, until it is loaded."""
        self._store = _store(hass, entry)
        self._accepted: dict[str, dict[str, list[int]]] = {}
        self._declared: dict[str, dict[str, Any]] = {}
        self._said: dict[str, int] = {}
        self.times = MeteringTimes()
        """What the co-op's node last published."""

    async def async_load(self) -> None:
        """Read what was kept."""
        if kept := await self._store.async_load():
            self._accepted = kept[_ACCEPTED]
            self._declared = kept[_DECLARED]
            self._said = kept[_SAID]
            self.times = MeteringTimes(*kept[_TIMES])

    def accepted(self, device: str) -> Mapping[str, Accepted]:
        """Return what a device's counters last showed."""
        kept = self._accepted.get(device, {})
        return {name: Accepted(value, since) for name, (value, since) in kept.items()}

    def said(self, device: str) -> int:
        """Return up to when a device's samples were said."""
        return self._said.get(device, 0)

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
