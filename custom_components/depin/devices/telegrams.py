"""P1 telegrams of smart meters, put together again from the messages that they were split over."""

import re
from fractions import Fraction
from typing import Final

from .quantities import UNITS, number

_LONGEST: Final = 16_384
_MOST_PIECES: Final = 512
_CHECKSUM_PIECES: Final = 5
_END: Final = re.compile(r"![0-9A-Fa-f]{4}\s*\Z")
_LINE: Final = re.compile(
    r"^(\d+-\d+:\d+\.\d+\.\d+)\(([^()*\r\n]*)(?:\*([A-Za-z]+))?\)", re.MULTILINE
)
# A gateway that sends line by line drops the line's end, or half of it.
_JOINTS: Final = ("", "\n", "\r\n")


class Telegram:
    """The telegram that is arriving: pieces from its slash to its checksum."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def take(self, piece: str) -> dict[str, Fraction | str] | None:
        """Add a piece; return the values by OBIS code once a telegram is whole and sound."""
        start = piece.find("/")
        if start >= 0 and piece[:start].strip() == "":
            self._pieces = []
            piece = piece[start:]
        elif not self._pieces:
            return None
        self._pieces.append(piece)
        if len(self._pieces) > _MOST_PIECES or sum(map(len, self._pieces)) > _LONGEST:
            self._pieces = []
            return None
        # Even the checksum can be split.
        if not _END.search("".join(self._pieces[-_CHECKSUM_PIECES:])):
            return None
        pieces, self._pieces = self._pieces, []
        return _values(pieces)


def _values(pieces: list[str]) -> dict[str, Fraction | str] | None:
    whole = next((text for text in _joined(pieces) if _is_sound(text)), None)
    if whole is None:
        return None
    values: dict[str, Fraction | str] = {}
    for code, text, unit in _LINE.findall(whole):
        amount = number(text)
        factor = UNITS.get(unit) if unit else None
        values[code] = text if amount is None or factor is None else amount * factor
    return values


def _joined(pieces: list[str]) -> list[str]:
    """Return what the telegram may have been, the plainest first."""
    joined = [joint.join(pieces) for joint in _JOINTS]
    return [*joined, *(re.sub(r"\r*\n", "\r\n", text) for text in joined)]


def _is_sound(text: str) -> bool:
    """Tell whether the CRC16 over all from the slash to the exclamation mark is the one given."""
    body, mark, given = text.rpartition("!")
    remainder = 0
    for byte in (body + mark).encode("ascii", "replace"):
        remainder ^= byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0xA001 if remainder & 1 else 0)
    return remainder == int(given, 16)
