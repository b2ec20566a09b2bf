"""Which orders are in effect, which are not and why, and what they hold of a member's money."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from depin_protocol.durations import DAY
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.statements.bodies import Body
from depin_protocol.statements.trading import FlexibleOrder, StandingOrder
from settlement_node.coop.coop import Coop
from settlement_node.governance.actions import SetRoles, Suspend
from settlement_node.governance.member import Role
from settlement_node.ledger.actions import SetLimit
from settlement_node.market.rules.actions import PlaceMember, SetMarket
from settlement_node.market.rules.places import Place
from settlement_node.market.trading.weighing import MAX_FLEXIBLE
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
    cancel,
    order,
    standing,
)
from tests.node.village import surroundings, village
from tests.protocol.spoken import NOON, QUARTER, Home

HOUR = 4 * QUARTER


@pytest.fixture
async def stall(tmp_path: Path) -> AsyncIterator[Stall]:
    async with village(tmp_path) as here:
        yield Stall(here)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (order(bid(SOON, (100_000, 10))), None),
        (order(bid(SOON)), None),
        (order(bid(SOON, (100_000, 10)), market="square"), "no-such-market"),
        (order(bid(SOON + 1, (100_000, 10))), "no-such-interval"),
        (order(bid(NOON + 8 * DAY, (100_000, 10))), "too-far-ahead"),
        (order(bid(NOON, (100_000, 10))), "late"),
        (order(ask(SOON, (1_000_100, 10))), "outside-band"),
        (order(ask(SOON, (-100, 10))), "outside-band"),
        (order(bid(SOON, (100_050, 10))), "off-tick"),
        (order(ask(SOON, (300_000, 2**20 + 1))), "too-much"),
        (order(bid(SOON, (100_000, 10)), bid(SOON + HOUR, (5_000_000, 1))), "outside-band"),
        (order(bid(SOON, (100_000, 10_001))), "exceeds-credits"),
        (order(ask(SOON, (200_000, 10_001))), "exceeds-credits"),
        (order(bid(SOON, (100_000, 9_999)), ask(SOON, (200_000, 2))), "exceeds-credits"),
        (cancel((SOON, "bid")), "nothing-to-cancel"),
        (standing("bid", (100_050, 10)), "off-tick"),
        (standing("bid", (100_000, 10_000)), "exceeds-credits"),
        (FlexibleOrder(MARKET, 10_000, 3_000, 100_100, NOON, SOON + DAY), "exceeds-credits"),
        (FlexibleOrder(MARKET, 100, 3_000, -100, NOON, SOON + DAY), "outside-band"),
        (FlexibleOrder(MARKET, 2**20 + 1, 3_000, 0, NOON, SOON + DAY), "too-much"),
        (FlexibleOrder(MARKET, 100, 3_000, 0, NOON, NOON + 8 * DAY), "too-far-ahead"),
        (FlexibleOrder(MARKET, 100, 3_000, 0, NOON, SOON), None),
        (FlexibleOrder("square", 100, 3_000, 0, NOON, SOON), "no-such-market"),
    ],
    ids=str,
)
async def test_an_order_has_its_effect_or_a_reason(
    stall: Stall, body: Body, code: str | None
) -> None:
    (home,) = await stall.welcome(1)
    assert await stall.say(home, body) == code
    if code is not None:
        assert stall.balance(home).debits_pending == 0
        assert stall.here.coop.state.trading.trader(MARKET, home.member) is None


async def test_an_order_that_the_money_does_not_reach_leaves_all_as_it_was(stall: Stall) -> None:
    (home,) = await stall.welcome(1)
    assert await stall.say(home, order(bid(SOON, (100_000, 4_000)))) is None
    more = order(bid(SOON, (100_000, 5_000)), bid(SOON + QUARTER, (100_000, 5_001)))
    assert await stall.say(home, more) == "exceeds-credits"
    assert stall.balance(home).debits_pending == 4_000 * 100_000
    trader = stall.here.coop.state.trading.trader(MARKET, home.member)
    assert trader is not None
    assert trader.steps(SOON, "bid") == ((100_000, 4_000),)
    await stall.here.act(SetLimit(home.member, EURO))
    assert await stall.say(home, more) is None
    assert stall.balance(home).debits_pending == 10_001 * 100_000


async def test_a_reservation_rises_and_never_falls_before_the_gate(stall: Stall) -> None:
    (home,) = await stall.welcome(1)
    for energy, held in ((1_000, 1_000), (3_000, 3_000), (10, 3_000)):
        assert await stall.say(home, order(bid(SOON, (100_000, energy)))) is None
        assert stall.balance(home).debits_pending == held * 100_000
    assert await stall.say(home, cancel((SOON, "bid"))) is None
    assert stall.balance(home).debits_pending == 3_000 * 100_000
    await stall.until(SOON - GATE)
    assert stall.balance(home).debits_pending == 0
    assert stall.balance(home).posted == EURO


async def test_curves_whose_gate_has_passed_are_passed_over(stall: Stall) -> None:
    (home,) = await stall.welcome(1)
    both = order(bid(SOON, (100_000, 10)), bid(SOON + QUARTER, (100_000, 20)))
    await stall.until(SOON - GATE)
    assert await stall.say(home, both) is None
    assert stall.balance(home).debits_pending == 20 * 100_000


async def test_who_has_no_grid_meter_does_not_trade(stall: Stall) -> None:
    home = Home(9)
    await stall.here.welcome(home)
    assert await stall.say(home, order(ask(SOON, (300_000, 10)))) == "no-meter"
    assert await stall.say(home, standing("ask", (300_000, 10))) == "no-meter"
    assert await stall.say(home, FlexibleOrder(MARKET, 9, 9, 0, NOON, SOON)) == "no-meter"


@pytest.mark.parametrize("roles", [(Role.MEMBER, Role.OPERATOR), (Role.AUDITOR, Role.MEMBER)])
async def test_who_can_read_the_book_speaks_earlier(stall: Stall, roles: tuple[Role, ...]) -> None:
    (home,) = await stall.welcome(1)
    await stall.here.act(SetRoles(home.member, roles))
    lead = NOON + 5 * HOUR + GATE
    near = -(-lead // QUARTER) * QUARTER
    assert await stall.say(home, order(bid(near, (100_000, 10)))) is None
    assert await stall.say(home, order(bid(near - QUARTER, (100_000, 10)))) == "late"
    assert await stall.say(home, standing("bid", (100_000, 10))) is None
    trader = stall.here.coop.state.trading.trader(MARKET, home.member)
    assert trader is not None
    assert trader.steps(near - QUARTER, "bid") == ()
    assert trader.steps(near + QUARTER, "bid") == ((100_000, 10),)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR])
async def test_who_could_read_the_book_speaks_earlier_until_the_lead_is_over(
    stall: Stall, role: Role
) -> None:
    (home,) = await stall.welcome(1)
    here = stall.here
    await here.act(SetRoles(home.member, tuple(sorted((Role.MEMBER, role)))))
    here.clock.now += HOUR
    await here.act(SetRoles(home.member, (Role.MEMBER,)))
    laid_down = here.clock.now
    await here.act(SetRoles(home.member, (Role.MEMBER,)))
    late = order(bid(laid_down + 10 * QUARTER, (100_000, 10)))
    assert await stall.say(home, late) == "late"
    assert await stall.say(home, order(bid(laid_down + 22 * QUARTER, (100_000, 10)))) is None
    await here.coop.close()
    here.coop = await Coop.open(here.store, surroundings(here.clock))
    await here.coop.start()
    await stall.until(laid_down + 5 * HOUR - 100)
    next_one = order(bid(laid_down + 21 * QUARTER, (100_000, 10)))
    assert await stall.say(home, next_one) == "late"
    await stall.until(laid_down + 5 * HOUR)
    assert await stall.say(home, next_one) is None
    await here.coop.close()
    await verify(here.store)
    assert await rebuild(here.store) == here.coop.position.size


async def test_a_clone_holds_new_orders_and_no_old_ones(stall: Stall) -> None:
    (home,) = await stall.welcome(1)
    assert await stall.say(home, order(bid(SOON, (100_000, 10)))) is None
    await stall.here.say(home.open("trading"))
    assert await stall.say(home, order(bid(SOON, (100_000, 20)))) == "orders-held"
    assert await stall.say(home, cancel((SOON, "bid"))) is None


async def test_an_order_and_what_holds_it_in_one_group_come_to_the_same_in_a_replay(
    stall: Stall,
) -> None:
    (home,) = await stall.welcome(1)
    clock = stall.here.clock
    clock.now += 1
    said = home.say("trading", order(bid(SOON, (100_000, 10))), clock.now)
    await stall.here.say(said, home.open("trading"))
    assert stall.balance(home).debits_pending == 10 * 100_000


async def test_who_is_suspended_wants_nothing_more(stall: Stall) -> None:
    (home,) = await stall.welcome(1)
    assert await stall.say(home, order(bid(SOON, (100_000, 10)))) is None
    flexible = FlexibleOrder(MARKET, 100, 3_000, 100_000, NOON, SOON + HOUR)
    assert await stall.say(home, flexible) is None
    await stall.here.act(Suspend(home.member))
    assert stall.here.coop.state.trading.trader(MARKET, home.member) is None
    assert stall.balance(home).debits_pending == 10 * 100_000
    assert await stall.say(home, order(bid(SOON, (100_000, 10)))) == "not-active"
    await stall.until(SOON - GATE)
    assert stall.balance(home).debits_pending == 0


@pytest.mark.parametrize(
    "wish",
    [
        order(ask(SOON, (350_000, 50))),
        standing("ask", (350_000, 50)),
        FlexibleOrder(MARKET, 50, 50, 100_000, NOON, SOON),
    ],
    ids=["order", "standing", "flexible"],
)
async def test_a_first_place_waits_where_orders_stand(stall: Stall, wish: Body) -> None:
    waiting, free = await stall.welcome(5, 5)
    assert await stall.say(waiting, wish) is None
    nothing = Place("all", participation=0)
    now = stall.here.clock.now
    for home in (waiting, free):
        await stall.here.act(PlaceMember(home.member, MARKET, nothing))
    placed = await stall.decisions("member_placed")
    starts = [one.lines[0]["start"] for one in placed]
    assert starts == [now + 8 * DAY, NOON + QUARTER]
    await stall.here.act(PlaceMember(waiting.member, MARKET, nothing, SOON))
    (refused,) = await stall.decisions("no_effect")
    assert refused.result["code"] == "parameters-invalid"


async def test_a_market_that_begins_in_weeks_takes_standing_orders(stall: Stall) -> None:
    (home,) = await stall.welcome(1)
    begins = NOON + 21 * DAY
    await stall.here.act(SetMarket("feeder", MarketRules(), begins))
    await stall.here.act(PlaceMember(home.member, MARKET, Place("all", participation=0)))
    await stall.here.act(PlaceMember(home.member, "feeder", Place("all")))
    assert await stall.say(home, order(bid(begins, (100_000, 1)), market="feeder")) == (
        "too-far-ahead"
    )
    early = FlexibleOrder("feeder", 1, 1, 100_000, NOON, NOON + DAY)
    assert await stall.say(home, early) == "late"
    wish = StandingOrder("feeder", "bid", ((100_000, 1),))
    assert await stall.say(home, wish) is None
    await stall.until(begins - DAY)
    (opened,) = await stall.decisions("opened")
    assert opened.result == {"market": "feeder", "start": begins}


async def test_a_member_has_so_many_flexible_orders_at_most(stall: Stall) -> None:
    (home,) = await stall.welcome(1)
    wish = FlexibleOrder(MARKET, 1, 1_000, 100_000, NOON, SOON + HOUR)
    codes = [await stall.say(home, wish) for _ in range(MAX_FLEXIBLE + 1)]
    assert codes == [None] * MAX_FLEXIBLE + ["too-much"]
