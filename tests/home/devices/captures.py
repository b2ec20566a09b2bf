"""Captures built by hand from register maps: numbers put into registers as a device would."""

import json
import struct
from collections.abc import Mapping
from typing import Any, Final

from custom_components.depin.devices.capture import Capture, parse_capture
from custom_components.depin.devices.places import REGISTERS

_FORMS: Final = {
    "uint16": ">H",
    "int16": ">h",
    "uint32": ">I",
    "int32": ">i",
    "uint64": ">Q",
    "int64": ">q",
    "float32": ">f",
    "float64": ">d",
}

# How many registers a text takes where it is not five.
_TEXTS: Final = {30_000: 15, 30_015: 10, 4989: 10, 35_003: 8}

type Values = Mapping[int, tuple[str, float | str]]


def words(kind: str, value: float | str, order: str = "big") -> list[int]:
    """Return the registers of a value; a string takes as many as it needs."""
    if isinstance(value, str):
        raw = value.encode()
        raw += b"\0" * (len(raw) % 2)
    else:
        raw = struct.pack(_FORMS[kind], value)
        assert len(raw) == 2 * REGISTERS[kind]
    listed = [raw[at] << 8 | raw[at + 1] for at in range(0, len(raw), 2)]
    return listed if order == "big" else listed[::-1]


def registers(space: str, values: Values, order: str = "big") -> dict[str, Any]:
    """Return a capture with values in one space, as its file holds it."""
    found: dict[str, int] = {}
    for address, (kind, value) in values.items():
        listed = words(kind, value, order if kind != "string" else "big")
        if kind == "string":
            listed += [0] * (_TEXTS.get(address, 5) - len(listed))
        found.update({str(address + at): word for at, word in enumerate(listed)})
    return {space: found, "meta": {"unit": 1}}


def messages(*heard: tuple[str, Any]) -> dict[str, Any]:
    """Return a capture of messages, objects as JSON, as its file holds it."""
    return {
        "messages": [
            [topic, payload if isinstance(payload, str) else json.dumps(payload)]
            for topic, payload in heard
        ]
    }


def capture(written: Mapping[str, Any]) -> Capture:
    """Return the capture that a file would give."""
    return parse_capture(json.loads(json.dumps(written)))
