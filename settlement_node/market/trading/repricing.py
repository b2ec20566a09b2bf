"""Looks at an interval's orders once more before its gate: prices were declared since they came."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from depin_protocol.statements.trading import Side
from settlement_node.ledger.reservations import interval_reference
from settlement_node.ledger.transfers import Cause, Transfer, linked
from settlement_node.market.rules.room import RulesRoom
from settlement_node.market.trading.funding import Funding, member_cause
from settlement_node.market.trading.market_orders import MarketOrders
from settlement_node.market.trading.objections import RefusedOrderError
from settlement_node.market.trading.trader import SIDES, Flexible, Trader
from settlement_node.market.trading.weighing import check_band


@dataclass(slots=True)
class Repriced:
    """What has to be reserved anew, and what loses its effect."""

    lines: list[dict[str, object]] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    held_back: dict[str, list[Side]] = field(default_factory=dict)
    """By member: sides that the band or the money keeps out of the interval."""
    ended: dict[str, list[str]] = field(default_factory=dict)
    """By member: flexible orders for which the money no longer reaches."""


class Repricer:
    """Goes through an interval's orders by the prices that hold at its gate."""

    def __init__(
        self, rules: RulesRoom, funding: Funding, orders: MarketOrders, start: int, at: int
    ) -> None:
        """Look at an interval of a market at an instant of the log."""
        self._rules = rules.at(orders.grid.name, start)
        self._funding = funding
        self._orders = orders
        self._start = start
        self._at = at
        self._repriced = Repriced()

    def reprice(self) -> Repriced:
        """Return what is to be done; once it is done, that is nothing."""
        for _, trader in sorted(self._orders.traders.items()):
            # A flexible order reserved by the rules of its first interval, and others may follow.
            if self._rules.series or trader.flexible:
                self._look_at(trader)
        return self._repriced

    def _look_at(self, trader: Trader) -> None:
        """Keep what the band still allows, and reserve for it as far as the money reaches."""
        market, member = self._orders.grid.name, trader.member
        cause = member_cause(b"reprice" + interval_reference(market, self._start), member, self._at)
        kept = self._within_band(trader)
        chain: tuple[Transfer, ...] = ()
        held = self._orders.reserved.get(self._start, {}).get(member)
        try:
            more = self._funding.for_interval(kept, market, self._start, held, cause)
            chain = self._reserve(chain, more, {"member": member})
        except RefusedOrderError as refused:
            sides = [side for side in SIDES if kept.steps(self._start, side)]
            self._hold_back(member, sides, refused)
        for one in self._flexible(trader):
            line: dict[str, object] = {"member": member, "flexible": one.name}
            try:
                more = self._funding.for_flexible(member, one, self._start, cause)
                chain = self._reserve(chain, more, line)
            except RefusedOrderError as refused:
                self._end(member, one, refused, cause)
        self._repriced.transfers += chain

    def _within_band(self, trader: Trader) -> Trader:
        """Return the trader without the curves that a band declared after them excludes."""
        kept = trader
        for side in SIDES:
            try:
                check_band(self._rules, self._start, trader.steps(self._start, side))
            except RefusedOrderError as refused:
                self._hold_back(trader.member, [side], refused)
                kept = kept.copy()
                kept.hold_back(self._start, [side])
        return kept

    def _flexible(self, trader: Trader) -> Iterator[Flexible]:
        """Give the flexible orders that can be placed in the interval, in the order of the log."""
        for one in sorted(trader.flexible.values(), key=lambda one: one.said):
            if one.since <= self._start < one.order.end:
                yield one

    def _reserve(
        self, chain: tuple[Transfer, ...], more: tuple[Transfer, ...], line: dict[str, object]
    ) -> tuple[Transfer, ...]:
        """Return a member's chain with more in it, or raise a RefusedOrderError."""
        if not more:
            return chain
        longer = linked((*chain, *more))
        self._funding.check(longer, self._at)
        self._repriced.lines.append({**line, "reserved": more[-1].amount})
        return longer

    def _hold_back(self, member: str, sides: Sequence[Side], refused: RefusedOrderError) -> None:
        self._repriced.held_back.setdefault(member, []).extend(sides)
        line: dict[str, object] = {"member": member, "sides": list(sides)}
        self._repriced.lines.append({**line, "refused": refused.code})

    def _end(self, member: str, one: Flexible, refused: RefusedOrderError, cause: Cause) -> None:
        self._repriced.ended.setdefault(member, []).append(one.name)
        self._repriced.transfers += self._funding.released(one.name, cause)
        line: dict[str, object] = {"member": member, "flexible": one.name}
        self._repriced.lines.append({**line, "refused": refused.code})
