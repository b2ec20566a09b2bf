"""What must hold between a metering point's values: for people to look at, not to refuse by."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from settlement_node.market.quarter_hours.values import Code, Direction, Series

_AT_MOST: Final = (
    (Code.MEASURED_SHARE, Code.MEASURED),
    (Code.COVERED, Code.OFFERED),
    (Code.COVERED, Code.MEASURED_SHARE),
    (Code.COVERED, Code.MEASURED),
    (Code.SURPLUS, Code.MEASURED_SHARE),
    (Code.SURPLUS, Code.MEASURED),
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A quarter hour in which one value exceeds another that it is a part of."""

    point: str
    start: int
    part: Code
    whole: Code
    excess_wh: int


def doubts(series: Sequence[Series]) -> Iterator[Doubt]:
    """Find values that exceed what they are a part of; missing ones are left alone."""
    # Who has panels often has one point for both directions.
    points: dict[tuple[str, Direction], dict[Code, dict[int, int]]] = defaultdict(dict)
    for each in series:
        points[each.channel.point, each.channel.direction][each.channel.code] = {
            value.start: value.wh for value in each.values if value.wh is not None
        }
    for (point, _), codes in points.items():
        for part, whole in _AT_MOST:
            known = codes.get(whole, {})
            for start, wh in codes.get(part, {}).items():
                excess = wh - known.get(start, wh)
                if excess > 0:
                    yield Doubt(point, start, part, whole, excess)
