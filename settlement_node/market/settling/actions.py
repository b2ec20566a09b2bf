"""What operators can do about metering: tell the grid operator's quarter hours."""

from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, Self

from depin_protocol.bounds import MAX_ENERGY
from depin_protocol.metering import Quality
from depin_protocol.statements.fields import ID, BodyError, Fields, integer, matching, row, time
from depin_protocol.statements.membership import OperatorAction
from settlement_node.market.quarter_hours.days import QUARTER
from settlement_node.market.settling.told import Quarter, Quarters, Way

MAX_SERIES: Final = 64
MAX_QUARTERS: Final = 3_000
"""Quarters of a series in one action: a month of them."""

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


@dataclass(frozen=True, slots=True)
class TellQuarterHours:
    """Tells what the grid operator measured, which goes before what homes said."""

    NAME: ClassVar[str] = "tell_quarter_hours"

    series: tuple[MemberSeries, ...]

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {"series": [one.to_json() for one in self.series]}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read each series."""
        series = fields.array("series", MAX_SERIES, _read_series, least=1)
        named = [(one.member, one.way, one.start) for one in series]
        if len(set(named)) < len(named):
            raise BodyError(f"{fields.path('series')} has one twice")
        return cls(series)


ACTIONS: Final = frozenset((TellQuarterHours.NAME,))


def read_action(body: OperatorAction) -> TellQuarterHours:
    """Read the parameters, or raise a BodyError that names the wrong one."""
    fields = Fields(body.parameters, "parameters")
    action = TellQuarterHours.read(fields)
    fields.finish()
    return action


def _read_series(value: object, path: str) -> MemberSeries:
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
