"""From a file's quarter hours to what an operator tells the co-op: all of it, or nothing."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from depin_protocol.encoding import encode_json
from depin_protocol.metering import Quality as MeterQuality
from settlement_node.market.quarter_hours.days import QUARTER
from settlement_node.market.quarter_hours.problems import Report
from settlement_node.market.quarter_hours.values import (
    Code,
    Direction,
    Quality,
    QuarterHour,
    Series,
)
from settlement_node.market.settling.actions import (
    MAX_PARTS,
    MAX_QUARTERS,
    MAX_SERIES,
    MAX_TOLD,
    MemberSeries,
    TellQuarterHours,
)
from settlement_node.market.settling.told import Way

_MOST_BYTES: Final = 40 * 1024
"""Of the series of one action: the rest of a statement needs room as well."""

_WAYS: Final = {Direction.CONSUMPTION: Way.IMPORT, Direction.GENERATION: Way.EXPORT}
_COLUMNS: Final = ["metering_point", "member"]


class PointsError(ValueError):
    """The list of metering points can't be read; the message says where."""


def read_points(text: str) -> dict[str, str]:
    """Read whose each metering point is: CSV with the columns `metering_point` and `member`.

    A member is given by its identifier or its name.
    """
    rows = csv.reader(io.StringIO(text))
    if next(rows, None) != _COLUMNS:
        raise PointsError(f"the first line has to be {','.join(_COLUMNS)}")
    points: dict[str, str] = {}
    for number, row in enumerate(rows, 2):
        if not row:
            continue
        if len(row) != len(_COLUMNS) or not row[1].strip():
            raise PointsError(
                f"line {number}: write a metering point, a comma, a member's identifier or name"
            )
        point = row[0].strip().upper()
        if point in points:
            raise PointsError(f"line {number}: {point} came before: leave one out")
        points[point] = row[1].strip()
    return points


def tellings(series: Sequence[Series], points: Mapping[str, str]) -> tuple[TellQuarterHours, ...]:
    """Make the parts of an import of what was measured, or raise an ImportRefusedError."""
    measured = [one for one in series if one.channel.code is Code.MEASURED]
    report = Report()
    for point in sorted({one.channel.point for one in series}):
        if point not in points:
            report.add(0, point, "nobody is listed with this metering point: add it to the list")
        elif all(one.channel.point != point for one in measured):
            report.add(0, point, f"it has no {Code.MEASURED}: ask for what was measured")
    taken: set[tuple[str, Direction]] = set()
    for one in measured:
        member = points.get(one.channel.point, one.channel.point)
        if (member, one.channel.direction) in taken:
            words = "another metering point of this member has this direction: tell them apart"
            report.add(0, one.channel.point, words)
        taken.add((member, one.channel.direction))
    report.refuse_if_any()
    runs = [run for one in measured for run in _runs(one, points[one.channel.point])]
    portions = list(_portions(runs))
    quarters = sum(len(run.values) for run in runs)
    if quarters > MAX_TOLD or len(portions) > MAX_PARTS:
        words = (
            f"it has {quarters:,} quarters of an hour, and what is told in one piece has at most"
            f" {MAX_TOLD:,}: import fewer metering points or days at once"
        )
        report.add(0, Code.MEASURED, words)
        report.refuse_if_any()
    return TellQuarterHours.several(portions)


def count_of(actions: Sequence[TellQuarterHours]) -> int:
    """Count the quarters that have a value."""
    return sum(len(series.quarters) for action in actions for series in action.series)


def _runs(series: Series, member: str) -> Iterator[MemberSeries]:
    """Divide a channel where days are left out, and where an action would be too long."""
    values = series.values
    breaks = [
        place
        for place, (before, after) in enumerate(pairwise(values), 1)
        if after.start != before.start + QUARTER
    ]
    for first, end in pairwise([0, *breaks, len(values)]):
        for begin in range(first, end, MAX_QUARTERS):
            run = values[begin : min(end, begin + MAX_QUARTERS)]
            yield MemberSeries(
                member,
                _WAYS[series.channel.direction],
                run[0].start,
                tuple(value.wh for value in run),
                tuple(map(_quality, run)),
            )


def _quality(value: QuarterHour) -> MeterQuality:
    return MeterQuality.MEASURED if value.quality is Quality.L1 else MeterQuality.ESTIMATED


def _portions(runs: Sequence[MemberSeries]) -> Iterator[tuple[MemberSeries, ...]]:
    portion: list[MemberSeries] = []
    size = 0
    for run in runs:
        length = len(encode_json(run.to_json())) + 1
        if portion and (len(portion) == MAX_SERIES or size + length > _MOST_BYTES):
            yield tuple(portion)
            portion, size = [], 0
        portion.append(run)
        size += length
    if portion:
        yield tuple(portion)
