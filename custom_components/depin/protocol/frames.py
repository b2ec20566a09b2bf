"""Several statements in one request: each after its length."""

from collections.abc import Iterable
from typing import Final

MEDIA_TYPE: Final = "application/vnd.depin.statements"

_LENGTH_SIZE: Final = 4


class FrameError(ValueError):
    """The bytes are not statements after their lengths; the message says where they depart."""


def pack(wires: Iterable[bytes]) -> bytes:
    """Write statements one after another."""
    return b"".join(len(wire).to_bytes(_LENGTH_SIZE) + wire for wire in wires)


def unpack(data: bytes, most: int) -> list[bytes]:
    """Read what `pack` wrote, at most so many statements."""
    wires: list[bytes] = []
    at = 0
    while at < len(data):
        if len(wires) == most:
            msg = f"more than {most} statements in one request: send them in several"
            raise FrameError(msg)
        start = at + _LENGTH_SIZE
        length = int.from_bytes(data[at:start])
        at = start + length
        if at > len(data):
            msg = f"byte {start}: {length} bytes are to follow, and {len(data) - start} do"
            raise FrameError(msg)
        wires.append(data[start:at])
    return wires
