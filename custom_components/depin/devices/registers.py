"""Reading registers in few requests; what a device refuses is absent and hides nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from modbus_connection import ModbusExceptionError, ModbusProtocolError, ModbusUnit, ReadBlock
from modbus_connection.model import (
    FloatField,
    ManualComponent,
    NumberField,
    RegisterField,
    StringField,
)

from .formulas import Raw
from .places import RegisterPlace, Space

REFUSALS: Final = frozenset({1, 2, 3})
"""The device serves no such registers: illegal function, illegal address, illegal value."""
_WORD: Final = 0x10000
_NOTHING: Final[frozenset[int]] = frozenset()
_ALL_ONES: Final = {
    "uint32": frozenset({0xFFFF_FFFF}),
    "uint64": frozenset({0xFFFF_FFFF_FFFF_FFFF}),
}
"""What no counter reaches: the reply of a device, or of its gateway, that has no value."""


class RegisterSource(Protocol):
    """What answers with registers: a unit of Home Assistant's connection, or a capture."""

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Read with function 3."""

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        """Read with function 4."""


class WholeReplies:
    """A unit of which no reply is taken that is shorter or longer than what was asked for."""

    def __init__(self, source: RegisterSource, *, swap_bytes: bool = False) -> None:
        self._source = source
        self._swap_bytes = swap_bytes

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Read with function 3."""
        words = await self._source.read_holding_registers(address, count)
        return self._checked(words, address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        """Read with function 4."""
        words = await self._source.read_input_registers(address, count)
        return self._checked(words, address, count)

    def as_unit(self) -> ModbusUnit:
        """Return this as the type that reading asks for; it calls these two functions alone."""
        return cast("ModbusUnit", self)

    def _checked(self, words: Sequence[int], address: int, count: int) -> list[int]:
        if len(words) != count or any(not 0 <= word < _WORD for word in words):
            msg = f"{count} registers were asked for at {address}, the reply has {len(words)}"
            raise ModbusProtocolError(msg)
        if self._swap_bytes:
            return [(word & 0xFF) << 8 | word >> 8 for word in words]
        return list(words)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A field to read; fields of one group are read, and refused, together."""

    field: RegisterField[Any]
    space: Space = "holding"
    group: str = ""


@dataclass(frozen=True, slots=True)
class Requests:
    """How a device may be asked; `frozen` registers, in a capture, need no groups."""

    gap: int = 16
    span: int = 125
    ranges: tuple[tuple[int, int], ...] | None = None
    frozen: bool = False


class Registers:
    """Fields of one unit, read in as few requests as the device allows."""

    def __init__(self, source: WholeReplies, wanted: Mapping[str, Wanted], how: Requests) -> None:
        self._unit = source.as_unit()
        self._wanted = wanted
        self._groups = {
            key: key if how.frozen else each.group or key for key, each in wanted.items()
        }
        self._span = how.span
        self._pooled = ManualComponent(
            self._unit, max_gap=how.gap, max_span=how.span, holding_ranges=how.ranges
        )
        self._apart: dict[str, ManualComponent] = {}
        for key, each in wanted.items():
            self._pooled.add(key, each.field, space=each.space)

    async def read(self) -> dict[str, Raw]:
        """Return what was read by its key; what the device refuses is left out.

        Raises ModbusError where the device gives no answer, or none that can be used.
        """
        values = await self._read_pooled()
        for group, component in list(self._apart.items()):
            try:
                values |= await component.async_update()
            except ModbusExceptionError as refusal:
                if refusal.exception_code not in REFUSALS:
                    raise
                del self._apart[group]
        return values

    async def _read_pooled(self) -> dict[str, Raw]:
        while True:
            try:
                return await self._pooled.async_update()
            except ModbusExceptionError as refusal:
                if refusal.exception_code not in REFUSALS or refusal.block is None:
                    raise
                self._take_apart(refusal.block)

    def _take_apart(self, block: ReadBlock) -> None:
        """Read what a refused request held group by group from now on."""
        end = block.address + block.count
        refused = {
            self._groups[key]
            for key, each in self._wanted.items()
            if each.space == block.space and block.address <= each.field.address < end
        }
        for group in refused:
            alone = ManualComponent(self._unit, max_gap=self._span, max_span=self._span)
            for key, each in self._wanted.items():
                if self._groups[key] == group:
                    self._pooled.remove(key)
                    alone.add(key, each.field, space=each.space)
            self._apart[group] = alone


def field_at(place: RegisterPlace) -> RegisterField[Any]:
    """Return the field that decodes a place, without its scale: that is applied exactly, later."""
    if place.type == "string":
        return StringField(place.address, count=place.count)
    if place.type.startswith("float"):
        return FloatField(place.address, count=place.count, word_order=place.word_order)
    return NumberField[int](
        place.address,
        count=place.count,
        signed=place.type.startswith("int"),
        nan=place.nothing | _ALL_ONES.get(place.type, _NOTHING),
        word_order=place.word_order,
    )
