"""The chain of SunSpec models in a device, and the values in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, cast

from modbus_connection import ModbusExceptionError, ModbusUnit
from modbus_connection.model import RawField, RegisterField
from modbus_connection.model.sunspec import (
    SunSpecError,
    SunSpecMapShiftError,
    SunSpecModel,
    scan,
    sunssf,
)

from .formulas import Raw
from .quantities import exact
from .registers import REFUSALS, Registers, RegisterSource, Requests, Wanted, WholeReplies
from .sunspec_models import MODELS, Point

BASES: Final = (40000, 0, 50000)
MARKS: Final = (0x5375, 0x6E53)
"""The characters SunS, with which every map begins."""

_END: Final = [0xFFFF, 0]
_LAST_HEADER: Final = 0xFFFE
_EXPONENTS: Final = range(-10, 11)


@dataclass(frozen=True, slots=True)
class ReadModel:
    """What one model of a chain said: its points, and those of each repeated block."""

    model: SunSpecModel
    points: Mapping[str, Raw]
    blocks: Sequence[Mapping[str, Raw]]
    factors: Mapping[str, Fraction]

    def number(self, name: str) -> Fraction | None:
        """Return a number, None where there is none."""
        return as_number(self.points.get(name))

    def text(self, name: str) -> str | None:
        """Return a text without the blanks around it."""
        value = self.points.get(name)
        return value.strip(" \0\t\r\n") or None if isinstance(value, str) else None


def as_number(raw: Raw) -> Fraction | None:
    """Return a value as an exact number, None where it is none."""
    if raw is None or isinstance(raw, str):
        return None
    return raw if isinstance(raw, Fraction) else exact(raw)


class _Chain:
    """A unit as the scan sees it: where no further model can be read, the chain ends."""

    def __init__(self, source: WholeReplies, base: int) -> None:
        self._source = source
        self._base = base
        self.begins = False

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Read a header; behind the end marker some devices have no length."""
        if address == self._base:
            words = await self._source.read_holding_registers(address, count)
            self.begins = tuple(words) == MARKS
            return words
        if address > _LAST_HEADER:
            return _END
        try:
            header = await self._source.read_holding_registers(address, count)
        except ModbusExceptionError as refusal:
            if refusal.exception_code not in REFUSALS:
                raise
            return _END
        # No model has the number 0: this is what stands where a chain was cut off.
        return header if header[0] else _END


async def find(source: WholeReplies, bases: Sequence[int] = BASES) -> list[SunSpecModel]:
    """Return the models of the chain at the first base that has one.

    Raises SunSpecError where there is none.
    """
    bases = tuple(dict.fromkeys(bases))
    wrong: list[str] = []
    for base in bases:
        chain = _Chain(source, base)
        try:
            models = await scan(cast("ModbusUnit", chain), base)
        except SunSpecError as error:
            if chain.begins:
                wrong.append(f"the SunSpec map at {base} cannot be followed: {error}")
            continue
        except ModbusExceptionError as refusal:
            if refusal.exception_code not in REFUSALS:
                raise
            continue
        if models:
            return models.chain
        if chain.begins:
            wrong.append(f"the SunSpec map at {base} holds no models: is the device starting?")
    if wrong:
        raise SunSpecError(wrong[0])
    listed = ", ".join(map(str, bases))
    msg = f"no SunSpec map begins at {listed}: switch SunSpec on in the device, or give its base"
    raise SunSpecError(msg)


@dataclass(slots=True)
class _Layout:
    """Where the points of one found model stand, as far as it is long enough to hold them."""

    model: SunSpecModel
    fields: dict[str, RegisterField[Any]] = field(default_factory=dict)
    factors: dict[str, str] = field(default_factory=dict)
    blocks: int = 0

    def add(self, key: str, point: Point, shift: int = 0) -> None:
        """Place a point and its scale factor, unless either lies beyond the model's end."""
        value = point.make(self.model.address + shift + point.offset)
        end = self.model.address + self.model.span
        if value.address + value.count > end:
            return
        if point.factor is not None:
            factor = self.model.address + point.factor
            if factor >= end:
                return
            self.factors[key] = f"factor {point.factor}"
            self.fields[self.factors[key]] = sunssf(factor)
        self.fields[key] = value


class Chain:
    """The models of one device at the places where they were found."""

    def __init__(
        self, source: WholeReplies, models: Sequence[SunSpecModel], *, frozen: bool = False
    ) -> None:
        self._layouts = [_layout(model) for model in models if model.model_id in MODELS]
        wanted = {}
        ranges = []
        for number, layout in enumerate(self._layouts):
            for key, each in layout.fields.items():
                wanted[f"{number} {key}"] = Wanted(each, group=str(number))
            end = max(each.address + each.count for each in layout.fields.values())
            ranges.append((layout.model.address, end - 1))
        self._there: set[int] = set()
        self._registers = Registers(source, wanted, Requests(ranges=tuple(ranges), frozen=frozen))

    async def read(self) -> list[ReadModel]:
        """Read all models in the order of the chain, each with its scale factors and its header.

        Raises SunSpecMapShiftError where another model stands there by now.
        """
        values = await self._registers.read()
        there = {number for number in range(len(self._layouts)) if f"{number} id" in values}
        if self._there - there:
            msg = "a model is no longer there: scan the device again"
            raise SunSpecMapShiftError(msg)
        self._there = there
        return [
            self._read(layout, f"{number} ", values)
            for number, layout in enumerate(self._layouts)
            if number in there
        ]

    def _read(self, layout: _Layout, prefix: str, values: Mapping[str, Raw]) -> ReadModel:
        model = layout.model
        header = (values[f"{prefix}id"], values[f"{prefix}length"])
        if header != (model.model_id, model.length):
            msg = f"model {model.model_id} is no longer at {model.address}: scan the device again"
            raise SunSpecMapShiftError(msg)

        def value(key: str) -> Raw:
            raw = values.get(prefix + key)
            if key not in layout.factors:
                return raw
            return _scaled(raw, values.get(prefix + layout.factors[key]))

        definition = MODELS[model.model_id]
        names = definition.block.points if definition.block else ()
        return ReadModel(
            model,
            {name: value(name) for name in definition.points},
            [{name: value(f"{at} {name}") for name in names} for at in range(layout.blocks)],
            {
                name: factor
                for name, key in layout.factors.items()
                if (factor := _power_of_ten(values.get(prefix + key))) is not None
            },
        )


async def open_chain(
    source: RegisterSource, bases: Sequence[int] = BASES, *, frozen: bool = False
) -> Chain:
    """Find the chain of a device, or of a capture, which is frozen, and get ready to read it."""
    whole = WholeReplies(source)
    return Chain(whole, await find(whole, bases), frozen=frozen)


def _layout(model: SunSpecModel) -> _Layout:
    layout = _Layout(model)
    definition = MODELS[model.model_id]
    layout.fields["id"] = RawField(model.address)
    layout.fields["length"] = RawField(model.address + 1)
    for name, point in definition.points.items():
        layout.add(name, point)
    if block := definition.block:
        layout.blocks = max(0, model.span - block.start) // block.width
        for at in range(layout.blocks):
            for name, point in block.points.items():
                layout.add(f"{at} {name}", point, block.start + at * block.width)
    return layout


def _scaled(raw: Raw, exponent: Raw) -> Fraction | None:
    """Scale by a power of ten that was read beside the value; an impossible one is no value."""
    value, factor = as_number(raw), _power_of_ten(exponent)
    return None if value is None or factor is None else value * factor


def _power_of_ten(exponent: Raw) -> Fraction | None:
    if not isinstance(exponent, int) or exponent not in _EXPONENTS:
        return None
    return Fraction(10) ** exponent
