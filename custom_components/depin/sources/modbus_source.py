"""Devices with registers, read through the Modbus connections that Home Assistant shares.

Its library comes with Home Assistant's modbus, so this module is imported when that is there.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, override

from modbus_connection import (
    ModbusError,
    ModbusSerialParams,
    ModbusTcpParams,
    ModbusTlsParams,
    ModbusUnit,
)
from modbus_connection.model.sunspec import SunSpecError

from ..const import CONF_BASE, CONF_UNIT, CONF_UNITS
from ..devices.current_limit import CurrentLimit
from ..devices.formulas import Measured, Raw
from ..devices.learned import Learned
from ..devices.places import RegisterPlace, Space
from ..devices.points import NO_POINTS, Reading, SilentError
from ..devices.profiles import Profile
from ..devices.register_device import RegisterDevice
from ..devices.registers import RegisterSource
from ..devices.sunspec import SunSpecDevice
from ..devices.sunspec_chain import MARKS
from .links import Link, LinkKind

if TYPE_CHECKING:
    from homeassistant.components.modbus.connection import ModbusParams

ANSWER_S: Final = 20.0
"""All that is asked at one time has to be answered within this."""

TRUSTED_S: Final = 3600.0
"""For so long a register that was refused is left out, and models that appear are not seen."""

_SOCKET_BAUDRATE: Final = 115_200
"""What Home Assistant takes for a serial line in a socket: all who share it must say the same."""

_SERIAL_OF_COMMON: Final = range(50, 66)
"""Where model 1 holds the serial number, counted from its id."""

_END_OF_MAP: Final = 0xFFFF

type UnitOf = Callable[[int], ModbusUnit]


def params_of(link: Link) -> ModbusParams:
    """Return a link as Home Assistant's connection wants it."""
    match link.kind:
        case LinkKind.SERIAL:
            return ModbusSerialParams(
                device=link.device,
                baudrate=link.baudrate,
                parity=link.parity,
                stopbits=link.stopbits,
            )
        case LinkKind.RTU_OVER_TCP:
            return ModbusSerialParams(
                device=f"socket://{link.host}:{link.port}", baudrate=_SOCKET_BAUDRATE
            )
        case LinkKind.TLS:
            return ModbusTlsParams(
                host=link.host,
                port=link.port,
                verify=link.verify,
                check_hostname=link.verify,
            )
        case LinkKind.TCP:
            return ModbusTcpParams(host=link.host, port=link.port)


def unit_numbers(data: Mapping[str, Any]) -> set[int]:
    """Return the numbers of all units that a device is read from."""
    return set(_numbers(data).values())


class ModbusSource:
    """A pulled device behind a Modbus connection, which remembers the registers that it saw."""

    def __init__(
        self, profile: Profile, unit_of: UnitOf, data: Mapping[str, Any], learned: Learned
    ) -> None:
        """Take the profile, the units by their numbers, and what is known of the device."""
        self.profile = profile
        self._learned = learned
        numbers = _numbers(data)
        self._number = data[CONF_UNIT]
        self._base = data.get(CONF_BASE)
        self._recorded = {
            name: _Recorded(_paced(unit_of(number), profile)) for name, number in numbers.items()
        }
        self._one_at_a_time = asyncio.Lock()
        self._made_at = time.monotonic()
        self._device = self._made()

    async def read(self) -> Reading:
        """Ask the device for all of its points.

        What it refused is asked for again after a while, and at once if that was everything.
        """
        async with self._one_at_a_time:
            if time.monotonic() - self._made_at > TRUSTED_S:
                self._make()
            reading = await _answer(self._device.read())
            if all(points == NO_POINTS for points in reading.parts.values()):
                self._make()
                msg = "it refuses all that it is asked for"
                raise SilentError(msg)
            return reading

    async def is_another(self) -> bool:
        """Tell whether the device is another one than the profile describes."""
        if isinstance(self._device, SunSpecDevice):
            return False
        return await _answer(self._device.identify()) is False

    async def told(self) -> Mapping[str, str]:
        """Ask the device which choices fit it, where others were made; read it before."""
        if not isinstance(self._device, SunSpecDevice):
            return await _answer(self._device.told())
        return self._device.told

    async def takes_limit(self) -> bool:
        """Tell whether the device is one whose current may be limited."""
        limit = self.profile.current_limit
        return limit is not None and limit.only_if.passes(await self._look(limit.only_if.value))

    async def limit(self, limit: CurrentLimit) -> float | None:
        """Ask which limit holds, in amperes."""
        async with self._one_at_a_time:
            value = limit.shown.number(await self._look(limit.shown))
        return None if value is None else float(value)

    async def set_limit(self, limit: CurrentLimit, amperes: float) -> None:
        """Set a limit, once the device was seen to be one that takes it.

        Raises SilentError, which says why it was not set.
        """
        async with self._one_at_a_time:
            if not await self.takes_limit():
                msg = "it is no longer a device of which that is known to be safe"
                raise SilentError(msg)
            unit = self._recorded[limit.place.unit]
            await _answer(unit.write_register(limit.place.address, limit.word(amperes)))

    async def _look(self, value: Measured) -> Mapping[Hashable, Raw]:
        if isinstance(self._device, SunSpecDevice) or not isinstance(value.place, RegisterPlace):
            return {}
        return await _answer(self._device.look([value.place]))

    def capture(self) -> dict[str, Any]:
        """Return the registers as they were last seen, without the serial number."""
        meta: dict[str, Any] = {"unit": self._number}
        if self._base is not None:
            meta["base"] = self._base
        hidden = self._serial_registers()
        # Units behind the device stand beside it: a profile gives them addresses of their own.
        seen: dict[Space, dict[int, int]] = {"holding": {}, "input": {}}
        for unit in reversed(self._recorded.values()):
            for space, words in unit.seen.items():
                seen[space] |= words
        shown: dict[str, Any] = {
            space: {
                str(address): 0 if (space, address) in hidden else word
                for address, word in sorted(words.items())
            }
            for space, words in seen.items()
        }
        return {**shown, "meta": meta}

    def _make(self) -> None:
        """Begin anew, without anything known of what the device refuses or where its map is."""
        self._made_at = time.monotonic()
        self._device = self._made()

    def _made(self) -> RegisterDevice | SunSpecDevice:
        device: RegisterDevice | SunSpecDevice
        if self.profile.transport == "sunspec":
            device = SunSpecDevice.of(self.profile, self._recorded[""], self._base)
        else:
            device = RegisterDevice(self.profile, self._recorded)
        device.learned = self._learned
        return device

    def _serial_registers(self) -> set[tuple[Space, int]]:
        """Return the registers that hold the serial number."""
        if self.profile.transport == "sunspec":
            seen = self._recorded[""].seen["holding"]
            return {
                ("holding", address + offset)
                for address in _common_models(seen)
                for offset in _SERIAL_OF_COMMON
            }
        texts = [self.profile.device, *self.profile.roles.values()]
        places = [each.texts["serial"].place for each in texts if "serial" in each.texts]
        return {
            (place.space, place.address + offset)
            for place in places
            if isinstance(place, RegisterPlace)
            for offset in range(place.count)
        }


def _common_models(seen: Mapping[int, int]) -> Iterator[int]:
    """Give where each model 1 of a SunSpec map begins: each device behind it has one."""
    for address in seen:
        if (seen[address], seen.get(address + 1)) != MARKS:
            continue
        at = address + 2
        while (model := seen.get(at, _END_OF_MAP)) != _END_OF_MAP:
            if model == 1:
                yield at
            at += 2 + seen.get(at + 1, 0)


async def _answer[T](question: Awaitable[T]) -> T:
    """Wait for a device, which may say that it is busy for as long as it likes."""
    try:
        async with asyncio.timeout(ANSWER_S):
            return await question
    except TimeoutError as error:
        msg = f"there was no answer within {ANSWER_S:g} s"
        raise SilentError(msg) from error
    except (ModbusError, SunSpecError, OSError) as error:
        # A serial line in a socket passes on as it is that the socket was closed.
        raise SilentError(str(error) or type(error).__name__) from error


class _Recorded(RegisterSource):
    """A unit that remembers what each register last held."""

    def __init__(self, unit: ModbusUnit) -> None:
        self._unit = unit
        self.seen: dict[Space, dict[int, int]] = {"holding": {}, "input": {}}

    @override
    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        words = await self._unit.read_holding_registers(address, count)
        return self._noted("holding", address, words)

    @override
    async def read_input_registers(self, address: int, count: int) -> list[int]:
        words = await self._unit.read_input_registers(address, count)
        return self._noted("input", address, words)

    async def write_register(self, address: int, value: int) -> None:
        """Write with function 6."""
        await self._unit.write_register(address, value)

    def _noted(self, space: Space, address: int, words: list[int]) -> list[int]:
        self.seen[space].update(enumerate(words, start=address))
        return words


def _numbers(data: Mapping[str, Any]) -> dict[str, int]:
    """Return the number of the device's own unit, which has no name, and of those behind it."""
    return {"": data[CONF_UNIT], **data.get(CONF_UNITS, {})}


def _paced(unit: ModbusUnit, profile: Profile) -> ModbusUnit:
    """Ask no faster than the device can bear."""
    if spacing := profile.reading.get("spacing_ms"):
        unit.set_message_spacing(spacing / 1000)
    if delay := profile.reading.get("connect_delay_s"):
        unit.require_connect_delay(delay)
    return unit
