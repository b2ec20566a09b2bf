"""Prices declared after an order came: what it may now cost is reserved anew, or it is let go."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from depin_protocol.durations import HOUR
from depin_protocol.rules.market_rules import Band, MarketRules
from depin_protocol.settlement.charges import Charges, Fees
from depin_protocol.statements.trading import FlexibleOrder
from settlement_node.ledger.actions import SetLimit
from settlement_node.log.entries import Decision
from settlement_node.market.rules.actions import DeclareSeries, SetMarket
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
    standing,
)
from tests.node.village import DAY, FACTS, village
from tests.protocol.spoken import NOON, QUARTER, Home

RULES = MarketRules(
    band=Band(-100_000, 500_000),
    series=frozenset({"retail", "feed_in", "band_high"}),
)
RETAIL = RULES.references.retail


@pytest.fixture
async def stall(tmp_path: Path) -> AsyncIterator[Stall]:
    """Trade where prices are declared; in the end the log alone leads to the same."""
    async with village(tmp_path, replace(FACTS, rules=RULES)) as here:
        yield Stall(here)
        await here.coop.close()
        size = (await verify(here.store)).entries
        assert await rebuild(here.store) == size
        await verify(here.store)


async def declare(stall: Stall, series: str, price: int, start: int = SOON) -> None:
    """Declare a price from an interval on, at the last moment."""
    await stall.until(SOON - GATE - 1)
    await stall.here.act(DeclareSeries(MARKET, series, ((start, price),)))


async def repriced(stall: Stall) -> Decision:
    """Let the gate pass, and return what was reserved anew before it."""
    await stall.until(SOON - GATE)
    (decision,) = await stall.decisions("repriced")
    (*_, gate) = await stall.decisions("gate")
    assert decision.result == gate.result == {"market": MARKET, "start": SOON}
    return decision


def wants(stall: Stall, home: Home) -> bool:
    return stall.here.coop.state.trading.trader(MARKET, home.member) is not None


async def test_an_ask_holds_what_not_delivering_has_come_to_cost(stall: Stall) -> None:
    buyer, seller = await stall.welcome(1, 1)
    assert await stall.say(buyer, order(bid(SOON, (100_000, 500)))) is None
    assert await stall.say(seller, order(ask(SOON, (100_000, 500)))) is None
    await declare(stall, "retail", RETAIL + 200_000)
    assert stall.balance(seller).debits_pending == 500 * (RETAIL - 100_000)
    decision = await repriced(stall)
    assert decision.lines == ({"member": seller.member, "reserved": 500 * (RETAIL + 100_000)},)
    (cleared,) = await stall.decisions("cleared")
    assert lines_of(cleared)[seller.member]["held"] == 500 * (RETAIL + 100_000)
    assert stall.balance(seller).posted == EURO - 500 * (RETAIL + 100_000)


async def test_what_the_money_no_longer_reaches_for_is_not_in_the_book(stall: Stall) -> None:
    buyer, seller, other = await stall.welcome(1, 0, 1)
    await stall.here.act(SetLimit(seller.member, 500 * (RETAIL - 100_000)))
    for home in (seller, other):
        assert await stall.say(home, order(ask(SOON, (100_000, 500)))) is None
    assert await stall.say(buyer, order(bid(SOON, (100_000, 700)))) is None
    await declare(stall, "retail", RETAIL + 1)
    decision = await repriced(stall)
    lines = lines_of(decision)
    refused = {"member": seller.member, "sides": ["ask"], "refused": "exceeds-credits"}
    assert lines[seller.member] == refused
    assert lines[other.member] == {
        "member": other.member,
        "reserved": 500 * (RETAIL + 1 - 100_000),
    }
    (cleared,) = await stall.decisions("cleared")
    assert lines_of(cleared).keys() == {buyer.member, other.member}
    assert lines_of(cleared)[buyer.member]["bought"] == 500
    assert stall.balance(seller).debits_pending == 0
    events = await stall.here.coop.events.since(seller.member, 0, 100)
    (told,) = [one for one in events if one.data.get("refused") == "exceeds-credits"]
    assert (told.kind, told.data["kind"], told.data["start"]) == ("decision", "repriced", SOON)


async def test_a_band_declared_later_keeps_out_the_side_that_it_excludes(stall: Stall) -> None:
    (home,) = await stall.welcome(1)
    curves = bid(SOON, (250_000, 10)), ask(SOON, (400_000, 10)), bid(SOON + QUARTER, (250_000, 1))
    assert await stall.say(home, order(*curves)) is None
    await declare(stall, "band_high", 300_000)
    decision = await repriced(stall)
    assert decision.lines == ({"member": home.member, "sides": ["ask"], "refused": "outside-band"},)
    (cleared,) = await stall.decisions("cleared")
    line = lines_of(cleared)[home.member]
    assert (line["bids"], line["asks"]) == ([250_000, 10], [])
    await stall.until(SOON + QUARTER - GATE)
    assert len(await stall.decisions("cleared")) == 2
    assert len(await stall.decisions("repriced")) == 1


async def test_a_standing_order_that_is_kept_out_once_holds_again_after_it(stall: Stall) -> None:
    (home,) = await stall.welcome(1)
    assert await stall.say(home, standing("bid", (400_000, 1))) is None
    await stall.until(SOON - GATE - 1)
    for start, price in ((SOON, 300_000), (SOON + QUARTER, 500_000)):
        await stall.here.act(DeclareSeries(MARKET, "band_high", ((start, price),)))
    decision = await repriced(stall)
    assert lines_of(decision)[home.member]["refused"] == "outside-band"
    await stall.until(SOON + QUARTER - GATE)
    (*_, kept_out, cleared) = await stall.decisions("cleared")
    assert [one.result["start"] for one in (kept_out, cleared)] == [SOON, SOON + QUARTER]
    assert home.member not in lines_of(kept_out)
    assert lines_of(cleared)[home.member]["bids"] == [400_000, 1]


async def test_a_flexible_order_holds_more_or_ends(stall: Stall) -> None:
    rich, poor = await stall.welcome(1, 1)
    wish = FlexibleOrder(MARKET, 1_000, 4_000, 200_000, SOON, SOON + 2 * QUARTER)
    for home in (rich, poor):
        assert await stall.say(home, wish) is None
    await stall.here.act(SetLimit(poor.member, 200_000_000 - EURO))
    await declare(stall, "feed_in", -50_000)
    decision = await repriced(stall)
    names = {home.member: home.heads["trading"].hash for home in (rich, poor)}
    assert sorted(decision.lines, key=str) == sorted(
        [
            {"member": rich.member, "flexible": names[rich.member], "reserved": 250_000_000},
            {
                "member": poor.member,
                "flexible": names[poor.member],
                "refused": "exceeds-credits",
            },
        ],
        key=str,
    )
    assert stall.balance(rich).debits_pending == 250_000_000
    assert stall.balance(poor).debits_pending == 0
    assert wants(stall, rich)
    assert not wants(stall, poor)
    await stall.until(SOON + QUARTER - GATE)
    assert len(await stall.decisions("repriced")) == 1


async def test_a_flexible_order_holds_the_fees_of_new_rules(stall: Stall) -> None:
    (car,) = await stall.welcome(1)
    dearer = replace(RULES, charges=Charges(traded=Fees(50_000, 0, 0)))
    await stall.here.act(SetMarket(MARKET, dearer))
    begins = stall.here.coop.state.rules.grid(MARKET).versions[-1].start
    await stall.until(begins - DAY)
    wish = FlexibleOrder(MARKET, 1_000, 4_000, 200_000, begins - HOUR, begins + HOUR)
    assert await stall.say(car, wish) is None
    assert stall.balance(car).debits_pending == 200_000_000
    await stall.until(begins - GATE - 1)
    assert stall.balance(car).debits_pending == 200_000_000
    await stall.until(begins - GATE)
    assert stall.balance(car).debits_pending == 250_000_000
    assert begins > NOON + 8 * DAY - QUARTER
