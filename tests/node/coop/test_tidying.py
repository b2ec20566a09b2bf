"""What goes wrong where old rows are tidied up is said, and keeps nobody from being taken in."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from settlement_node.coop.clearing_out import ClearingOut
from settlement_node.coop.coop import Coop
from settlement_node.log.tables import ENTRY
from settlement_node.store.errors import StoreFullError
from settlement_node.store.tables import Change, Delete, Put
from tests.node.keeping.days import YEARS, confirm, day, days, erase, roots
from tests.node.log.test_packing import lived
from tests.node.village import DAY, readings, surroundings, village
from tests.patience import PATIENCE
from tests.protocol.spoken import NOON


async def test_intake_goes_on_where_old_rows_are_damaged(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home, _ = await lived(here, 1)
        await here.coop.close()
        row = await here.store.get(ENTRY, (9,))
        assert row is not None
        await here.store.commit([Delete(ENTRY, [(9,)])])
        here.clock.now += 400 * DAY
        here.coop = await Coop.open(here.store, surroundings(here.clock))
        await here.coop.start()
        async with asyncio.timeout(PATIENCE):
            while here.coop.position.trouble is None:
                await asyncio.sleep(0.01)
        assert "not all there" in here.coop.position.trouble
        await here.say(home.say("metering", readings(NOON)))
        assert here.coop.position.failure is None
        await here.store.commit([Put(ENTRY, [row])])


async def test_an_erasure_whose_portion_failed_leaves_no_body(tmp_path: Path) -> None:
    async with days(tmp_path, 3) as (here, home, auditor):
        await here.say(*[home.say("metering", readings(here.clock(), n)) for n in range(900)])
        await day(here, home)
        below = roots(here)[-1]
        here.clock.now += YEARS
        await day(here, home)
        await confirm(here, auditor, below)
        await erase(here, below)
        clearing_out = ClearingOut(here.store, here.coop.state, here.coop.events, here.clock)
        assert await clearing_out.portion()
        commit = here.store.commit

        async def full(_changes: Sequence[Change]) -> None:
            raise StoreFullError("there is no room")

        here.store.commit = full  # type: ignore[assignment]
        with pytest.raises(StoreFullError):
            await clearing_out.portion()
        here.store.commit = commit  # type: ignore[method-assign]
        while await clearing_out.portion():
            pass
        for index in range(below):
            assert await here.coop.body(index) is None
