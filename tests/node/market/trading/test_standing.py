"""Standing orders: they reserve a day ahead, hold where there is no order, and can be held back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from depin_protocol.durations import DAY
from depin_protocol.statements.week import minute_of_week
from settlement_node.ledger.actions import SetLimit
from tests.node.market.trading.stall import (
    EURO,
    GATE,
    MARKET,
    SOON,
    Stall,
    ask,
    bid,
    cancel,
    lines_of,
    order,
    standing,
)
from tests.node.village import village
from tests.protocol.spoken import NOON, QUARTER

STEP = (100_000, 10)
HOLDS = 1_000_000
"""What the step holds."""
OPEN = 96
"""Intervals of a day whose gate is still to come at noon: the first begins a quarter later."""


@pytest.fixture
async def stall(tmp_path: Path) -> AsyncIterator[Stall]:
    async with village(tmp_path) as here:
        yield Stall(here)


async def test_it_reserves_for_a_day_and_for_each_interval_as_it_opens(stall: Stall) -> None:
    (home,) = await stall.welcome(1)
    assert await stall.say(home, standing("bid", STEP)) is None
    assert stall.balance(home).debits_pending == OPEN * HOLDS
    await stall.until(NOON + QUARTER - 1)
    (gate,) = await stall.decisions("gate")
    assert gate.result["start"] == NOON + QUARTER
    assert not await stall.decisions("opened")
    await stall.until(NOON + QUARTER)
    (opened,) = await stall.decisions("opened")
    assert opened.result == {"market": MARKET, "start": NOON + QUARTER + DAY}
    assert opened.lines == ({"member": home.member, "reserved": HOLDS},)
    assert stall.balance(home).debits_pending == OPEN * HOLDS


async def test_it_holds_in_its_windows_where_there_is_no_order(stall: Stall) -> None:
    home, other = await stall.welcome(1, 1)
    minute = minute_of_week(SOON)
    assert await stall.say(home, standing("bid", STEP, windows=[(minute, minute + 30)])) is None
    assert stall.balance(home).debits_pending == 2 * HOLDS
    assert await stall.say(home, order(bid(SOON))) is None
    asks = order(ask(SOON, (100_000, 10)), ask(SOON + QUARTER, (100_000, 10)))
    assert await stall.say(other, asks) is None
    await stall.until(SOON + QUARTER - GATE)
    first, second = await stall.decisions("cleared")
    assert home.member not in lines_of(first)
    assert lines_of(second)[home.member]["bought"] == 10


async def test_it_holds_again_where_an_order_is_taken_back(stall: Stall) -> None:
    (home,) = await stall.welcome(1)
    assert await stall.say(home, standing("bid", STEP)) is None
    assert await stall.say(home, order(bid(SOON, (90_000, 1)))) is None
    assert await stall.say(home, cancel((SOON, "bid"))) is None
    trader = stall.here.coop.state.trading.trader(MARKET, home.member)
    assert trader is not None
    assert trader.steps(SOON, "bid") == (STEP,)
    assert await stall.say(home, standing("bid")) is None
    assert stall.here.coop.state.trading.trader(MARKET, home.member) is None


async def test_it_is_held_back_where_the_money_is_gone(stall: Stall) -> None:
    (home,) = await stall.welcome(1)
    assert await stall.say(home, standing("bid", STEP)) is None
    await stall.here.act(SetLimit(home.member, OPEN * HOLDS - EURO - 1))
    await stall.until(NOON + QUARTER)
    (opened,) = await stall.decisions("opened")
    assert opened.lines == ({"member": home.member, "refused": "exceeds-credits"},)
    trader = stall.here.coop.state.trading.trader(MARKET, home.member)
    assert trader is not None
    start = NOON + QUARTER + DAY
    assert trader.steps(start, "bid") == ()
    await stall.here.act(SetLimit(home.member, EURO))
    assert await stall.say(home, standing("bid", STEP)) is None
    trader = stall.here.coop.state.trading.trader(MARKET, home.member)
    assert trader is not None
    assert trader.steps(start, "bid") == (STEP,)


async def test_a_new_one_takes_the_place_of_the_old_one(stall: Stall) -> None:
    home, other = await stall.welcome(1, 1)
    assert await stall.say(home, standing("bid", STEP)) is None
    assert await stall.say(home, standing("bid", (200_000, 4))) is None
    assert stall.balance(home).debits_pending == OPEN * HOLDS
    assert await stall.say(other, standing("ask", (100_000, 10))) is None
    await stall.until(NOON + QUARTER - GATE)
    (cleared,) = await stall.decisions("cleared")
    assert lines_of(cleared)[home.member]["bids"] == [200_000, 4]
    assert lines_of(cleared)[home.member]["held"] == 4 * 100_000
