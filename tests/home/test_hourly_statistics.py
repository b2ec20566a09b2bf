"""The books as statistics of a real recorder: whole, corrected, and in every time zone."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import pytest
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    list_statistic_ids,
    statistics_during_period,
)
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.const import DOMAIN
from custom_components.depin.energy_dashboard import statistic_id
from custom_components.depin.home_key import HomeKey
from custom_components.depin.hourly_statistics import async_written, describe
from custom_components.depin.hourly_sums import SERIES, Flow, Pair, Series
from custom_components.depin.market_answers import Purse
from custom_components.depin.membership import books_file
from custom_components.depin.protocol.durations import DAY, HOUR
from tests.home.settled_quarters import PRICE, QUARTER, RETAIL, Quarter
from tests.home.test_market_entities import member_of, until
from tests.home.told_market import MARKET, ToldMarket, told_market

START: Final = 495_000 * HOUR
SOLD: Final = Quarter(exported=700, sold=400, neighbour_imported=1_000)
"""400 Wh go by trade, 300 through the pool."""
DRAWN: Final = Quarter(imported=500)
IMPORT: Final = [Series(pair, Flow.IMPORT) for pair in Pair]
EXPORT: Final = [Series(pair, Flow.EXPORT) for pair in Pair]

pytestmark = pytest.mark.usefixtures("recorder_mock")


class Told:
    """What the recorder has of a membership."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry, recorder: Recorder) -> None:
        self._hass = hass
        self._entry = entry
        self._recorder = recorder

    async def rows(
        self, series: Series, period: Literal["hour", "day"] = "hour"
    ) -> list[dict[str, Any]]:
        name = statistic_id(self._entry, series)
        found = await self._recorder.async_add_executor_job(
            statistics_during_period,
            *(self._hass, datetime(1990, 1, 1, tzinfo=UTC), None, {name}, period, None),
            {"sum", "state", "change"},
        )
        return [dict(row) for row in found.get(name, [])]

    async def sums(self, series: Series) -> dict[int, float]:
        """Return sums by the hours they end, counted from the start."""
        return {
            (round(row["start"] * 1000) - START) // HOUR: round(row["sum"], 9)
            for row in await self.rows(series)
        }

    async def until(self, series: Series, last: float) -> None:
        """Wait until a series has come to a sum."""
        async with asyncio.timeout(60):
            while True:
                await self._hass.async_block_till_done()
                rows = await self.rows(series)
                if rows and round(rows[-1]["sum"], 9) == last:
                    break
                await asyncio.sleep(0.05)
        membership = self._entry.runtime_data
        async with asyncio.timeout(60):
            while await membership.books.note("telling") is not None:
                await asyncio.sleep(0.05)


@pytest.fixture
def told(hass: HomeAssistant, entry: MockConfigEntry, recorder_mock: Recorder) -> Told:
    return Told(hass, entry, recorder_mock)


def settle(node: ToldMarket, quarters: Sequence[tuple[int, Quarter]]) -> None:
    """Let the node settle quarters, in the place of what it has of them."""
    rows = {row["start"]: row for row in node.settled}
    rows |= {at: {"market": MARKET, **quarter.answer(at)} for at, quarter in quarters}
    node.settled = [rows[at] for at in sorted(rows)]


def hours(quarter: Quarter, *places: int) -> list[tuple[int, Quarter]]:
    """Return whole hours of quarters alike."""
    return [
        (START + place * HOUR + turn * QUARTER, quarter) for place in places for turn in range(4)
    ]


async def test_twelve_series_are_told(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, told: Told, recorder_mock: Recorder
) -> None:
    """Energy in kWh and money in the co-op's currency, in sums that go on from hour to hour."""
    async with told_market() as node:
        settle(node, [*hours(SOLD, 0), *hours(DRAWN, 1, 3)])
        async with member_of(hass, entry, key, node):
            await told.until(Series(Pair.GRID, Flow.IMPORT), 4.0)
            assert await told.sums(Series(Pair.NEIGHBOURS, Flow.EXPORT)) == {0: 1.6, 1: 1.6, 3: 1.6}
            assert await told.sums(Series(Pair.POOL, Flow.EXPORT)) == {0: 1.2, 1: 1.2, 3: 1.2}
            # Hour 2 is not settled: nothing is said of it, and no zero.
            assert await told.sums(Series(Pair.GRID, Flow.IMPORT)) == {0: 0.0, 1: 2.0, 3: 4.0}
            earned = 1_600 * PRICE / 10**9
            paid = await told.sums(Series(Pair.NEIGHBOURS, Flow.COMPENSATION))
            assert paid[3] == pytest.approx(earned)
            cost = await told.sums(Series(Pair.GRID, Flow.COST))
            assert cost[3] == pytest.approx(4_000 * RETAIL / 10**9)
            listed = await recorder_mock.async_add_executor_job(
                list_statistic_ids, hass, {statistic_id(entry, one) for one in SERIES}
            )
            described = {one["statistic_id"]: one for one in listed}
            for series in SERIES:
                one = described[statistic_id(entry, series)]
                assert one["has_sum"]
                assert one["source"] == DOMAIN
                unit = "EUR" if series.flow.is_money else "kWh"
                assert one["statistics_unit_of_measurement"] == unit
                assert one["name"].startswith(entry.title)
            assert len({one["name"] for one in listed}) == len(SERIES)
            (first, *_) = await told.rows(Series(Pair.POOL, Flow.EXPORT))
            assert first["state"] == 1.2


async def test_a_correction_moves_all_hours_from_it_on(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, told: Told
) -> None:
    """And none before it; what was missing is put in its place, and was never a zero."""
    async with told_market() as node:
        lost = Quarter(imported=500, is_missing=True)
        settle(node, [*hours(DRAWN, 0, 1, 3), *hours(lost, 2)])
        async with member_of(hass, entry, key, node):
            series = Series(Pair.GRID, Flow.IMPORT)
            await told.until(series, 6.0)
            assert await told.sums(series) == {0: 2.0, 1: 4.0, 3: 6.0}
            second = START + HOUR
            settle(node, [(second, Quarter(imported=300)), *hours(Quarter(imported=100), 2)])
            for at in (second, *(at for at, _ in hours(DRAWN, 2))):
                await node.push("settled", at, market=MARKET, start=at)
            await told.until(series, 6.2)
            assert await told.sums(series) == {0: 2.0, 1: 3.8, 2: 4.2, 3: 6.2}


async def test_what_happened_while_the_node_was_away_is_filled_in(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, told: Told
) -> None:
    """Nothing is told of that time before; after it, all of it."""
    async with told_market() as node:
        settle(node, hours(DRAWN, 0))
        series = Series(Pair.GRID, Flow.IMPORT)
        async with member_of(hass, entry, key, node):
            await told.until(series, 2.0)
        node.is_broken = True
        async with member_of(hass, entry, key, node):
            assert await told.sums(series) == {0: 2.0}
        settle(node, hours(DRAWN, *range(1, 40)))
        node.is_broken = False
        async with member_of(hass, entry, key, node):
            await told.until(series, 80.0)
            assert await told.sums(series) == {place: 2.0 * (place + 1) for place in range(40)}


async def test_a_recorder_that_begins_anew_is_told_all(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, told: Told, recorder_mock: Recorder
) -> None:
    """Its database may be lost, or of an earlier day."""
    async with told_market() as node:
        settle(node, hours(DRAWN, 0, 1, 2))
        series = Series(Pair.GRID, Flow.IMPORT)
        async with member_of(hass, entry, key, node):
            await told.until(series, 6.0)
        recorder_mock.async_clear_statistics([statistic_id(entry, series)])
        await async_written(recorder_mock)
        assert await told.rows(series) == []
        async with member_of(hass, entry, key, node):
            await told.until(series, 6.0)
            assert await told.sums(series) == {0: 2.0, 1: 4.0, 2: 6.0}


async def test_a_recorder_that_says_something_else_is_told_all(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, told: Told, recorder_mock: Recorder
) -> None:
    """It may have been set back to an earlier day, and have other sums."""
    async with told_market() as node:
        settle(node, hours(DRAWN, 0, 1, 2))
        series = Series(Pair.GRID, Flow.IMPORT)
        async with member_of(hass, entry, key, node):
            await told.until(series, 6.0)
        purse = Purse("EUR", 9, 0, 0, 0)
        wrong = [
            StatisticData(start=datetime.fromtimestamp(START / 1000 + place * 3600, UTC), sum=9.0)
            for place in (1, 2)
        ]
        described = describe(series, statistic_id(entry, series), "Remaining grid", purse)
        async_add_external_statistics(hass, described, wrong)
        await async_written(recorder_mock)
        assert await told.sums(series) == {0: 2.0, 1: 9.0, 2: 9.0}
        async with member_of(hass, entry, key, node):
            await told.until(series, 6.0)
            assert await told.sums(series) == {0: 2.0, 1: 4.0, 2: 6.0}


async def test_nothing_is_told_before_the_currency_is_known(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, told: Told
) -> None:
    """A unit can't be taken back."""
    async with told_market() as node:
        settle(node, hours(DRAWN, 0))
        series = Series(Pair.GRID, Flow.IMPORT)
        node.kinds = ("CERTIFICATES",)
        async with member_of(hass, entry, key, node):
            keeping = entry.runtime_data.coordinator.keeping
            await until(hass, lambda: keeping.is_reachable is False)
            assert await told.rows(series) == []
        node.kinds = ("CERTIFICATES", "MEMBER_MONEY")
        async with member_of(hass, entry, key, node):
            await told.until(series, 2.0)


async def test_books_that_cannot_be_read_are_told_later(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    key: HomeKey,
    told: Told,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The next change of them brings all of it."""
    file = books_file(hass, entry.data["member"])

    def change(statement: str) -> None:
        with closing(sqlite3.connect(file)) as database:
            database.execute(statement)

    async with told_market() as node, member_of(hass, entry, key, node):
        keeping = entry.runtime_data.coordinator.keeping
        await until(hass, lambda: keeping.is_listening)
        settle(node, hours(DRAWN, 0))
        await keeping.catch_up()
        series = Series(Pair.GRID, Flow.IMPORT)
        await told.until(series, 2.0)
        change("alter table own rename to elsewhere")
        await keeping.books.tell_all()
        await node.push("checkpoint", START)
        await until(hass, lambda: "come later" in caplog.text)
        change("alter table elsewhere rename to own")
        settle(node, hours(DRAWN, 1))
        await keeping.catch_up()
        await told.until(series, 4.0)


async def test_statistics_stay_when_the_co_op_is_removed(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, told: Told
) -> None:
    """They are the owner's."""
    async with told_market() as node:
        settle(node, hours(DRAWN, 0))
        series = Series(Pair.GRID, Flow.IMPORT)
        async with member_of(hass, entry, key, node):
            await told.until(series, 2.0)
        await hass.config_entries.async_remove(entry.entry_id)
        await hass.async_block_till_done()
        assert await told.sums(series) == {0: 2.0}


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        ("Europe/Vienna", "2026-03-29", 23),
        ("Europe/Vienna", "2026-10-25", 25),
        ("Asia/Kolkata", "2026-06-01", 24),
        ("Asia/Kathmandu", "2026-06-01", 24),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
    ],
)
async def test_days_are_whole_in_every_time_zone(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    key: HomeKey,
    told: Told,
    zone: str,
    day: str,
    length: float,
) -> None:
    """Rows begin with hours of UTC, and a day has those that begin in it."""
    await hass.config.async_set_time_zone(zone)
    local = ZoneInfo(zone)
    midnight = datetime.fromisoformat(day).replace(tzinfo=local)
    after = datetime.combine(midnight.date() + timedelta(days=1), midnight.time(), local)
    begin, end = (round(moment.timestamp()) * 1000 for moment in (midnight, after))
    assert (end - begin) / HOUR == length
    first = (begin - DAY) // HOUR * HOUR
    starts = range(first, end + DAY, QUARTER)
    async with told_market() as node:
        drawn = {at: Quarter(imported=100 + at // QUARTER % 7) for at in starts}
        settle(node, list(drawn.items()))
        async with member_of(hass, entry, key, node):
            series = Series(Pair.GRID, Flow.IMPORT)
            await told.until(series, sum(one.imported for one in drawn.values()) / 1000)
            rows = await told.rows(series)
            assert [round(row["start"] * 1000) for row in rows] == list(
                range(first, starts[-1] + 1, HOUR)
            )
            days: dict[str, float] = {}
            for at, quarter in drawn.items():
                hour = datetime.fromtimestamp(at // HOUR * 3600, UTC).astimezone(local)
                name = hour.date().isoformat()
                days[name] = days.get(name, 0.0) + quarter.imported / 1000
            shown = {
                datetime.fromtimestamp(row["start"], local).date().isoformat(): row["change"]
                for row in await told.rows(series, "day")
            }
            assert shown == pytest.approx(days)
