"""An import of quarter hours in several parts counts whole, with its last part, or not at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from depin_protocol.bounds import MAX_ENERGY
from depin_protocol.metering import Quality as MeterQuality
from depin_protocol.statements.fields import Fields
from settlement_node.coop.coop import Coop
from settlement_node.governance.actions import action_body
from settlement_node.governance.member import Role
from settlement_node.ledger.accounts import AccountKind
from settlement_node.market.quarter_hours.problems import ImportRefusedError
from settlement_node.market.quarter_hours.values import (
    Channel,
    Code,
    Direction,
    Quality,
    QuarterHour,
    Series,
)
from settlement_node.market.settling import begun_imports
from settlement_node.market.settling.actions import MemberSeries, TellQuarterHours
from settlement_node.market.settling.tables import BEGUN, TOLD
from settlement_node.market.settling.telling import tellings
from settlement_node.market.settling.told import Way
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Row, Table
from tests.node.market.metering_homes import FIRST, decided, last, line_of, settle_in
from tests.node.market.test_settling import (
    DEADLINE,
    END,
    RAIN,
    SUN,
    TRADING,
    at,
    days_pass,
    holds,
    street,
    traded,
)
from tests.node.village import DAY, Village, surroundings
from tests.protocol.spoken import QUARTER, Home, ident


def told(home: Home, way: Way, *values: int, start: int = FIRST) -> MemberSeries:
    """Let a home's quarter hours be measured."""
    return MemberSeries(home.member, way, start, values, (MeterQuality.MEASURED,) * len(values))


IMPORT = TellQuarterHours.several(
    (
        (told(SUN, Way.EXPORT, 300, 70),),
        (told(RAIN, Way.IMPORT, 350),),
        (told(RAIN, Way.EXPORT, 0), told(RAIN, Way.IMPORT, 20, start=END)),
    )
)


@asynccontextmanager
async def settled(folder: Path) -> AsyncIterator[Village]:
    """Let 400 Wh be sold and settled, and the next quarter of an hour pass without a reading."""
    async with street(folder, TRADING) as here:
        homes = await settle_in(here, SUN, RAIN)
        await traded(here, SUN, RAIN, 400, 200_000)
        here.clock.now = END
        await here.say(homes[0].say(END, 0, 400, start=FIRST))
        await here.say(homes[1].say(END, 400, 0, start=FIRST))
        await at(here, END + QUARTER)
        yield here


async def refusals(here: Village) -> list[str]:
    """Say why actions had no effect."""
    return [str(one.result["code"]) for one in await decided(here, "no_effect")]


async def stored(here: Village, table: Table) -> list[Row]:
    return [row async for row in every_row(here.store, table)]


async def start_again(here: Village) -> None:
    """Stop the node, hold its tables against its log and make them anew, and start it."""
    await here.coop.close()
    tables = here.coop.state.tables
    before = [await stored(here, table) for table in tables]
    found = await verify(here.store)
    assert await rebuild(here.store) == found.entries
    assert [await stored(here, table) for table in tables] == before
    here.coop = await Coop.open(here.store, surroundings(here.clock))
    await here.coop.start()


async def check_all_counts(here: Village) -> None:
    """Check that all three parts are in force, each by one entry after the last of them."""
    (taken,) = await decided(here, "quarter_hours_told")
    assert [line["series"] for line in taken.lines] == [
        one.to_json() for part in IMPORT for one in part.series
    ]
    (better,) = await decided(here, "corrected")
    assert line_of(better, SUN).metered.exported == 300
    assert line_of(better, RAIN).metered.imported == 350
    assert len(await stored(here, TOLD)) == 2
    assert await stored(here, BEGUN) == []
    assert holds(here, AccountKind.BALANCING) == 100 * 300_000


async def test_nothing_counts_before_the_last_part_and_then_all_does(tmp_path: Path) -> None:
    async with settled(tmp_path) as here:
        for part in IMPORT[:2]:
            await here.act(part)
            assert await refusals(here) == []
            assert await decided(here, "quarter_hours_told") == []
            assert await decided(here, "corrected") == []
            assert await stored(here, TOLD) == []
            await start_again(here)
        await here.act(IMPORT[2])
        await check_all_counts(here)
        await start_again(here)
        await check_all_counts(here)


async def test_parts_that_come_together_count_the_same(tmp_path: Path) -> None:
    async with settled(tmp_path) as here:
        operator = here.operator
        # The new key's statements are read one by one, as they enter.
        change = operator.change_key(9, None)
        bodies = [action_body(part, "as told") for part in IMPORT]
        said = [operator.say("trading", body, here.clock()) for body in bodies]
        await here.say(change, *said)
        await check_all_counts(here)
        await start_again(here)


async def test_parts_without_those_before_them_have_no_effect(tmp_path: Path) -> None:
    async with settled(tmp_path) as here:
        other = TellQuarterHours.several((IMPORT[1].series, IMPORT[0].series))
        await here.act(IMPORT[1])
        await here.act(IMPORT[0])
        await here.act(IMPORT[2])
        await here.act(other[1])
        assert await refusals(here) == ["part-missing"] * 3
        # What was begun goes on.
        await here.act(IMPORT[1])
        await here.act(IMPORT[1])
        await here.act(IMPORT[2])
        assert len(await refusals(here)) == 4
        await check_all_counts(here)
        await here.act(IMPORT[2])
        assert len(await refusals(here)) == 5


async def test_an_import_that_begins_anew_takes_the_place_of_what_was_begun(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as here:
        other = TellQuarterHours.several((IMPORT[0].series, IMPORT[1].series))
        for part in (*IMPORT[:2], other[0]):
            await here.act(part)
        assert len(await stored(here, BEGUN)) == 1
        await here.act(IMPORT[2])
        assert await refusals(here) == ["part-missing"]
        await here.act(TellQuarterHours.whole((told(SUN, Way.EXPORT, 300),)))
        assert await stored(here, BEGUN) == []
        (taken,) = await decided(here, "quarter_hours_told")
        assert len(taken.lines) == 1


async def test_parts_that_are_not_the_import_they_name_have_no_effect(tmp_path: Path) -> None:
    async with settled(tmp_path) as here:
        await here.act(IMPORT[0])
        await here.act(replace(IMPORT[1], series=(told(RAIN, Way.IMPORT, 1),)))
        await here.act(IMPORT[2])
        assert await refusals(here) == ["parameters-invalid"]
        assert await decided(here, "quarter_hours_told") == []
        await start_again(here)
        for part in IMPORT:
            await here.act(part)
        await check_all_counts(here)


async def test_a_part_that_is_wrong_can_be_put_right(tmp_path: Path) -> None:
    async with settled(tmp_path) as here:
        await here.act(IMPORT[0])
        nobody = replace(IMPORT[1], series=(told(Home(99), Way.IMPORT, 1),))
        await here.act(nobody)
        assert await refusals(here) == ["no-such-member"]
        await here.act(IMPORT[1])
        await here.act(IMPORT[2])
        await check_all_counts(here)


async def test_an_import_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with settled(tmp_path) as here:
        monkeypatch.setattr(begun_imports, "MAX_TOLD", 4)
        for part in IMPORT:
            await here.act(part)
        assert await refusals(here) == ["parameters-invalid"]
        assert "fewer days" in str((await last(here)).lines[0]["detail"])
        assert await decided(here, "quarter_hours_told") == []


async def test_each_operator_has_its_own_import(tmp_path: Path) -> None:
    async with settled(tmp_path) as here:
        other = Home(4)
        await here.welcome(other, Role.OPERATOR)
        mine = TellQuarterHours.several((IMPORT[0].series, IMPORT[2].series))
        theirs = other.say("trading", action_body(IMPORT[1], "as told"), here.clock())
        await here.act(mine[0])
        await here.say(theirs)
        assert await refusals(here) == ["part-missing"]
        await here.say(other.say("trading", action_body(IMPORT[0], "as told"), here.clock()))
        await here.act(mine[1])
        (taken,) = await decided(here, "quarter_hours_told")
        assert len(taken.lines) == 3
        assert len(await stored(here, BEGUN)) == 1


async def test_nobody_goes_on_with_an_import_of_days_ago(tmp_path: Path) -> None:
    async with settled(tmp_path) as here:
        await here.act(IMPORT[0])
        await days_pass(here, END + DAY // 2)
        assert len(await stored(here, BEGUN)) == 1
        await here.act(IMPORT[1])
        # A state root begins each day: the rows of the import are among its lines.
        await days_pass(here, END + DAY)
        assert len(await stored(here, BEGUN)) == 2
        await start_again(here)
        await days_pass(here, END + 2 * DAY + DEADLINE)
        assert await stored(here, BEGUN) == []
        await here.act(IMPORT[2])
        assert await refusals(here) == ["part-missing"]


def measured(points: int, days: int) -> tuple[list[Series], dict[str, str]]:
    """Make a file of metering points, each with as long figures as there can be."""
    instants = range(FIRST, FIRST + days * DAY, QUARTER)
    values = tuple(QuarterHour(start, MAX_ENERGY, Quality.L1) for start in instants)
    channels = [
        Channel(f"DE{number:031}", Direction.CONSUMPTION, Code.MEASURED) for number in range(points)
    ]
    series = [Series(channel, "", values) for channel in channels]
    return series, {channel.point: ident(n) for n, channel in enumerate(channels)}


@pytest.mark.parametrize(("points", "days"), [(1_041, 1), (33, 31), (66, 15), (3, 347)])
def test_what_may_be_told_in_one_piece_fits_into_its_parts(points: int, days: int) -> None:
    parts = tellings(*measured(points, days))
    assert sum(len(one.values) for part in parts for one in part.series) == points * days * 96
    assert [part.part for part in parts] == list(range(1, len(parts) + 1))
    assert {part.parts for part in parts} == {len(parts)}
    for part in parts:
        assert TellQuarterHours.read(Fields(part.to_json(), "parameters")) == part


def test_a_longer_file_is_refused_whole() -> None:
    with pytest.raises(ImportRefusedError, match=r"100,032 quarters .* fewer metering points"):
        tellings(*measured(1_042, 1))
