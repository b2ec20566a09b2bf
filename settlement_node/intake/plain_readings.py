"""Readings in the form that homes write them, read several times faster than others.

What is read here is written again, and counts only if that gives the very same text: then no other
reader of JSON can take the text for anything else. Whatever is not so, or breaks a rule, is left to
the protocol's own reader, which says what is wrong.
"""

from operator import lt
from typing import Annotated, Final

import msgspec

from depin_protocol.bounds import MAX_AMOUNT
from depin_protocol.identifiers import HASH_PATTERN, ID_PATTERN
from depin_protocol.statements.envelope import Envelope
from depin_protocol.statements.fields import MAX_TIME
from depin_protocol.statements.measuring import (
    ALL_FLAGS,
    MAX_FINE_SAMPLES,
    MAX_POWER,
    MAX_SAMPLES,
    REGISTERS,
    Column,
    Fine,
    Readings,
)

type _Instant = Annotated[int, msgspec.Meta(ge=1, le=MAX_TIME)]
type _Total = Annotated[int, msgspec.Meta(ge=0, lt=MAX_AMOUNT)]
type _Power = Annotated[int, msgspec.Meta(ge=-MAX_POWER, le=MAX_POWER)]
type _Flags = Annotated[int, msgspec.Meta(ge=0, le=ALL_FLAGS)]
type _Totals = tuple[_Total | None, ...]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An object whose fields stand in this order."""


class _Fine(_Part, frozen=True):
    root: Annotated[str, msgspec.Meta(pattern=rf"\A{HASH_PATTERN}\Z")]
    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_FINE_SAMPLES)]


class _Body(_Part, frozen=True):
    device: Annotated[str, msgspec.Meta(pattern=rf"\A{ID_PATTERN}\Z")]
    at: Annotated[tuple[_Instant, ...], msgspec.Meta(min_length=1, max_length=MAX_SAMPLES)]
    registers: dict[str, _Totals]
    power: tuple[_Power | None, ...] | None = None
    flags: tuple[_Flags, ...] | None = None
    fine: _Fine | None = None


_DECODER: Final = msgspec.json.Decoder(_Body)
_ENCODER: Final = msgspec.json.Encoder()


def read_plain(envelope: Envelope) -> Readings | None:
    """Return readings that are plainly sound; of all others nothing."""
    if envelope.kind != Readings.KIND or envelope.header.stream not in Readings.STREAMS:
        return None
    text = envelope.body.encode("utf-8")
    try:
        body = _DECODER.decode(text)
    except msgspec.DecodeError:
        return None
    if _ENCODER.encode(body) != text or not _is_sound(body):
        return None
    fine = None if body.fine is None else Fine(body.fine.root, body.fine.count)
    return Readings(body.device, body.at, body.registers, body.power, body.flags, fine)


def _is_sound(body: _Body) -> bool:
    """Tell whether there are registers or power, a value for each instant, and these rise.

    Registers stand in the order in which homes write them, and the protocol's reader returns them.
    """
    columns: list[Column] = [*body.registers.values()]
    if body.power is not None:
        columns.append(body.power)
    if not columns or [*body.registers] != [name for name in REGISTERS if name in body.registers]:
        return False
    if body.flags is not None:
        columns.append(body.flags)
    return {*map(len, columns)} == {len(body.at)} and all(map(lt, body.at, body.at[1:]))
