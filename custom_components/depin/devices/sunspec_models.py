"""Where the points that matter to us stand in the SunSpec models, by the alliance's definitions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modbus_connection.model import NumberField, RegisterField, sunspec

type Make = Callable[[int], RegisterField[Any]]


@dataclass(frozen=True, slots=True)
class Point:
    """A point: its offset from the model's first register, its type, its scale factor's offset."""

    offset: int
    make: Make
    factor: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A block that repeats to the end of its model; its points count from the block's start."""

    start: int
    width: int
    points: Mapping[str, Point]


@dataclass(frozen=True, slots=True)
class Model:
    """The points of one model, and its repeating block."""

    points: Mapping[str, Point]
    block: Block | None = None


def _acc32(address: int) -> RegisterField[Any]:
    """Read a total: 0 is one that is not counted, and all ones is no total either."""
    return NumberField[int](address, count=2, signed=False, nan=frozenset({0, 0xFFFF_FFFF}))


def _text(length: int) -> Make:
    return lambda address: sunspec.string(address, length)


_INVERTER: Final = Model(
    {
        "W": Point(14, sunspec.int16, 15),
        "Hz": Point(16, sunspec.uint16, 17),
        "WH": Point(24, _acc32, 26),
        "St": Point(38, sunspec.enum16),
    }
)
_FLOAT_INVERTER: Final = Model(
    {
        "W": Point(22, sunspec.float32),
        "Hz": Point(24, sunspec.float32),
        "WH": Point(32, sunspec.float32),
        "St": Point(48, sunspec.enum16),
    }
)
_METER: Final = Model(
    {
        "Hz": Point(16, sunspec.int16, 17),
        "W": Point(18, sunspec.int16, 22),
        "TotWhExp": Point(38, _acc32, 54),
        "TotWhImp": Point(46, _acc32, 54),
    }
)
_FLOAT_METER: Final = Model(
    {
        "Hz": Point(26, sunspec.float32),
        "W": Point(28, sunspec.float32),
        "TotWhExp": Point(60, sunspec.float32),
        "TotWhImp": Point(68, sunspec.float32),
    }
)

COMMON: Final = 1
INVERTERS: Final = (101, 102, 103, 111, 112, 113)
DER: Final = 701
METERS: Final = (201, 202, 203, 204, 211, 212, 213, 214)

MODELS: Final[Mapping[int, Model]] = {
    COMMON: Model(
        {
            "Mn": Point(2, _text(16)),
            "Md": Point(18, _text(16)),
            "SN": Point(50, _text(16)),
        }
    ),
    **dict.fromkeys(INVERTERS[:3], _INVERTER),
    **dict.fromkeys(INVERTERS[3:], _FLOAT_INVERTER),
    120: Model({"WRtg": Point(3, sunspec.uint16, 4)}),
    121: Model({"WMax": Point(2, sunspec.uint16, 22)}),
    124: Model({"ChaState": Point(8, sunspec.uint16, 22)}),
    160: Model(
        {"N": Point(8, sunspec.uint16)},
        Block(
            10,
            20,
            {
                "IDStr": Point(1, _text(8)),
                "DCW": Point(11, sunspec.uint16, 4),
                "DCWH": Point(12, _acc32, 5),
            },
        ),
    ),
    **dict.fromkeys(METERS[:4], _METER),
    **dict.fromkeys(METERS[4:], _FLOAT_METER),
    DER: Model(
        {
            "InvSt": Point(4, sunspec.enum16),
            "W": Point(10, sunspec.int16, 116),
            "Hz": Point(17, sunspec.uint32, 115),
            "TotWhInj": Point(19, sunspec.uint64, 120),
            "TotWhAbs": Point(23, sunspec.uint64, 120),
        }
    ),
    702: Model({"WMaxRtg": Point(2, sunspec.uint16, 45)}),
    713: Model({"SoC": Point(4, sunspec.uint16, 8)}),
    714: Model(
        {"NPrt": Point(4, sunspec.uint16)},
        Block(
            20,
            25,
            {
                "PrtTyp": Point(0, sunspec.enum16),
                "DCW": Point(12, sunspec.int16, 17),
                "DCWhInj": Point(13, sunspec.uint64, 18),
                "DCWhAbs": Point(17, sunspec.uint64, 18),
            },
        ),
    ),
    802: Model(
        {
            "SoC": Point(11, sunspec.uint16, 56),
            "ChaSt": Point(16, sunspec.enum16),
            "W": Point(47, sunspec.int16, 63),
        }
    ),
}
