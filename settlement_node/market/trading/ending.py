"""Ends what was reserved for an interval, and takes out of it what was cleared."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from settlement_node.ledger.reservations import interval_reference
from settlement_node.ledger.transfers import Transfer
from settlement_node.market.trading.clearing import Clearing, Fill
from settlement_node.market.trading.funding import (
    Funding,
    bought_comes_to,
    member_cause,
    sold_comes_to,
)
from settlement_node.market.trading.market_orders import MarketOrders


@dataclass(slots=True)
class Ending:
    """What becomes of reservations and of flexible orders at the end of an interval's trading."""

    transfers: list[Transfer] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)
    """What is taken of each member's money until it is settled."""
    given: dict[str, dict[str, int]] = field(default_factory=dict)
    """By member: the Wh that its flexible orders were given."""
    ended: dict[str, list[str]] = field(default_factory=dict)
    """By member: its flexible orders that end here."""


class Ender:
    """Works out the ending of one interval of a market."""

    def __init__(self, funding: Funding, orders: MarketOrders, start: int, at: int) -> None:
        """End this interval at an instant of the log."""
        self._funding = funding
        self._orders = orders
        self._start = start
        self._end = orders.grid.next(start)
        self._at = at
        self._ending = Ending()

    def end(self, fills: Mapping[str, Fill], clearing: Clearing | None) -> Ending:
        """Take what the fills come to, and release the rest; nothing is cleared of one voided."""
        reserved = self._orders.reserved.get(self._start, {})
        flexible = {name for name, one in self._orders.traders.items() if one.flexible}
        for member in sorted({*reserved, *flexible}):
            fill = fills.get(member)
            cleared = 0 if fill is None or clearing is None else _comes_to(fill, clearing)
            taken = 0
            if member in flexible:
                taken = self._end_flexible(member, fill, cleared, clearing)
            if member in reserved:
                left = max(0, cleared - taken)
                ending, more = self._funding.at_gate(reserved[member], left, self._at)
                self._ending.transfers.append(ending)
                taken += more
            if taken:
                self._ending.held[member] = taken
        return self._ending

    def _end_flexible(
        self, member: str, fill: Fill | None, cleared: int, clearing: Clearing | None
    ) -> int:
        """Take what flexible orders were given out of what they hold; return how much that is."""
        ending = self._ending
        reference = interval_reference(self._orders.grid.name, self._start)
        cause = member_cause(reference, member, self._at)
        taken = 0
        for one in self._orders.traders[member].flexible.values():
            given = 0 if fill is None else fill.flexible.get(one.name, 0)
            after = replace(one, taken=one.taken + given)
            goes_on = after.left > 0 and self._end < one.order.end
            if goes_on and not given:
                continue
            part = 0
            if given and fill is not None and clearing is not None:
                price = clearing.prices[fill.placed.zone].buyers or 0
                worth = bought_comes_to(price, given, clearing.rules, clearing.returned)
                part = min(cleared - taken, worth)
            booked, more, goes_on = self._funding.flexible_at_gate(
                after, self._start, part, cause, goes_on=goes_on
            )
            ending.transfers += booked
            taken += more
            if given:
                ending.given.setdefault(member, {})[one.name] = given
            if not goes_on:
                ending.ended.setdefault(member, []).append(one.name)
        return taken


def _comes_to(fill: Fill, clearing: Clearing) -> int:
    """Say what a member may owe for what it bought, or for what it sold and may not deliver."""
    buyers, sellers = clearing.prices[fill.placed.zone]
    net = fill.bought - fill.sold
    if net > 0 and buyers is not None:
        return bought_comes_to(buyers, net, clearing.rules, clearing.returned)
    if net < 0 and sellers is not None:
        return sold_comes_to(sellers, -net, clearing.cover)
    return 0
