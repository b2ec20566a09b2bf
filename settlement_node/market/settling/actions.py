"""What operators can do about metering: tell the grid operator's quarter hours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Final, NamedTuple, Self

from depin_protocol.bounds import MAX_ENERGY
from depin_protocol.encoding import encode_json, to_text
from depin_protocol.metering import Quality
from depin_protocol.statements.fields import (
    HASH,
    ID,
    BodyError,
    Fields,
    integer,
    matching,
    row,
    time,
)
from depin_protocol.statements.membership import OperatorAction
from settlement_node.market.quarter_hours.days import QUARTER
from settlement_node.market.settling.told import Quarter, Quarters, Way

MAX_SERIES: Final = 64
MAX_QUARTERS: Final = 3_000
"""Quarters of a series in one action: a month of them."""
MAX_PARTS: Final = 64
"""Of one import: each is an action."""
MAX_TOLD: Final = 100_000
"""Quarters of one import, which takes effect in one piece: a month of 33 series."""

_PREFIX: Final = b"depin quarter hours v1\0"

_WAYS: Final = {"import": Way.IMPORT, "export": Way.EXPORT}
_NAMES: Final = {way: name for name, way in _WAYS.items()}
_COLUMNS: Final = 5


class MemberSeries(NamedTuple):
    """A member's quarter hours one way, from a start on; None where there is no value."""

    member: str
    way: Way
    start: int
    values: tuple[int | None, ...]
    qualities: tuple[Quality, ...]

    @property
    def end(self) -> int:
        """When the last of its quarters is over."""
        return self.start + len(self.values) * QUARTER

    @property
    def quarters(self) -> Quarters:
        """The values that there are, by the starts of their quarters."""
        return {
            self.start + place * QUARTER: Quarter(wh, quality)
            for place, (wh, quality) in enumerate(zip(self.values, self.qualities, strict=True))
            if wh is not None
        }

    def to_json(self) -> list[object]:
        """Write a series; qualities are digits, 2 for measured."""
        digits = "".join(str(int(quality)) for quality in self.qualities)
        return [self.member, _NAMES[self.way], self.start, list(self.values), digits]


def import_name(series: Iterable[MemberSeries]) -> str:
    """Name an import by the hash of all that it tells."""
    return to_text(sha256(_PREFIX + encode_json([one.to_json() for one in series])).digest())


@dataclass(frozen=True, slots=True)
class TellQuarterHours:
    """Tells what the grid operator measured, which goes before what homes said.

    An import of several parts takes effect with the last of them, and until then not at all.
    """

    NAME: ClassVar[str] = "tell_quarter_hours"

    series: tuple[MemberSeries, ...]
    name: str
    """The import's, which each of its parts bears."""
    part: int = 1
    parts: int = 1

    @classmethod
    def whole(cls, series: tuple[MemberSeries, ...]) -> Self:
        """Tell all in one part."""
        return cls(series, import_name(series))

    @classmethod
    def several(cls, portions: Sequence[tuple[MemberSeries, ...]]) -> tuple[Self, ...]:
        """Tell portions of an import as its parts."""
        name = import_name(series for portion in portions for series in portion)
        return tuple(
            cls(portion, name, part, len(portions)) for part, portion in enumerate(portions, 1)
        )

    @property
    def is_last(self) -> bool:
        """Tell whether nothing of the import is to come after it."""
        return self.part == self.parts

    def continues(self, other: Self) -> bool:
        """Tell whether both are of one import."""
        return (self.name, self.parts) == (other.name, other.parts)

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {
            "import": self.name,
            "part": self.part,
            "parts": self.parts,
            "series": [one.to_json() for one in self.series],
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read which part of which import it is, and each series."""
        name = fields.text("import", HASH)
        parts = fields.integer("parts", 1, MAX_PARTS)
        part = fields.integer("part", 1, parts)
        series = fields.array("series", MAX_SERIES, read_series, least=1)
        named = [(one.member, one.way, one.start) for one in series]
        if len(set(named)) < len(named):
            raise BodyError(f"{fields.path('series')} has one twice")
        return cls(series, name, part, parts)


ACTIONS: Final = frozenset((TellQuarterHours.NAME,))


def read_action(body: OperatorAction) -> TellQuarterHours:
    """Read the parameters, or raise a BodyError that names the wrong one."""
    fields = Fields(body.parameters, "parameters")
    action = TellQuarterHours.read(fields)
    fields.finish()
    return action


def read_series(value: object, path: str) -> MemberSeries:
    """Read a member's quarter hours one way."""
    member, way, start, values, digits = row(value, path, _COLUMNS)
    if way not in _WAYS:
        raise BodyError(f"{path}[1] is neither import nor export")
    begin = time(start, f"{path}[2]")
    if begin % QUARTER:
        raise BodyError(f"{path}[2] is not the start of a quarter of an hour")
    if not isinstance(values, list) or not 1 <= len(values) <= MAX_QUARTERS:
        raise BodyError(f"{path}[3] is not an array of 1 to {MAX_QUARTERS} values")
    if not isinstance(digits, str) or len(digits) != len(values) or set(digits) - {"1", "2"}:
        raise BodyError(f"{path}[4] is not a 1 or a 2 for each value")
    return MemberSeries(
        matching(member, f"{path}[0]", ID),
        _WAYS[str(way)],
        begin,
        tuple(
            None if wh is None else integer(wh, f"{path}[3][{at}]", 0, MAX_ENERGY)
            for at, wh in enumerate(values)
        ),
        tuple(Quality(int(digit)) for digit in digits),
    )
