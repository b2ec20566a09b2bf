"""P1 telegrams of smart meters, put together again from the messages that they were split over."""

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Final

from .quantities import UNITS, number

_LONGEST: Final = 16_384
_MOST_PIECES: Final = 512
_CHECKSUM_PIECES: Final = 5
_END: Final = re.compile(r"![0-9A-Fa-f]{4}\s*\Z")
_LINE: Final = re.compile(
    r"^(\d+-\d+:\d+\.\d+\.\d+)\(([^()*\r\n]*)(?:\*([A-Za-z]+))?\)", re.MULTILINE
)
# Equipment identifiers, device addresses, and texts to the customer.
_NAMES: Final = re.compile(
    r"(\d+-\d+:(?:0\.0\.\d+|42\.0\.0|96\.1\.\d+|96\.13\.\d+)(?:\*\d+)?\()([^()]*)(?=\))"
)
_HEX: Final = 4
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
    return _checksum(text) == int(text.rpartition("!")[2], 16)


def _checksum(text: str) -> int:
    body, mark, _ = text.rpartition("!")
    remainder = 0
    for byte in (body + mark).encode("ascii", "replace"):
        remainder ^= byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0xA001 if remainder & 1 else 0)
    return remainder


def nameless(pieces: Sequence[str]) -> list[str]:
    """Return pieces of telegrams with zeros for what names meters, as sound as they were."""
    shown: list[str] = []
    telegram: list[str] = []
    for piece in pieces:
        if piece.lstrip().startswith("/"):
            shown += _nameless(telegram)
            telegram = []
        telegram.append(piece)
    return shown + _nameless(telegram)


def _nameless(pieces: list[str]) -> list[str]:
    shown = _cut(_NAMES.sub(_zeros, "".join(pieces)), pieces)
    if not _END.search("".join(pieces)):
        return shown
    for before, after in zip(_joined(pieces), _joined(shown), strict=True):
        if _is_sound(before):
            body, mark, rest = "".join(shown).rpartition("!")
            return _cut(f"{body}{mark}{_checksum(after):04X}{rest[_HEX:]}", pieces)
    return shown


def _zeros(found: re.Match[str]) -> str:
    return found[1] + re.sub(r"[0-9A-Za-z]", "0", found[2])


def _cut(text: str, pieces: Sequence[str]) -> list[str]:
    """Cut a text where these pieces were cut."""
    ends = list(accumulate(map(len, pieces)))
    return [text[begin:end] for begin, end in pairwise([0, *ends])]
