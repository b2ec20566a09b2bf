"""Intervals of a village are settled against what its homes metered."""

from pathlib import Path

from settlement_node.replay.verify import verify
from tests.node.ledger.till import decision_at
from tests.node.market.metering_homes import FIRST, settle_in
from tests.node.village import village
from tests.protocol.spoken import QUARTER, Home


async def test_an_interval_is_settled_when_everybody_has_reported(tmp_path: Path) -> None:
    sun, rain = Home(2), Home(3)
    async with village(tmp_path) as here:
        homes = await settle_in(here, sun, rain)
        here.clock.now = FIRST + QUARTER
        await here.say(
            sun.say("metering", homes[sun].quarter(FIRST, "grid", 0, 800), here.clock()),
            rain.say("metering", homes[rain].quarter(FIRST, "grid", 500, 0), here.clock()),
        )
        decision = await decision_at(here, here.coop.position.size - 1)
        assert decision.kind == "settled"
        await here.coop.close()
        await verify(here.store)
