"""What the grid meter is expected to count, from what it has counted."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta, tzinfo
from random import Random
from zoneinfo import ZoneInfo

import pytest

from custom_components.depin.forecast import (
    LEAST_DAYS,
    QUARTER,
    Distribution,
    History,
    forecast,
    likely_prices,
)

VIENNA = ZoneInfo("Europe/Vienna")
NEPAL = ZoneInfo("Asia/Kathmandu")
SUMMER = date(2026, 6, 20)


def _at(zone: tzinfo, *moment: int) -> int:
    return round(datetime(*moment, tzinfo=zone).astimezone(UTC).timestamp()) * 1000  # type: ignore[misc,arg-type]


def _days(
    zone: tzinfo, until: date, count: int, hours: Collection[int], wh: float
) -> dict[int, float]:
    """Count something in the quarters of some hours of the wall's clock, and nothing else."""
    return {
        _at(zone, day.year, day.month, day.day, quarter // 4, quarter % 4 * 15): wh
        if quarter // 4 in hours
        else 0.0
        for day in (until - timedelta(days=days) for days in range(1, count + 1))
        for quarter in range(96)
    }


@pytest.mark.parametrize("days", [0, 1, LEAST_DAYS - 1])
def test_of_few_days_nothing_is_concluded(days: int) -> None:
    exported = _days(UTC, SUMMER, days, (12,), 500.0)
    assert forecast(History(exported), [_at(UTC, 2026, 6, 20, 12)], QUARTER, UTC) == []


@pytest.mark.parametrize("zone", [UTC, VIENNA, NEPAL, ZoneInfo("Australia/Lord_Howe")])
@pytest.mark.parametrize("month", [3, 4, 10, 11])
def test_the_wall_s_clock_counts_when_clocks_change(zone: tzinfo, month: int) -> None:
    """Dishes are washed at one, whatever the sun's time is."""
    imported = _days(zone, date(2026, month, 8), 30, (13,), 400.0)
    starts = [_at(zone, 2026, month, 8, hour, 15) for hour in (10, 13, 16)]
    told = forecast(History({}, imported), starts, QUARTER, zone)
    assert [one.imported.at(1, 5) for one in told] == [0, 400, 0]
    assert [one.exported for one in told] == [Distribution()] * 3


def test_four_of_five_times_the_meter_counts_more() -> None:
    """The level that is asked for is the one that comes true, over many days."""
    drawn = Random(7)
    day, more = datetime(2025, 1, 1, tzinfo=UTC), []
    counted: dict[int, float] = {}
    for number in range(400):
        now = day + timedelta(days=number, hours=12)
        at = round(now.timestamp()) * 1000
        for near in (at - QUARTER, at, at + QUARTER):
            counted[near] = drawn.gammavariate(2, 300)
        if number >= 60:
            past = {start: wh for start, wh in counted.items() if start < at - QUARTER}
            (told,) = forecast(History(past), [at], QUARTER, UTC)
            more.append(counted[at] >= told.exported.at(1, 5))
    assert 0.75 < sum(more) / len(more) < 0.85


def test_days_with_as_much_sun_count_most() -> None:
    """Every second day was dark; told that today is, the home expects the dark days' export."""
    noon, exported, produced = datetime(2026, 6, 30, 12, tzinfo=UTC), {}, {}
    for days in range(1, 41):
        at = round((noon - timedelta(days=days)).timestamp()) * 1000
        for near in (at - QUARTER, at, at + QUARTER):
            exported[near] = 100.0 if days % 2 else 1_000.0
            produced[near] = 2_000.0 if days % 2 else 10_000.0
    start = round(noon.timestamp()) * 1000

    def expected(sun: dict[date, float]) -> int:
        (told,) = forecast(History(exported, {}, produced), [start], QUARTER, UTC, sun)
        return told.exported.at(1, 2)

    assert expected({noon.date(): 6_000.0}) == 100
    assert expected({noon.date(): 30_000.0}) == 1_000
    unsure = forecast(History(exported, {}, produced), [start], QUARTER, UTC)[0].exported
    assert (unsure.at(1, 5), unsure.at(4, 5)) == (100, 1_000)


@pytest.mark.parametrize(
    ("length", "wh"), [(60_000, 20), (300_000, 100), (1_800_000, 600), (3_600_000, 1200)]
)
def test_intervals_of_any_length_are_forecast(length: int, wh: int) -> None:
    exported = _days(UTC, SUMMER, 20, (11, 12, 13), 300.0)
    (told,) = forecast(History(exported), [_at(UTC, 2026, 6, 20, 12)], length, UTC)
    assert told.exported.at(1, 2) == wh


def test_what_is_not_known_is_not_taken_for_nothing() -> None:
    """Days on which the meter said nothing at that time are no days without export."""
    exported = _days(UTC, SUMMER, 40, (12,), 300.0)
    noon = _at(UTC, 2026, 6, 19, 12)
    gaps = {at: wh for at, wh in exported.items() if wh == 0 or (noon - at) // 86_400_000 % 2}
    (told,) = forecast(History(gaps), [_at(UTC, 2026, 6, 20, 12, 15)], QUARTER, UTC)
    assert told.exported.at(1, 5) == 300


def test_registers_that_cancel_are_forecast_as_their_difference() -> None:
    exported = _days(UTC, SUMMER, 20, (12,), 300.0)
    imported = _days(UTC, SUMMER, 20, (12,), 100.0)
    netted = History(exported, imported).netted()
    (told,) = forecast(netted, [_at(UTC, 2026, 6, 20, 12, 15)], QUARTER, UTC)
    assert (told.exported.at(1, 5), told.imported.at(4, 5)) == (200, 0)


def test_prices_are_learned_by_the_time_of_day() -> None:
    cleared = {}
    for days in range(1, 20):
        for hour, price in ((6, -40_000), (12, 100_000 + days * 1_000), (19, 250_000)):
            cleared[_at(VIENNA, 2026, 6, 20, hour) - days * 86_400_000] = price
    morning, noon, evening, night = (
        likely_prices(cleared, _at(VIENNA, 2026, 6, 20, hour), VIENNA) for hour in (6, 12, 19, 1)
    )
    assert morning.at(1, 2) == -40_000
    assert 101_000 < noon.at(1, 2) < 110_000 < noon.values[-1] <= 119_000
    assert evening.at(1, 2) == 250_000
    assert night == Distribution()
