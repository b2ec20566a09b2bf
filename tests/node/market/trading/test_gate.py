"""An interval from its orders to its gate: cleared once, money posted or released."""

import asyncio
from pathlib import Path

from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from tests.node.market.trading.stall import (
    EURO,
    GATE,
    MARKET,
    SOON,
    Stall,
    ask,
    bid,
    lines_of,
    order,
)
from tests.node.village import village
from tests.patience import PATIENCE
from tests.protocol.spoken import QUARTER


async def test_a_bid_and_an_ask_meet_at_the_gate(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        stall = Stall(here)
        buyer, seller = await stall.welcome(1, 1)
        assert await stall.say(buyer, order(bid(SOON, (250_000, 800), (200_000, 200)))) is None
        assert await stall.say(seller, order(ask(SOON, (100_000, 500)))) is None
        assert stall.balance(buyer).debits_pending == 250_000 * 800 + 200_000 * 200
        assert stall.balance(seller).debits_pending == (300_000 - 100_000) * 500
        await stall.until(SOON - GATE - 1)
        assert not await stall.decisions("gate")
        await stall.until(SOON - GATE)
        (gate,) = await stall.decisions("gate")
        assert gate.result == {"market": MARKET, "start": SOON}
        (cleared,) = await stall.decisions("cleared")
        assert cleared.result.keys() == {"market", "start", "rule", "zones"}
        assert cleared.lines[0]["figures"] == {
            "zones": {
                "all": {"price": 250_000, "limits": [250_000, 250_000], "bought": 500, "sold": 500}
            },
            "fees": 0,
            "rent": 0,
        }
        lines = lines_of(cleared)
        assert lines[buyer.member]["bought"] == lines[seller.member]["sold"] == 500
        assert stall.balance(buyer).posted == EURO - 500 * 250_000
        assert stall.balance(buyer).debits_pending == 0
        assert stall.balance(seller).posted == EURO - 500 * 50_000
        assert stall.reserved().posted == 500 * 300_000
        found = here.coop.state.trading.cleared(MARKET, SOON)
        assert found is not None
        assert found.members[buyer.member].held == 500 * 250_000
        await stall.until(SOON + 10 * QUARTER)
        assert len(await stall.decisions("cleared")) == 1
        await here.coop.close()
        size = (await verify(here.store)).entries
        assert await rebuild(here.store) == size
        await verify(here.store)


async def test_the_gate_comes_by_itself_and_a_checkpoint_holds_it_at_once(tmp_path: Path) -> None:
    async with village(tmp_path, checkpoint_after=5_000) as here:
        stall = Stall(here)
        (home,) = await stall.welcome(1)
        await stall.until(SOON - GATE - 20)
        assert await stall.say(home, order(bid(SOON, (200_000, 10)))) is None
        assert here.coop.position.checkpoint.size < here.coop.position.size
        here.clock.now = SOON - GATE
        async with asyncio.timeout(PATIENCE):
            while not await stall.decisions("gate"):
                await asyncio.sleep(0.01)
        await here.coop.tick()
        assert here.coop.position.checkpoint.size == here.coop.position.size
