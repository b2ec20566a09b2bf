"""The devices of a membership, at work: each is read, metered, and handed on."""

import asyncio
import logging
from collections.abc import Collection, Coroutine, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigSubentry,
)
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval

from .const import CONF_BROKER, DOMAIN, SUBENTRY_SENSOR
from .contributed_sensor import ContributedSensor, contributed_sensor
from .daylight import is_daylight
from .device_issues import async_look_anew, async_withdraw_device_issues
from .device_memory import DeviceMemory
from .devices.metered_device import MeteredPart
from .devices.profiles import ProfileError
from .devices.recording import Recorder, SampleStore
from .devices.sampler import Sampler, SystemClock
from .devices.value_gate import Fault
from .node import Node, NodeError
from .sensed_device import SensedDevice, async_sensed_device
from .sources.entity_source import EntitySource
from .sources.mqtt_source import MessageSource, async_stay

ENTITY_UNFIT: Final = "entity_unfit"

_ASKED_EVERY_S: Final = 3600.0
_ASKED_AGAIN_S: Final = 300.0
_SAVED_EVERY: Final = timedelta(minutes=15)
_SET_BACK: Final = frozenset({Fault.ZERO, Fault.BACKWARD})
_LOGGER: Final = logging.getLogger(__name__)


class Senses:
    """All devices and sensors of one membership, by the ids of their subentries."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Begin with none."""
        self.devices: dict[str, SensedDevice] = {}
        self.sensors: dict[str, ContributedSensor] = {}
        self._hass = hass
        self._entry = entry
        self._began_with = self._described()
        self._memory = DeviceMemory(hass, entry)
        self._clock = SystemClock()
        self.sampler = Sampler(self._clock, partial(is_daylight, hass), self)
        self._set_back: dict[str, set[str]] = {}
        self._unheard: dict[str, Collection[str]] = {}
        self._held_long: dict[str, Mapping[str, Fault]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._recorder: Recorder | None = None
        self._samples: SampleStore | None = None

    async def async_start(
        self, recorder: Recorder | None = None, samples: SampleStore | None = None
    ) -> None:
        """Read all devices from now on, and hand on what they say if there is a recorder."""
        self._recorder, self._samples = recorder, samples
        await self._memory.async_load()
        self._keep_times()
        for subentry in self._entry.subentries.values():
            if subentry.subentry_type == SUBENTRY_SENSOR:
                sensor = contributed_sensor(self._hass, subentry)
                self.sensors[subentry.subentry_id] = sensor
                self.sampler.add_sensor(sensor.observed)
                continue
            issue = f"device_not_set_up_{subentry.subentry_id}"
            try:
                device = await async_sensed_device(self._hass, self._entry, subentry, self._memory)
            except (HomeAssistantError, ProfileError) as error:
                # One device that cannot be set up keeps no other from being read.
                ir.async_create_issue(
                    self._hass,
                    DOMAIN,
                    issue,
                    is_fixable=False,
                    severity=ir.IssueSeverity.ERROR,
                    translation_key="device_not_set_up",
                    translation_placeholders={"device": subentry.title, "error": str(error)},
                )
                continue
            ir.async_delete_issue(self._hass, DOMAIN, issue)
            async_look_anew(self._hass, subentry.subentry_id)
            self.devices[subentry.subentry_id] = device
            self.sampler.add(device.sampled)
        if recorder is not None:
            said = [each for device in self.devices.values() for each in device.declared]
            try:
                await self._memory.async_declare(said, recorder)
            except OSError:
                _LOGGER.exception("What devices are cannot be written; the next start tries again")
            await self._async_save()
        for device in self.devices.values():
            self._start_device(device)
        for sensor in self.sensors.values():
            self._entry.async_on_unload(
                sensor.source.async_start(
                    partial(self.sampler.observe, sensor.observed),
                    partial(self._warn, sensor.subentry),
                )
            )
        self._start_task(self.sampler.close_intervals(recorder, samples), "intervals")
        self._entry.async_on_unload(
            async_dispatcher_connect(
                self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_entry_changed
            )
        )
        self._entry.async_on_unload(
            async_track_time_interval(self._hass, self._async_save, _SAVED_EVERY)
        )
        self._entry.async_on_unload(
            self._hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._async_stopping)
        )

    async def async_follow_times(self, node: Node) -> None:
        """Ask the node for ever how long intervals are, and how long it waits for readings."""
        while True:
            again = _ASKED_EVERY_S
            try:
                self._memory.times = await node.metering_times(self._clock.now())
            except NodeError as error:
                _LOGGER.debug("How long intervals are is not known anew: %s", error)
                again = _ASKED_AGAIN_S
            else:
                self._keep_times()
            await asyncio.sleep(again)

    def _keep_times(self) -> None:
        self.sampler.keep(self._memory.times.interval, self._memory.times.wait)

    async def async_stop(self) -> None:
        """Read no more; hand on what the open interval has, and keep what the counters show."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.sampler.close(self._clock.now(), self._recorder, self._samples)
        await self._async_save()

    def counters_changed(self, key: str, counters: Iterable[str]) -> None:
        """Tell the owner that counters begin anew."""
        device = self.devices[key]
        names = ", ".join(sorted(counters))
        _LOGGER.warning("%s counts anew: %s", device.subentry.title, names)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"counter_changed_{key}",
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key="counter_changed",
            translation_placeholders={"device": device.subentry.title, "counters": names},
        )

    def values_held(self, key: str, faults: Mapping[str, Fault]) -> None:
        """Say which values are not believed; an entity that falls back is none to count with."""
        device = self.devices[key]
        held = {name for part in device.metered.parts for name in part.gate.held}
        for name in self._set_back.get(key, set()) - held:
            self._set_back[key].remove(name)
            ir.async_delete_issue(self._hass, DOMAIN, f"entity_set_back_{key}_{name}")
        for name, fault in faults.items():
            _LOGGER.debug("%s: %s %s and is held back", device.subentry.title, name, fault)
            if isinstance(device.source, EntitySource) and fault in _SET_BACK:
                self._set_back.setdefault(key, set()).add(name)
                self._entity_unfit(f"entity_set_back_{key}_{name}", device.subentry, name)

    def values_held_long(self, key: str, faults: Mapping[str, Fault]) -> None:
        """Tell the owner, while it is so, that values have not been believed for long."""
        if faults == self._held_long.get(key, {}):
            return
        self._held_long[key] = faults
        if not faults:
            ir.async_delete_issue(self._hass, DOMAIN, f"values_held_{key}")
            return
        title = self.devices[key].subentry.title
        why = "; ".join(f"{name} {fault}" for name, fault in sorted(faults.items()))
        _LOGGER.warning("%s: values are held back for long: %s", title, why)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"values_held_{key}",
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key="values_held",
            translation_placeholders={"device": title, "values": why},
        )

    def counters_unheard(self, key: str, counters: Collection[str]) -> None:
        """Tell the owner, while it is so, that the grid meter's counters are not heard."""
        if counters == self._unheard.get(key, ()):
            return
        self._unheard[key] = counters
        if not counters:
            ir.async_delete_issue(self._hass, DOMAIN, f"counters_unheard_{key}")
            return
        title = self.devices[key].subentry.title
        names = ", ".join(counters)
        _LOGGER.warning("%s settles nothing: nobody hears %s", title, names)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"counters_unheard_{key}",
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key="counters_unheard",
            translation_placeholders={"device": title, "counters": names},
        )

    def unwritten(self, why: str | None) -> None:
        """Tell the owner, while it is so, that the disk takes nothing."""
        issue = f"unwritten_{self._entry.entry_id}"
        if why is None:
            ir.async_delete_issue(self._hass, DOMAIN, issue)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue,
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key="unwritten",
            translation_placeholders={"coop": self._entry.title, "error": why},
        )

    @callback
    def _async_entry_changed(self, _: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Begin anew when a device was added, changed or taken away.

        An update listener would keep the membership's own flows from reloading it.
        """
        described = self._described()
        if entry is self._entry and described != self._began_with:
            gone = self._began_with.keys() - described.keys()
            async_withdraw_device_issues(self._hass, gone)
            self._began_with = described
            self._hass.config_entries.async_schedule_reload(entry.entry_id)

    def _described(self) -> dict[str, tuple[str, dict[str, Any]]]:
        return {
            subentry_id: (subentry.title, dict(subentry.data))
            for subentry_id, subentry in self._entry.subentries.items()
        }

    def _start_device(self, device: SensedDevice) -> None:
        source, sampled = device.source, device.sampled
        if isinstance(source, EntitySource):
            hear = partial(self.sampler.hear, sampled, source)
            self._entry.async_on_unload(
                source.async_start(hear, partial(self._warn, device.subentry))
            )
        elif isinstance(source, MessageSource):
            hear = partial(self.sampler.hear, sampled, source)
            broker = device.subentry.data[CONF_BROKER]
            self._start_task(async_stay(self._hass, source, broker, hear), "messages")
        self._start_task(self.sampler.follow(sampled), sampled.name)

    def _start_task(self, work: Coroutine[None, None, None], name: str) -> None:
        self._tasks.append(
            self._entry.async_create_background_task(self._hass, work, f"{DOMAIN} {name}")
        )

    @callback
    def _warn(self, subentry: ConfigSubentry, point: str, problem: str | None) -> None:
        """Tell the owner, while it is so, that an entity can no longer stand for a point."""
        issue = f"entity_unfit_{subentry.subentry_id}_{point}"
        if problem is None:
            ir.async_delete_issue(self._hass, DOMAIN, issue)
            return
        self._entity_unfit(issue, subentry, point)

    @callback
    def _entity_unfit(self, issue: str, subentry: ConfigSubentry, point: str) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue,
            data={
                "trouble": ENTITY_UNFIT,
                "entry_id": self._entry.entry_id,
                "subentry_id": subentry.subentry_id,
                "point": point,
            },
            is_fixable=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key="entity_unfit",
            translation_placeholders={"device": subentry.title, "point": point},
        )

    def _parts(self) -> Iterator[MeteredPart]:
        for device in self.devices.values():
            yield from device.metered.parts

    async def _async_save(self, _: datetime | None = None) -> None:
        await self._memory.async_save(self._parts())

    async def _async_stopping(self, _: Event) -> None:
        await self.async_stop()
