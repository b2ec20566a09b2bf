"""What was held at the gate goes where settlement says, and the books come to nothing left over."""

from pathlib import Path

from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.audit import audit
from settlement_node.replay.verify import verify
from tests.node.market.metering_homes import Metering
from tests.node.market.trading.stall import (
    EURO,
    GATE,
    MARKET,
    SOON,
    Stall,
    ask,
    bid,
    order,
)
from tests.node.village import village
from tests.protocol.spoken import QUARTER

PRICE = 150_000


async def test_money_held_at_the_gate_is_settled_and_the_rest_comes_back(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        stall = Stall(here)
        seller, buyer = await stall.welcome(1, 1)
        assert await stall.say(seller, order(ask(SOON, (100_000, 1_000)))) is None
        assert await stall.say(buyer, order(bid(SOON, (200_000, 1_000)))) is None
        await stall.until(SOON - GATE)
        assert stall.reserved().posted == 1_000 * PRICE + 1_000 * (300_000 - PRICE)
        here.clock.now = SOON + QUARTER + 1_000
        quarters = ((seller, 0, 900), (buyer, 1_000, 0))
        for home, imported, exported in quarters:
            metering = Metering(home)
            for start, flows in ((SOON - QUARTER, (0, 0)), (SOON, (imported, exported))):
                await here.say(metering.say(here.clock(), *flows, start=start))
        await stall.until(SOON + 3 * QUARTER)
        assert here.coop.state.trading.cleared(MARKET, SOON) is None
        assert here.coop.state.trading.unsettled() == []
        assert stall.reserved().posted == 0
        clearing = here.coop.ledger.balance(AccountName(AccountKind.INTERVAL_CLEARING))
        assert clearing.posted == 0
        sold = 1_000 * PRICE - 100 * 300_000
        assert stall.balance(seller).posted == EURO + sold
        assert stall.balance(buyer).posted == EURO - 1_000 * PRICE + 100 * 300_000
        assert not list(audit(here.coop.ledger))
        await here.coop.close()
        await verify(here.store)
