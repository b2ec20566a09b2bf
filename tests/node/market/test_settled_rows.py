"""Settled intervals are rows that `verify` compares, and that go with an erasure when they may."""

import json
from pathlib import Path

import pytest

from settlement_node.market.settling.amending import LATEST
from settlement_node.market.settling.erasing import erasing_settlements
from settlement_node.market.settling.tables import METER, SETTLED, SETTLED_INTERVAL
from settlement_node.replay.comparing import DifferenceError
from settlement_node.replay.verify import verify
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Delete, Put, Row, Table
from tests.node.market.metering_homes import FIRST, settle_in
from tests.node.market.test_settling import END, RAIN, SUN
from tests.node.village import Village, village


async def settled(here: Village) -> None:
    """Let two homes report an interval."""
    sun, rain = await settle_in(here, SUN, RAIN)
    here.clock.now = END
    await here.say(sun.say(END, 0, 800, start=FIRST), rain.say(END, 500, 0, start=FIRST))


def altered(row: Row) -> Row:
    """Alter what a row says."""
    data = row[-1]
    assert isinstance(data, bytes)
    told = json.loads(data)
    told["extra"] = 1
    return (*row[:-1], json.dumps(told).encode())


def moved(table: Table, row: Row) -> Row:
    """Say the same of a later interval, or another device."""
    place = 1 if table is not METER else 0
    value = row[place]
    other = value + 1 if isinstance(value, int) else bytes(16)
    return (*row[:place], other, *row[place + 1 :])


@pytest.mark.parametrize("table", [SETTLED, SETTLED_INTERVAL, METER], ids=lambda table: table.name)
@pytest.mark.parametrize("how", ["altered", "missing", "surplus"])
async def test_a_row_that_the_log_does_not_lead_to_is_named(
    table: Table, how: str, tmp_path: Path
) -> None:
    async with village(tmp_path) as here:
        await settled(here)
        await here.coop.close()
        await verify(here.store)
        row, *_ = [one async for one in every_row(here.store, table)]
        changes: dict[str, Change] = {
            "altered": Put(table, [altered(row)]),
            "missing": Delete(table, [row[: len(table.key)]]),
            "surplus": Put(table, [moved(table, row)]),
        }
        await here.store.commit([changes[how]])
        with pytest.raises(DifferenceError) as found:
            await verify(here.store)
        assert found.value.table == table.name
        assert found.value.key


async def test_what_nothing_can_correct_any_more_goes_with_an_erasure(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await settled(here)
        size = here.coop.position.size
        for at, below, gone in (
            (FIRST + LATEST, size, 0),
            (FIRST + LATEST + 1, 1, 0),
            (FIRST + LATEST + 1, size, 3),
        ):
            changes = [one async for one in erasing_settlements(here.store, below, at)]
            assert sum(len(one.keys) for one in changes if isinstance(one, Delete)) == gone
