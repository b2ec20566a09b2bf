"""A log that succeeds one of which a part is lost goes on settling where that was."""

from pathlib import Path

from settlement_node.coop.coop import Coop
from settlement_node.replay.verify import verify
from tests.node.keeping.test_succession import lost, succeeded
from tests.node.market.metering_homes import FIRST, decided, settle_in
from tests.node.market.test_settling import DEADLINE, END, RAIN, SUN, at
from tests.node.village import surroundings, village
from tests.protocol.spoken import QUARTER


async def test_a_log_that_succeeds_another_goes_on_settling(tmp_path: Path) -> None:
    async with village(tmp_path / "first") as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        here.clock.now = END
        await here.say(sun.say(END, 0, 800, start=FIRST), rain.say(END, 500, 0, start=FIRST))
        before = SUN.heads["metering"]
        store, _ = await lost(here, SUN, tmp_path, "books")
        SUN.heads["metering"] = before
        await succeeded(store, here, here.operator.seed)
        here.coop, here.store = await Coop.open(store, surroundings(here.clock)), store
        await here.coop.start()
        now = here.clock.now
        start = now - now % QUARTER
        here.clock.now = start + QUARTER
        await here.say(
            sun.say(here.clock(), 0, 100, start=start), rain.say(here.clock(), 50, 0, start=start)
        )
        await at(here, here.clock() + DEADLINE)
        settled = await decided(here, "settled")
        assert settled[-1].result["start"] == start
        assert len(settled[-1].lines) == 2
        await here.coop.close()
        await verify(here.store)
        await here.store.close()
