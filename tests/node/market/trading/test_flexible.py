"""A flexible order over several intervals: placed at each gate, never filled beyond its energy."""

from pathlib import Path

import pytest

from depin_protocol.clearing.rule import Rule
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.statements.trading import FlexibleOrder
from settlement_node.market.rules.actions import PlaceMember, SetMarket
from settlement_node.market.rules.places import Place
from settlement_node.replay.verify import verify
from tests.node.market.trading.stall import (
    EURO,
    GATE,
    MARKET,
    SOON,
    Stall,
    ask,
    cancel,
    lines_of,
    order,
    standing,
)
from tests.node.village import village
from tests.protocol.spoken import QUARTER

LIMIT = 200_000


async def test_a_car_is_charged_in_the_intervals_that_sell_cheaply(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        stall = Stall(here)
        car, roof = await stall.welcome(1, 1)
        wish = FlexibleOrder(MARKET, 1_500, 4_000, LIMIT, SOON, SOON + 4 * QUARTER)
        assert await stall.say(car, wish) is None
        name = car.heads["trading"].hash
        assert stall.balance(car).debits_pending == 1_500 * LIMIT
        offers = [ask(SOON + n * QUARTER, (20_000, 800)) for n in (0, 2)]
        assert await stall.say(roof, order(*offers)) is None
        await stall.until(SOON - GATE)
        (first,) = await stall.decisions("cleared")
        line = lines_of(first)[car.member]
        assert line["bids"] == [75_000, 1_000]
        assert line["flexible"] == [[name, 1, 800]]
        assert line["held"] == 800 * 75_000
        assert stall.balance(car).debits_pending == 700 * LIMIT
        await stall.until(SOON + QUARTER - GATE)
        assert stall.balance(car).debits_pending == 700 * LIMIT
        await stall.until(SOON + 2 * QUARTER - GATE)
        assert stall.balance(car).debits_pending == 0
        assert here.coop.state.trading.trader(MARKET, car.member) is None
        cleared = await stall.decisions("cleared")
        assert [lines_of(one).get(car.member, {}).get("bought") for one in cleared] == [
            800,
            0,
            700,
        ]
        await stall.until(SOON + 4 * QUARTER)
        assert len(await stall.decisions("gate")) == 3
        await here.coop.close()
        await verify(here.store)


async def test_what_no_interval_sold_is_released_at_the_end(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        stall = Stall(here)
        (car,) = await stall.welcome(1)
        wish = FlexibleOrder(MARKET, 1_500, 4_000, LIMIT, SOON, SOON + 2 * QUARTER - 1)
        assert await stall.say(car, wish) is None
        await stall.until(SOON + QUARTER - GATE - 1)
        assert stall.balance(car).debits_pending == 1_500 * LIMIT
        await stall.until(SOON + QUARTER - GATE)
        assert stall.balance(car).debits_pending == 0
        assert stall.balance(car).posted == EURO
        (_, last) = await stall.decisions("cleared")
        assert lines_of(last)[car.member]["ended"] == [car.heads["trading"].hash]


async def test_it_can_be_taken_back(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        stall = Stall(here)
        car, other = await stall.welcome(1, 1)
        wish = FlexibleOrder(MARKET, 1_500, 4_000, LIMIT, SOON, SOON + QUARTER)
        assert await stall.say(car, wish) is None
        name = car.heads["trading"].hash
        assert await stall.say(other, cancel(flexible=[name])) == "nothing-to-cancel"
        assert await stall.say(car, cancel(flexible=[name])) is None
        assert stall.balance(car).debits_pending == 0
        await stall.until(SOON)
        assert not await stall.decisions("gate")


@pytest.mark.parametrize("rule", [Rule.UNIFORM, Rule.MCAFEE])
async def test_it_is_not_placed_where_new_rules_want_whole_lots(tmp_path: Path, rule: Rule) -> None:
    async with village(tmp_path) as here:
        stall = Stall(here)
        car, roof = await stall.welcome(1, 9)
        await here.act(SetMarket(MARKET, MarketRules(clearing=rule, lot_wh=1_000)))
        begins = here.coop.state.rules.grid(MARKET).versions[-1].start
        await stall.until(begins - 3 * QUARTER)
        wish = FlexibleOrder(MARKET, 2_000, 4_000, LIMIT, begins - QUARTER, begins + 2 * QUARTER)
        assert await stall.say(car, wish) is None
        offers = [ask(begins + n * QUARTER, (20_000, 1_000)) for n in (-1, 0, 1)]
        assert await stall.say(roof, order(*offers)) is None
        for n in (-1, 0, 1, 2):
            await stall.until(begins + n * QUARTER - GATE)
        *_, before, at_change, after = await stall.decisions("cleared")
        assert before.result["start"] == begins - QUARTER
        assert lines_of(before)[car.member]["bought"] == 1_000
        assert car.member not in {**lines_of(at_change), **lines_of(after)}
        assert stall.balance(car).debits_pending == 0
        await here.coop.close()
        await verify(here.store)


async def test_it_is_not_placed_where_its_home_has_no_place_any_more(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        stall = Stall(here)
        car, roof = await stall.welcome(1, 1)
        assert await stall.say(car, standing("bid", (100, 1))) is None
        await here.act(PlaceMember(car.member, MARKET, Place("all", participation=0)))
        (*_, placed) = await stall.decisions("member_placed")
        ends = placed.lines[0]["start"]
        assert isinstance(ends, int)
        await stall.until(ends - 3 * QUARTER)
        wish = FlexibleOrder(MARKET, 2_000, 4_000, LIMIT, ends - QUARTER, ends + QUARTER)
        assert await stall.say(car, wish) is None
        offers = [ask(ends + n * QUARTER, (20_000, 1_000)) for n in (-1, 0)]
        assert await stall.say(roof, order(*offers)) is None
        for n in (-1, 0, 1):
            await stall.until(ends + n * QUARTER - GATE)
        cleared = {one.result["start"]: lines_of(one) for one in await stall.decisions("cleared")}
        assert cleared[ends - QUARTER][car.member]["bought"] == 1_000
        assert car.member not in cleared[ends]
        assert stall.balance(car).debits_pending == 0
