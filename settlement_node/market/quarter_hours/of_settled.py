"""A month of settled intervals as series of quarter hours, for a sheet that a community keeps."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from depin_protocol.metering import Quality as MeterQuality
from depin_protocol.settlement.pool import Key
from settlement_node.market.quarter_hours.days import QUARTER, day_of, missing_in_days
from settlement_node.market.quarter_hours.values import (
    Channel,
    Code,
    Direction,
    Quality,
    QuarterHour,
    Series,
)

_LEVELS: Final = {
    MeterQuality.MEASURED: Quality.L1,
    MeterQuality.ESTIMATED: Quality.L2,
    MeterQuality.MISSING: Quality.L3,
}
_WHOLE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What settlement said of a member's interval, as far as a sheet tells it."""

    start: int
    imported: int
    exported: int
    delivered_in: int
    delivered_out: int
    taken: int
    given: int
    weight: int
    participation: int
    quality: MeterQuality


def offers(
    members: Mapping[str, Iterable[Figures]], keys: Mapping[int, Key | None]
) -> dict[tuple[str, int], int]:
    """Say which share of the pool each member was offered: by its weight, else what it took.

    `members` are all of the market's, `keys` the pool's key in each interval.
    """
    offered: dict[int, int] = defaultdict(int)
    weights: dict[int, int] = defaultdict(int)
    for figures in members.values():
        for one in figures:
            offered[one.start] += one.exported - one.delivered_out
            weights[one.start] += one.weight
    found: dict[tuple[str, int], int] = {}
    for member, figures in members.items():
        for one in figures:
            share = one.taken
            if keys[one.start] in {Key.STATIC, Key.HYBRID} and weights[one.start]:
                by_weight = offered[one.start] * one.weight // weights[one.start]
                share = max(share, by_weight)
            found[member, one.start] = one.delivered_in + share
    return found


def whole_days(figures: Sequence[Figures], zone: ZoneInfo) -> tuple[list[Figures], list[date]]:
    """Give what was settled on whole local days, and the days that are there in part only."""
    in_part = missing_in_days((one.start - one.start % QUARTER for one in figures), zone)
    kept = [one for one in figures if day_of(one.start, zone) not in in_part]
    return kept, sorted(in_part)


def series_of(
    point: str, name: str, figures: Sequence[Figures], offered: Mapping[int, int]
) -> Iterator[Series]:
    """Give the channels of a metering point, in each direction in which anything flowed."""
    whole = all(one.participation == _WHOLE for one in figures)
    consumed: dict[Code, dict[int, int]] = {
        Code.MEASURED_SHARE: _by_quarter((one.start, one.imported) for one in figures),
        Code.OFFERED: _by_quarter((one.start, offered[one.start]) for one in figures),
        Code.COVERED: _by_quarter((one.start, one.delivered_in + one.taken) for one in figures),
    }
    produced: dict[Code, dict[int, int]] = {
        Code.MEASURED_SHARE: _by_quarter((one.start, one.exported) for one in figures),
        Code.SURPLUS: _by_quarter(
            (one.start, one.exported - one.delivered_out - one.given) for one in figures
        ),
    }
    levels: dict[int, MeterQuality] = {}
    for one in figures:
        quarter = one.start - one.start % QUARTER
        levels[quarter] = min(levels.get(quarter, one.quality), one.quality)
    for direction, codes in (
        (Direction.CONSUMPTION, consumed),
        (Direction.GENERATION, produced),
    ):
        measured = codes[Code.MEASURED_SHARE]
        if not any(measured.values()):
            continue
        # Times the whole, a share is what was measured; of a part that cannot be told back.
        told = {Code.MEASURED: measured, **codes} if whole else codes
        for code, values in told.items():
            yield Series(
                Channel(point, direction, code),
                name,
                tuple(
                    QuarterHour(start, values[start], _LEVELS[levels[start]])
                    for start in sorted(values)
                ),
            )


def _by_quarter(dated: Iterable[tuple[int, int]]) -> dict[int, int]:
    sums: dict[int, int] = defaultdict(int)
    for start, wh in dated:
        sums[start - start % QUARTER] += wh
    return sums
