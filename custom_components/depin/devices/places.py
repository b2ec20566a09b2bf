"""Where a value stands: in registers, in a message, or in a meter's telegram."""

from dataclasses import dataclass
from typing import Final, Literal

type Space = Literal["holding", "input"]
type WordOrder = Literal["big", "little"]

REGISTERS: Final = {
    "uint16": 1,
    "int16": 1,
    "uint32": 2,
    "int32": 2,
    "float32": 2,
    "uint64": 4,
    "int64": 4,
    "float64": 4,
}
"""How many registers a number of each type takes."""


@dataclass(frozen=True, slots=True)
class RegisterPlace:
    """Registers at a 0-based address, of the device itself or of another unit behind it."""

    address: int
    type: str
    count: int
    space: Space = "holding"
    word_order: WordOrder = "big"
    nothing: frozenset[int] = frozenset()
    unit: str = ""


type Step = str | int
"""A key, or a position in a list."""


@dataclass(frozen=True, slots=True)
class MessagePlace:
    """A value in the messages of a topic; no path is the payload as it stands."""

    topic: str
    path: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class TelegramPlace:
    """A value in a P1 telegram, by its OBIS code, whole or in pieces in the messages of a topic."""

    topic: str
    obis: str


type Place = RegisterPlace | MessagePlace | TelegramPlace
