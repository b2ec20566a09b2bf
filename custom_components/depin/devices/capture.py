"""A raw capture of a device, as diagnostics record it, and the points in it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from modbus_connection import IllegalDataAddressError

from . import payloads
from .message_device import MessageDevice
from .ocpp import ChargePoint
from .parameters import parameters_in
from .points import NO_POINTS, Reading
from .profiles import Profile
from .register_device import RegisterDevice
from .sunspec import SunSpecDevice
from .sunspec_chain import MARKS

_REGISTERS: Final = 0x10000
_MESSAGE_LENGTHS: Final = (2, 3)


class CaptureError(ValueError):
    """This file is no capture, or not one of such a device."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came; without a time, all came at one."""

    topic: str
    payload: str
    at: int = 0
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Capture:
    """The registers, or the messages, of one device; a register that is not there was refused."""

    holding: Mapping[int, int] = field(default_factory=dict)
    input: Mapping[int, int] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    base: int | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What stands in the topics for the owner's own names."""

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Answer as the device did to function 3."""
        return _words(self.holding, address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        """Answer as the device did to function 4."""
        return _words(self.input, address, count)


def load_capture(file: Path, profile: str) -> Capture:
    """Read a capture's file, or a file of diagnostics with one capture of a profile's device.

    Raises CaptureError, which says what is wrong with it.
    """
    try:
        written = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}"
        raise CaptureError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{file} is no JSON: {error}"
        raise CaptureError(msg) from error
    return parse_capture(_of_diagnostics(written, profile))


def _of_diagnostics(written: object, profile: str) -> object:
    """Return the capture of the device that a profile describes, where these are diagnostics."""
    match written:
        case {"data": {"devices": [*devices]}} | {"devices": [*devices]}:
            pass
        case _:
            return written
    captures = [
        capture
        for device in devices
        for capture in _captures_in(device, profile if len(devices) > 1 else None)
    ]
    if len(captures) != 1:
        msg = (
            f"these diagnostics have {len(captures)} captures of a device of the profile {profile}:"
            " download the diagnostics of the device itself"
        )
        raise CaptureError(msg)
    return captures[0]


def _captures_in(device: object, profile: str | None) -> Iterator[object]:
    match device:
        case {"capture": capture, "settings": {"profile": str(key)}} if profile in {None, key}:
            yield capture


def parse_capture(written: object) -> Capture:
    """Check what a capture's file holds."""
    if not isinstance(written, dict):
        msg = "a capture is an object with holding and input registers, or with messages"
        raise CaptureError(msg)
    if not any(key in written for key in ("holding", "input", "messages")):
        msg = "a capture needs holding, input or messages, and this one has none of them"
        raise CaptureError(msg)
    meta = written.get("meta")
    meta = {} if meta is None else meta
    if not isinstance(meta, dict):
        msg = 'meta is an object, such as {"unit": 1, "base": 40000}'
        raise CaptureError(msg)
    base = meta.get("base")
    if base is not None and not _is_whole(base, _REGISTERS):
        msg = f"meta.base is a register's address, not {base!r}"
        raise CaptureError(msg)
    return Capture(
        _registers(written.get("holding"), "holding"),
        _registers(written.get("input"), "input"),
        _messages(written.get("messages")),
        base,
        _parameters(meta.get("parameters")),
    )


async def replay(capture: Capture, profile: Profile, parameters: Mapping[str, str]) -> Reading:
    """Return the points in a capture by a profile.

    Raises CaptureError where the capture is of another kind of device.
    """
    if profile.transport in {"mqtt", "ocpp"}:
        return _replay_messages(capture, profile, parameters)
    if not capture.holding and not capture.input:
        msg = f"{profile.key} is read from registers, and this capture has none"
        raise CaptureError(msg)
    if profile.transport == "sunspec":
        return await _replay_sunspec(capture, profile)
    units = dict.fromkeys({"", *profile.units}, capture)
    told = await RegisterDevice(profile, units).told()
    open_choices = {name: choice for name, choice in told.items() if name not in profile.chosen}
    reading = await RegisterDevice(profile.choosing(open_choices), units).read()
    said = [f"{name}={choice}, by what the device says" for name, choice in open_choices.items()]
    if all(points == NO_POINTS for points in (reading.device, *reading.parts.values())):
        said.append(f"this capture has no value at any register that {profile.key} knows")
    return replace(reading, said=(*reading.said, *said))


async def _replay_sunspec(capture: Capture, profile: Profile) -> Reading:
    elsewhere = _markers(capture)
    device = SunSpecDevice.of(profile, capture, capture.base, elsewhere=elsewhere, frozen=True)
    return await device.read()


def _replay_messages(capture: Capture, profile: Profile, parameters: Mapping[str, str]) -> Reading:
    if not capture.messages:
        msg = f"{profile.key} is read from messages, and this capture has none"
        raise CaptureError(msg)
    messages = capture.messages
    if profile.transport == "ocpp":
        messages = tuple(_of_connectors(messages))
    heard = [(message.topic, message.payload) for message in messages]
    recorded = {name: capture.parameters.get(name, "") for name in profile.parameters}
    given = {name: text for name, text in recorded.items() if text} | dict(parameters)
    device = MessageDevice(profile, parameters_in(profile, heard, given))
    for message in messages:
        device.hear(message.topic, message.payload, message.at, retained=message.retained)
    return device.reading(capture.messages[-1].at)


def _of_connectors(messages: Iterable[Message]) -> Iterator[Message]:
    """Give what a charger said by OCPP as messages of its connectors.

    The meter of the whole charger, which is number 0, counts where no connector speaks.
    """
    charger = ChargePoint()
    said = [
        (connector, replace(message, topic=f"connector/{connector}", payload=json.dumps(points)))
        for message in messages
        for connector, points in charger.take(message.topic, payloads.document(message.payload))
    ]
    of_one = any(connector for connector, _ in said)
    yield from (message for connector, message in said if connector or not of_one)


def _markers(capture: Capture) -> list[int]:
    """Return where else than at the standard's addresses a SunSpec map could begin."""
    return [
        address
        for address, word in sorted(capture.holding.items())
        if (word, capture.holding.get(address + 1)) == MARKS
    ]


def _words(registers: Mapping[int, int], address: int, count: int) -> list[int]:
    try:
        return [registers[address + offset] for offset in range(count)]
    except KeyError as missing:
        raise IllegalDataAddressError from missing


def _registers(written: object, space: str) -> dict[int, int]:
    """Read registers by address, or several in a row from an address on."""
    if written is None:
        return {}
    if not isinstance(written, dict):
        msg = f'{space} is an object of registers: {{"ADDRESS": WORD, ...}}'
        raise CaptureError(msg)
    registers: dict[int, int] = {}
    for key, value in written.items():
        try:
            address = int(key) if key.isdecimal() else int(key, 0)
        except ValueError as error:
            msg = f"{space} has {key!r} where an address should stand"
            raise CaptureError(msg) from error
        for offset, word in enumerate(value if isinstance(value, list) else [value]):
            if word is None:
                continue
            if not _is_whole(address + offset, _REGISTERS) or not _is_whole(word, _REGISTERS):
                msg = f"{space}[{key}] is {word!r}: addresses and words are whole, 0 to 65535"
                raise CaptureError(msg)
            registers[address + offset] = word
    return registers


def _messages(written: object) -> tuple[Message, ...]:
    """Read messages as topic and payload, and maybe when and how they came."""
    if written is None:
        return ()
    if not isinstance(written, list):
        msg = 'messages is a list of ["topic", "payload"]'
        raise CaptureError(msg)
    return tuple(_message(each, at) for at, each in enumerate(written))


def _parameters(written: object) -> dict[str, str]:
    if written is None:
        return {}
    if not isinstance(written, dict) or not all(isinstance(text, str) for text in written.values()):
        msg = 'meta.parameters is an object of texts, such as {"prefix": "home"}'
        raise CaptureError(msg)
    return written


def _message(written: object, position: int) -> Message:
    if (
        not isinstance(written, list)
        or len(written) not in _MESSAGE_LENGTHS
        or not isinstance(written[0], str)
    ):
        msg = f'messages[{position}] is not ["topic", "payload"]'
        raise CaptureError(msg)
    topic, payload, *more = written
    how = more[0] if more and isinstance(more[0], dict) else {}
    at = how.get("at", 0)
    if not isinstance(at, int) or at < 0:
        msg = f"messages[{position}] came at {at!r}: give milliseconds, or nothing"
        raise CaptureError(msg)
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return Message(topic, text, at, bool(how.get("retained", False)))


def _is_whole(value: object, limit: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limit
