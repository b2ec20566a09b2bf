"""What is decided about an interval: opened, repriced, its gate, cleared, or voided."""

from dataclasses import dataclass, field
from typing import Final

from depin_protocol.clearing.book_tree import Context
from depin_protocol.clearing.flexible import Delivery
from depin_protocol.encoding import to_text
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.statements.trading import Side
from settlement_node.governance.community import Community
from settlement_node.ledger.reservations import interval_reference
from settlement_node.ledger.transfers import Transfer
from settlement_node.log.entries import Decision
from settlement_node.market.rules.room import RulesRoom
from settlement_node.market.trading.cleared import Cleared, Traded
from settlement_node.market.trading.clearing import Fill, clear
from settlement_node.market.trading.ending import Ender, Ending
from settlement_node.market.trading.funding import Funding, member_cause
from settlement_node.market.trading.gathering import Placed, ZoneBook, place
from settlement_node.market.trading.market_orders import MarketOrders
from settlement_node.market.trading.objections import RefusedOrderError
from settlement_node.market.trading.repricing import Repricer
from settlement_node.market.trading.trader import SIDES, Trader, flat
from settlement_node.market.trading.weighing import Weighing

OPENED: Final = "opened"
REPRICED: Final = "repriced"
GATE: Final = "gate"
INTERVAL_CLEARED: Final = "cleared"
VOIDED: Final = "voided"


@dataclass(slots=True)
class Closing:
    """A decision that is due, and what it does; nothing is done before it is logged."""

    decision: Decision
    transfers: list[Transfer] = field(default_factory=list)
    held_back: dict[str, list[Side]] = field(default_factory=dict)
    """By member: sides that are kept out of the interval."""
    placed: list[Placed] = field(default_factory=list)
    """Whose orders are in the book."""
    ending: Ending = field(default_factory=Ending)
    cleared: Cleared | None = None


class Closings:
    """Finds out what an interval comes to, from the orders in effect and from the books."""

    def __init__(
        self, community: Community, rules: RulesRoom, funding: Funding, weighing: Weighing
    ) -> None:
        """Decide for this community, by these rules."""
        self._community = community
        self._rules = rules
        self._funding = funding
        self._weighing = weighing
        self._closed: tuple[str, int, dict[str, ZoneBook]] | None = None
        """The books that were closed last: nothing enters them until they are cleared."""

    def open_again(self) -> None:
        """Forget the books that were closed: something has changed since."""
        self._closed = None

    def opened(self, orders: MarketOrders, start: int, at: int) -> Closing:
        """Reserve for the standing orders that hold in an interval, or hold them back there."""
        market = orders.grid.name
        closing = Closing(Decision(OPENED, {}))
        lines: list[dict[str, object]] = []
        for member, trader in sorted(orders.traders.items()):
            if not any(_stands(trader, start, side) for side in SIDES):
                continue
            cause = member_cause(interval_reference(market, start), member, at)
            held = orders.reserved.get(start, {}).get(member)
            try:
                rules = self._rules.at(market, start)
                for side in SIDES:
                    steps = trader.steps(start, side)
                    rules = self._weighing.check_steps(member, market, start, steps)
                bids, asks = trader.steps(start, "bid"), trader.steps(start, "ask")
                self._weighing.check_lots(rules, start, bids, asks)
                chain = self._funding.for_interval(trader, market, start, held, cause)
                if chain:
                    self._funding.check(chain, at)
                    closing.transfers += chain
                    lines.append({"member": member, "reserved": chain[-1].amount})
            except RefusedOrderError as refused:
                told = trader.curves.get(start, {})
                closing.held_back[member] = [side for side in SIDES if side not in told]
                lines.append({"member": member, "refused": refused.code})
        closing.decision = Decision(OPENED, {"market": market, "start": start}, tuple(lines))
        return closing

    def repriced(self, orders: MarketOrders, start: int, at: int) -> Closing | None:
        """Reserve anew for prices that were declared since; None if all is reserved."""
        found = Repricer(self._rules, self._funding, orders, start, at).reprice()
        if not found.lines:
            return None
        result = {"market": orders.grid.name, "start": start}
        return Closing(
            Decision(REPRICED, result, tuple(found.lines)),
            found.transfers,
            found.held_back,
            ending=Ending(ended=found.ended),
        )

    def gate(self, orders: MarketOrders, start: int) -> Closing:
        """Close an interval's book."""
        market = orders.grid.name
        books = self._books(orders, start, self._rules.at(market, start))
        self._closed = market, start, books
        placed = [one for book in books.values() for one in book.placed]
        return Closing(Decision(GATE, {"market": market, "start": start}), placed=placed)

    def voided(self, orders: MarketOrders, start: int, at: int) -> Closing:
        """Give up an interval that has ended uncleared."""
        decision = Decision(VOIDED, {"market": orders.grid.name, "start": start})
        books = self._books(orders, start, self._rules.at(orders.grid.name, start))
        placed = [one for book in books.values() for one in book.placed]
        ending = Ender(self._funding, orders, start, at).end({}, None)
        return Closing(decision, ending.transfers, placed=placed, ending=ending)

    def cleared(self, orders: MarketOrders, start: int, at: int) -> Closing:
        """Clear an interval whose book is closed."""
        market = orders.grid.name
        rules = self._rules.at(market, start)
        closed, self._closed = self._closed, None
        if closed is None or closed[:2] != (market, start):
            closed = market, start, self._books(orders, start, rules)
        clearing = clear(closed[2], rules)
        fills = {fill.placed.member: fill for fill in clearing.fills}
        ending = Ender(self._funding, orders, start, at).end(fills, clearing)
        lines = [_line(fill, ending) for fill in clearing.fills]
        if not clearing.all_shown:
            lines.insert(0, {"figures": clearing.for_members()})
        result = {"market": market, "start": start, **clearing.public()}
        members = {
            name: Traded(fill.placed.zone, fill.bought, fill.sold, ending.held.get(name, 0))
            for name, fill in fills.items()
            if fill.bought or fill.sold
        }
        return Closing(
            Decision(INTERVAL_CLEARED, result, tuple(lines)),
            ending.transfers,
            placed=[fill.placed for fill in clearing.fills],
            ending=ending,
            cleared=Cleared(market, start, clearing.prices, clearing.fees, clearing.rent, members),
        )

    def _books(self, orders: MarketOrders, start: int, rules: MarketRules) -> dict[str, ZoneBook]:
        market = orders.grid.name
        delivery = Delivery(start, rules.interval, *rules.band, rules.tick)
        contexts = {zone.name: Context(market, start, zone.name) for zone in rules.zones.zones}
        by_zone: dict[str, list[Placed]] = {zone: [] for zone in contexts}
        for member, trader in orders.traders.items():
            terms = self._rules.terms(member, market, start)
            salt = self._community.members[member].pseudonym_salt
            # A flexible order may have come to rules, or a place, that did not hold when it came.
            allowed = bool(terms.participation) and not rules.wants_whole_lots
            fill_up_to = rules.most_wh if allowed else 0
            placed = place(trader, delivery, contexts[terms.zone], salt, fill_up_to)
            if placed is not None:
                by_zone[terms.zone].append(placed)
        return {zone: ZoneBook.of(contexts[zone], placed) for zone, placed in by_zone.items()}


def _stands(trader: Trader, start: int, side: Side) -> bool:
    """Tell whether a standing order holds on a side, since there is no other."""
    return side not in trader.curves.get(start, {}) and bool(trader.standing_steps(start, side))


def _line(fill: Fill, ending: Ending) -> dict[str, object]:
    """Say what a member had in the book, and what came of it."""
    placed = fill.placed
    member = placed.member
    line: dict[str, object] = {
        "member": member,
        "pseudonym": to_text(placed.pseudonym),
        "zone": placed.zone,
        "bids": flat(placed.bids),
        "asks": flat(placed.asks),
        "bought": fill.bought,
        "sold": fill.sold,
        "held": ending.held.get(member, 0),
    }
    if placed.flexible:
        line["flexible"] = [
            [one.name, steps, fill.flexible[one.name]] for one, steps in placed.flexible
        ]
    if member in ending.ended:
        line["ended"] = ending.ended[member]
    return line
