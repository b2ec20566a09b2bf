"""SunSpec maps built by hand from the alliance's model definitions (sunspec/models, JSON)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .captures import words

NOTHING: Final = 0xFFFF
SIGNED_NOTHING: Final = 0x8000

_LENGTHS: Final = {
    1: 66,
    101: 50,
    103: 50,
    113: 60,
    120: 26,
    121: 30,
    124: 24,
    201: 105,
    203: 105,
    204: 105,
    213: 124,
    701: 153,
    702: 50,
    713: 7,
    802: 62,
}


@dataclass
class Block:
    """One model in a map: its id, and its registers behind the two of the header."""

    model: int
    data: list[int] = field(default_factory=list)

    def put(self, offset: int, kind: str, value: float | str) -> Block:
        """Put a value at its offset from the model's first register."""
        listed = words(kind, value)
        self.data[offset - 2 : offset - 2 + len(listed)] = listed
        return self


def block(model: int, length: int | None = None, fill: int = SIGNED_NOTHING) -> Block:
    """Return a model in which every register stands for no value."""
    return Block(model, [fill] * (_LENGTHS[model] if length is None else length))


def common(maker: str, model: str = "M", serial: str = "S", length: int = 66) -> Block:
    """Model 1: Mn at 2, Md at 18, SN at 50."""
    texts = block(1, 66, fill=0)
    texts.put(2, "string", maker).put(18, "string", model).put(50, "string", serial)
    return Block(1, texts.data[:length])


def inverter(
    watts: int, wh: int, *, model: int = 103, sf: int = 0, wh_sf: int = 0, state: int = 4
) -> Block:
    """Models 101 to 103: W 14 SF 15, Hz 16 SF 17, WH 24 SF 26, St 38."""
    made = block(model, 50)
    made.put(14, "int16", watts).put(15, "int16", sf)
    made.put(16, "uint16", 50_020).put(17, "int16", -3)
    made.put(24, "uint32", wh).put(26, "int16", wh_sf)
    return made.put(38, "uint16", state)


def meter(
    watts: int, exported: int, imported: int, *, model: int = 203, sf: int = 0, length: int = 105
) -> Block:
    """Models 201 to 204: Hz 16 SF 17, W 18 SF 22, TotWhExp 38, TotWhImp 46, SF 54."""
    made = block(model, 105)
    made.put(16, "int16", 4998).put(17, "int16", -2)
    made.put(18, "int16", watts).put(22, "int16", sf)
    made.put(38, "uint32", exported).put(46, "uint32", imported).put(54, "int16", 0)
    return Block(model, made.data[:length])


def inputs(
    modules: Sequence[tuple[str, int, int]], *, sf: int = 0, wh_sf: int = 0, pad: int = 0
) -> Block:
    """Model 160: DCW_SF 4, DCWH_SF 5, N 8; each module 20 registers: IDStr 1, DCW 11, DCWH 12."""
    made = block(160, 8 + 20 * len(modules) + pad)
    made.put(4, "int16", sf).put(5, "int16", wh_sf).put(8, "uint16", len(modules))
    for at, (name, watts, wh) in enumerate(modules):
        start = 10 + 20 * at
        made.put(start + 1, "string", name.ljust(16, "\0"))
        made.put(start + 11, "uint16", watts).put(start + 12, "uint32", wh)
    return made


def ports(listed: Sequence[tuple[int, int, int, int]], *, sf: int = 0, wh_sf: int = 0) -> Block:
    """Model 714: NPrt 4, DCW_SF 17, DCWH_SF 18; each port 25: PrtTyp 0, DCW 12, Inj 13, Abs 17."""
    made = block(714, 18 + 25 * len(listed))
    made.put(4, "uint16", len(listed)).put(17, "int16", sf).put(18, "int16", wh_sf)
    for at, (kind, watts, given, taken) in enumerate(listed):
        start = 20 + 25 * at
        made.put(start, "uint16", kind).put(start + 12, "int16", watts)
        made.put(start + 13, "uint64", given).put(start + 17, "uint64", taken)
    return made


def sunspec_map(*blocks: Block, base: int = 40_000, end: bool = True) -> dict[str, Any]:
    """Return a capture of a map, as its file holds it."""
    listed = [0x5375, 0x6E53]
    for each in blocks:
        listed += [each.model, len(each.data), *each.data]
    if end:
        listed += [0xFFFF, 0]
    return {"holding": {str(base + at): word for at, word in enumerate(listed)}}
