"""Whatever is declared, clears, and is metered: trades cost nobody more than is held."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depin_protocol.clearing.rule import Rule
from depin_protocol.clearing.zone_tree import Way, Zone, ZoneTree
from depin_protocol.rules.market_rules import Band, MarketRules
from depin_protocol.settlement.trades import Position, References, cancel_own, settle_trades
from depin_protocol.statements.trading import Curve, FlexibleOrder, Order, Side
from settlement_node.governance.community import Community
from tests.node.market.trading.rooms import Rooms
from tests.node.market.trading.stall import MARKET
from tests.node.village import FACTS
from tests.protocol.spoken import NOON, QUARTER, Home

HOMES = 6
START = NOON + 2 * QUARTER
TICK = 100
LOT = 50
DECLARED = ("band_low", "band_high", "retail", "feed_in")

bands = st.tuples(st.integers(-8, 8), st.integers(0, 12)).map(
    lambda drawn: Band(drawn[0] * 1_000, (drawn[0] + drawn[1]) * 1_000)
)
references = st.tuples(st.integers(-9, 9), st.integers(0, 9)).map(
    lambda drawn: References((drawn[0] + drawn[1]) * 1_000, drawn[0] * 1_000)
)
energies = st.sampled_from([0, 1, 40, 50, 100, 1_000])
ways = st.builds(Way, st.sampled_from([0, 0, 100, 3_000]), st.sampled_from([0, 0, 30, 10_000]))


@st.composite
def trees(draw: st.DrawFn) -> ZoneTree:
    names = ["top", "east", "west", "far"][: draw(st.integers(1, 4))]
    below = [
        Zone(name, names[draw(st.integers(0, place))], draw(ways), draw(ways))
        for place, name in enumerate(names[1:])
    ]
    return ZoneTree((Zone("top"), *below))


@st.composite
def rules(draw: st.DrawFn) -> MarketRules:
    """Draw the rules of a market without charges, of zones or of single lots."""
    series = frozenset(draw(st.sets(st.sampled_from(DECLARED))))
    drawn = MarketRules(
        band=draw(bands), references=draw(references), tick=TICK, k=1, series=series
    )
    if draw(st.booleans()):
        return replace(drawn, zones=draw(trees()))
    return replace(drawn, clearing=Rule.MCAFEE, lot_wh=LOT)


def order_of(draw: st.DrawFn, side: Side, drawn: MarketRules) -> Order | FlexibleOrder:
    low, high = (price // TICK for price in drawn.band)
    price = TICK * draw(st.sampled_from([low, high]) | st.integers(low, high))
    wh = LOT if drawn.clearing is Rule.MCAFEE else max(1, draw(energies))
    if side == "bid" and drawn.clearing is Rule.UNIFORM and draw(st.integers(0, 3)) == 0:
        return FlexibleOrder(MARKET, wh, 4 * wh, price, START, START + 2 * QUARTER)
    return Order(MARKET, (Curve(START, side, ((price, wh),)),))


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(rules(), st.data())
def test_no_trade_costs_more_than_its_orders_hold(drawn: MarketRules, data: st.DataObject) -> None:
    community = Community()
    community.found(replace(FACTS, rules=drawn))
    rooms = Rooms(community)
    homes = [Home(number) for number in range(1, HOMES + 1)]
    for home in homes:
        rooms.join(home)
        home.open("trading")
        rooms.place(home, data.draw(st.sampled_from(sorted(drawn.zone_names))))
    for number, home in enumerate(homes):
        rooms.say(home, data.draw(st.composite(order_of)(("ask", "bid")[number % 2], drawn)))
    for name in sorted(drawn.series):
        rooms.declare(name, START, 1_000 * data.draw(st.integers(-12, 18)))
    rooms.wait(START - drawn.gate - rooms.at)
    cleared = rooms.trading.cleared(MARKET, START)
    if cleared is None:
        return
    traded = [cleared.members.get(home.member) for home in homes]
    settled = settle_trades(
        [
            Position(bought, sold, price or 0, data.draw(energies), data.draw(energies))
            for one in traded
            for bought, sold in [cancel_own(one.bought, one.sold) if one else (0, 0)]
            for price in [(cleared.prices[one.zone][0 if bought else 1]) if one else 0]
        ],
        rooms.rules.at(MARKET, START).references,
    )
    rooms.check(homes)
    for one, line in zip(traded, settled.lines, strict=True):
        assert line.pays - line.receives <= (0 if one is None else one.held)
