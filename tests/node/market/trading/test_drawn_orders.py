"""Whatever homes say and however time passes: books stay whole, and nothing is filled twice."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from depin_protocol.statements.bodies import Body
from depin_protocol.statements.trading import (
    COLUMNS,
    Cancellation,
    Curve,
    FlexibleOrder,
    Order,
    Side,
    StandingOrder,
)
from settlement_node.governance.community import Community
from tests.node.ledger.till import money
from tests.node.market.trading.rooms import Rooms
from tests.node.market.trading.stall import MARKET
from tests.node.village import FACTS
from tests.protocol.spoken import NOON, QUARTER, Home
from tests.protocol.spoken import windows as drawn_windows

HOMES = 4
SIDES: tuple[Side, ...] = tuple(COLUMNS)

near = st.integers(2, 6).map(lambda n: NOON + n * QUARTER)
far = st.integers(NOON - QUARTER, NOON + 8 * 96 * QUARTER)
fair = {
    "bid": st.integers(12, 30).map(lambda n: n * 10_000),
    "ask": st.integers(0, 18).map(lambda n: n * 10_000),
}
small = st.integers(1, 400)


def mostly(usual: st.SearchStrategy[int], rare: st.SearchStrategy[int]) -> st.SearchStrategy[int]:
    """Draw what is usual nearly always, since one step out of bounds undoes a whole order."""
    return st.integers(0, 19).flatmap(lambda chance: usual if chance else rare)


starts = mostly(near, far)
wild = st.integers(-(2**40), 2**40)
energies = mostly(small, st.integers(1, 2**29))


@st.composite
def steps(draw: st.DrawFn, side: Side) -> tuple[tuple[int, int], ...]:
    prices = st.sets(mostly(fair[side], wild), max_size=3)
    drawn = sorted(draw(prices), reverse=side == "bid")
    return tuple((price, draw(energies)) for price in drawn)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    slots = draw(st.sets(st.tuples(starts, st.sampled_from(SIDES)), min_size=1, max_size=4))
    ordered = sorted(slots, key=lambda slot: (slot[0], slot[1] == "ask"))
    return Order(MARKET, tuple(Curve(start, side, draw(steps(side))) for start, side in ordered))


@st.composite
def cancellations(draw: st.DrawFn) -> Cancellation:
    slots = draw(st.sets(st.tuples(starts, st.sampled_from(SIDES)), min_size=1, max_size=4))
    ordered = sorted(slots, key=lambda slot: (slot[0], slot[1] == "ask"))
    return Cancellation(MARKET, tuple(ordered), ())


@st.composite
def standing_orders(draw: st.DrawFn) -> StandingOrder:
    side = draw(st.sampled_from(SIDES))
    windows = draw(st.just(()) | drawn_windows())
    return StandingOrder(MARKET, side, draw(steps(side)), windows)


@st.composite
def flexible_orders(draw: st.DrawFn) -> FlexibleOrder:
    begin = draw(mostly(near, st.integers(1, NOON + 96 * QUARTER)))
    end = begin + draw(mostly(st.integers(1, 8 * QUARTER), st.integers(1, 10**14)))
    price = draw(mostly(fair["bid"], wild))
    return FlexibleOrder(MARKET, draw(energies), draw(energies), price, begin, end)


bodies = orders() | cancellations() | standing_orders() | flexible_orders()
pauses = mostly(st.integers(0, QUARTER), st.just(96 * QUARTER))
courses = st.lists(st.tuples(st.integers(0, HOMES - 1), bodies) | pauses, min_size=4, max_size=16)


@settings(max_examples=100, deadline=None)
@given(courses)
def test_whatever_is_said_the_books_stay_whole(
    course: list[tuple[int, Body] | int],
) -> None:
    community = Community()
    community.found(FACTS)
    rooms = Rooms(community)
    homes = [Home(number) for number in range(1, HOMES + 1)]
    for home in homes:
        rooms.join(home)
        home.open("trading")
    for step in course:
        if isinstance(step, int):
            rooms.wait(step)
        else:
            rooms.wait(1)
            rooms.say(homes[step[0]], step[1])
        rooms.check(homes)
        again = asyncio.run(rooms.again())
        assert again.trading.due_at == rooms.trading.due_at
        assert sorted(again.trading.state_rows(), key=repr) == sorted(
            rooms.trading.state_rows(), key=repr
        )
        rooms = again
    for _ in range(10):
        rooms.wait(QUARTER)
        rooms.check(homes)
    rooms.wait(96 * QUARTER)
    rooms.check(homes)
    for home in homes:
        held = rooms.ledger.ledger.balance(money(home)).debits_pending
        assert held == 0 or rooms.trading.trader(MARKET, home.member) is not None
