"""What a member's statement would alter, and why it may have no effect."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from depin_protocol.bounds import MAX_AMOUNT, MAX_ORDERS
from depin_protocol.clearing.rule import Rule
from depin_protocol.problems import ProblemCode
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.statements.trading import (
    Cancellation,
    FlexibleOrder,
    Order,
    StandingOrder,
)
from settlement_node.governance.community import Community
from settlement_node.instants import shown_time
from settlement_node.intake.said import Said
from settlement_node.market.rules.market import HORIZON, Market
from settlement_node.market.rules.room import RulesRoom
from settlement_node.market.trading.market_orders import STANDING_AHEAD, MarketOrders
from settlement_node.market.trading.objections import RefusedOrderError, TradingObjection
from settlement_node.market.trading.trader import Flexible, Standing, Steps, Trader

type IsMetered = Callable[[str, int, int], bool]
"""Tells whether a member has a grid meter in use from an instant to another."""

MAX_FLEXIBLE: Final = 16
"""Most flexible orders of a member at a time."""

type TradingBody = Order | Cancellation | StandingOrder | FlexibleOrder

NEW_ORDERS: Final = (Order, StandingOrder, FlexibleOrder)
"""What waits for the owner's answer while orders are held."""


@dataclass(slots=True)
class Wish:
    """What a statement makes of a member's orders, before anybody has asked for the money."""

    orders: MarketOrders
    trader: Trader
    starts: list[int] = field(default_factory=list)
    """The intervals in which other curves are in effect, in order."""
    placed: Flexible | None = None
    """A flexible order that is new."""
    withdrawn: tuple[str, ...] = ()
    """Flexible orders that are taken back."""
    passed: int = 0
    """Before this interval nothing is in turn any more, as far as this statement tells."""


class Weighing:
    """Looks at statements as they stand in the log, and alters nothing."""

    def __init__(self, community: Community, rules: RulesRoom, is_metered: IsMetered) -> None:
        """Look at the statements of this community by these rules."""
        self._community = community
        self._rules = rules
        self._is_metered = is_metered

    def wish(self, said: Said, body: TradingBody, orders: MarketOrders) -> Wish:
        """Return what a statement would alter, or raise a RefusedOrderError."""
        member = said.statement.header.member
        if said.held and isinstance(body, NEW_ORDERS):
            detail = "two chains of one stream are alive, or somebody else signed with this key"
            raise RefusedOrderError(TradingObjection.ORDERS_HELD, detail)
        held = orders.traders.get(member)
        trader = Trader(member) if held is None else held.copy()
        wish = Wish(orders, trader)
        first = self._first_open(said.at, member, orders.grid)
        pending = orders.next_gate()
        passed = orders.grid.open_from(said.at)
        wish.passed = passed if pending is None else min(passed, pending)
        match body:
            case Order():
                self._order(body, wish, first, said.at)
            case Cancellation():
                _cancel(body, wish, first)
            case StandingOrder():
                self._stand(body, wish, first, said.at)
            case FlexibleOrder():
                self._flexible(body, wish, first, said)
        for start in wish.starts:
            self._check_interval(wish, start)
        self._check_room(wish)
        return wish

    def check_steps(self, member: str, market: str, start: int, steps: Steps) -> MarketRules:
        """Return an interval's rules if they allow these steps, or raise a RefusedOrderError."""
        rules = self._rules.at(market, start)
        check_band(rules, start, steps)
        for price, energy in steps:
            if price % rules.tick:
                detail = f"a limit of {price} is no multiple of the tick {rules.tick}"
                raise RefusedOrderError(TradingObjection.OFF_TICK, detail)
            if energy % rules.lot_wh:
                detail = f"{energy} Wh is no multiple of the lot of {rules.lot_wh} Wh"
                raise RefusedOrderError(TradingObjection.OFF_LOT, detail)
        if sum(energy for _, energy in steps) > rules.most_wh:
            detail = f"more than {rules.most_wh} Wh on one side of {start}"
            raise RefusedOrderError(TradingObjection.TOO_MUCH, detail)
        if not self._rules.terms(member, market, start).participation:
            detail = f"the member has no place in the market {market} at {start}"
            raise RefusedOrderError(TradingObjection.NO_PLACE, detail)
        if steps and not self._is_metered(member, start, start + rules.interval):
            detail = f"without a grid meter in use at {start} nothing could be settled: declare one"
            raise RefusedOrderError(TradingObjection.NO_METER, detail)
        return rules

    def check_lots(self, rules: MarketRules, start: int, bids: Steps, asks: Steps) -> None:
        """Refuse more than one lot where McAfee's rule clears."""
        every = (*bids, *asks)
        if rules.clearing is Rule.MCAFEE and (
            len(every) > 1 or any(energy != rules.lot_wh for _, energy in every)
        ):
            detail = f"in {start} a member has one order of one lot of {rules.lot_wh} Wh"
            raise RefusedOrderError(TradingObjection.OFF_LOT, detail)

    def _first_open(self, at: int, member: str, grid: Market) -> int:
        """Return the first interval for which this member's orders still count."""
        start = grid.open_from(at)
        speaker = self._community.members[member]
        # Who can read the book, or could just now, has to speak before the others place theirs.
        while True:
            lead = grid.version(start).rules.lead
            if grid.gate_of(start) - lead > at or not speaker.has_read_orders(at - lead):
                return start
            start = grid.next(start)

    def _order(self, order: Order, wish: Wish, first: int, at: int) -> None:
        for start, side, steps in order.curves:
            if start < first:
                continue
            if not wish.orders.grid.is_start(start):
                detail = f"no interval of the market {order.market} begins at {start}"
                raise RefusedOrderError(TradingObjection.NO_INTERVAL, detail)
            _check_distance(start, at)
            self.check_steps(wish.trader.member, order.market, start, steps)
            wish.trader.curves.setdefault(start, {})[side] = steps
            if start not in wish.starts[-1:]:
                wish.starts.append(start)
        if not wish.starts:
            _raise_late(first)

    def _flexible(self, order: FlexibleOrder, wish: Wish, first: int, said: Said) -> None:
        _check_distance(order.end, said.at)
        grid = wish.orders.grid
        since = max(first, grid.start_of(max(order.begin, first)))
        if since >= order.end:
            _raise_late(first)
        rules = self._rules.at(order.market, since)
        # Whatever its limit is, it is placed at prices that the band and the tick allow.
        allowed = rules.band.low + -rules.band.low % rules.tick
        self.check_steps(wish.trader.member, order.market, since, ((allowed, rules.lot_wh),))
        if order.price < allowed:
            detail = f"its limit of {order.price} is below the band, which begins at {allowed}"
            raise RefusedOrderError(TradingObjection.OUTSIDE_BAND, detail)
        wanted = order.energy + sum(one.left for one in wish.trader.flexible.values())
        if wanted > rules.most_wh:
            detail = f"with other flexible orders it wants {wanted} Wh, over {rules.most_wh}"
            raise RefusedOrderError(TradingObjection.TOO_MUCH, detail)
        if rules.wants_whole_lots:
            detail = "a flexible order is placed in any Wh, and this market takes whole lots only"
            raise RefusedOrderError(TradingObjection.OFF_LOT, detail)
        if len(wish.trader.flexible) == MAX_FLEXIBLE:
            detail = f"the member has {MAX_FLEXIBLE} flexible orders: take one back"
            raise RefusedOrderError(TradingObjection.TOO_MUCH, detail)
        name = said.statement.hash
        wish.placed = Flexible(name, order, since, (said.at, said.index))
        wish.trader.flexible[name] = wish.placed

    def _stand(self, order: StandingOrder, wish: Wish, first: int, at: int) -> None:
        trader, side = wish.trader, order.side
        standing = Standing(first, order.steps, order.windows)
        self.check_steps(trader.member, order.market, first, order.steps)
        trader.stand(side, standing, wish.passed)
        for start in _open_intervals(wish.orders.grid, first, at + STANDING_AHEAD):
            curves = trader.curves.get(start, {})
            if curves.get(side, ()) is None:
                # It was held back here before; the new one may try again.
                del curves[side]
                if not curves:
                    del trader.curves[start]
            if side not in curves and standing.holds_in(start):
                self.check_steps(trader.member, order.market, start, order.steps)
                wish.starts.append(start)

    def _check_interval(self, wish: Wish, start: int) -> None:
        trader = wish.trader
        rules = self._rules.at(wish.orders.grid.name, start)
        self.check_lots(rules, start, trader.steps(start, "bid"), trader.steps(start, "ask"))
        members = len(self._community.members)
        if members * rules.most_wh * rules.exposure >= MAX_AMOUNT:
            detail = f"with {members} members most_wh of the market must be lowered first"
            raise RefusedOrderError(TradingObjection.BOOK_FULL, detail)

    def _check_room(self, wish: Wish) -> None:
        orders, trader = wish.orders, wish.trader
        held = sum(len(one.steps) for told in trader.standing.values() for one in told)
        held += 2 * len(trader.flexible)
        starts = wish.starts if wish.placed is None else [wish.placed.since]
        for start in starts:
            told = trader.curves.get(start, {})
            added = held + sum(len(steps or ()) for steps in told.values())
            if orders.steps_in(start) + added <= MAX_ORDERS:
                continue
            detail = f"a book holds at most {MAX_ORDERS} steps"
            raise RefusedOrderError(TradingObjection.BOOK_FULL, detail)


def check_band(rules: MarketRules, start: int, steps: Steps) -> None:
    """Raise a RefusedOrderError unless an interval's band allows these limits."""
    low, high = rules.band
    for price, _ in steps:
        if not low <= price <= high:
            detail = f"a limit of {price} is outside the band {low} to {high} of {start}"
            raise RefusedOrderError(TradingObjection.OUTSIDE_BAND, detail)


def _cancel(cancellation: Cancellation, wish: Wish, first: int) -> None:
    trader = wish.trader
    for start, side in cancellation.slots:
        curves = trader.curves.get(start, {})
        if start >= first and side in curves:
            del curves[side]
            if not curves:
                del trader.curves[start]
            if start not in wish.starts[-1:]:
                wish.starts.append(start)
    wish.withdrawn = tuple(name for name in cancellation.flexible if name in trader.flexible)
    for name in wish.withdrawn:
        del trader.flexible[name]
    if not wish.starts and not wish.withdrawn:
        detail = "none of these orders is in effect and before its gate"
        raise RefusedOrderError(TradingObjection.NOTHING_TO_CANCEL, detail)


def _open_intervals(grid: Market, first: int, until: int) -> Iterator[int]:
    start = first
    while start <= until:
        yield start
        start = grid.next(start)


def _check_distance(instant: int, at: int) -> None:
    if instant > at + HORIZON:
        detail = f"{instant} is more than 7 days after {at}, when it was logged"
        raise RefusedOrderError(TradingObjection.TOO_FAR_AHEAD, detail)


def _raise_late(first: int) -> None:
    detail = (
        f"the first interval that this member can still order for begins at {shown_time(first)}"
    )
    raise RefusedOrderError(ProblemCode.LATE, detail)
