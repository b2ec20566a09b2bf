"""Whom readings are handed to: who signs and keeps statements, and who keeps fine samples."""

from collections.abc import Sequence
from typing import Protocol

from ..protocol.statements.measuring import Device, Observations, Readings


class Recorder(Protocol):
    """Puts bodies into the home's chains."""

    async def async_record(self, body: Readings | Observations | Device) -> object:
        """Sign a body; it is on disk when this returns."""


class SampleStore(Protocol):
    """Keeps what stands under the Merkle roots of readings."""

    async def async_add(self, device: str, samples: Sequence[bytes]) -> object:
        """Keep an interval's samples of a device, in the order of their tree."""
