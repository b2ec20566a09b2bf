"""Trading as one of the rooms that a co-op consists of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from depin_protocol.encoding import from_text
from depin_protocol.events import EventKind
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.trading import (
    Cancellation,
    FlexibleOrder,
    Order,
    StandingOrder,
)
from settlement_node.governance.community import Community
from settlement_node.governance.objections import Objection, no_effect
from settlement_node.intake.said import Effects, Said, Telling
from settlement_node.ledger.room import LedgerRoom
from settlement_node.ledger.transfers import Transfer
from settlement_node.log.entries import Decision, DecisionError
from settlement_node.market.rules.room import RulesRoom
from settlement_node.market.trading.cleared import CLEARED, Cleared
from settlement_node.market.trading.closing import (
    GATE,
    INTERVAL_CLEARED,
    OPENED,
    REPRICED,
    VOIDED,
    Closing,
    Closings,
)
from settlement_node.market.trading.ending import Ending
from settlement_node.market.trading.funding import Funding, member_cause
from settlement_node.market.trading.market_orders import STANDING_AHEAD, TURN, MarketOrders
from settlement_node.market.trading.objections import RefusedOrderError
from settlement_node.market.trading.trader import TRADER, Trader
from settlement_node.market.trading.weighing import IsMetered, Weighing, Wish
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Delete, Put, Row, Table, integers, text

INTERVAL: Final = Table("market_interval", (*text("market"), *integers("start")), integers("index"))
"""Which entry says what an interval was cleared to, or that it was voided."""

_SETTLED: Final = "settled"
_SILENCED: Final = frozenset(("suspended", "left"))


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A statement that was found to have its effect, and what that books."""

    index: int
    wish: Wish
    transfers: tuple[Transfer, ...]


class TradingRoom:
    """Orders in effect until their gate, and what each gate made of them until it is settled."""

    kinds: Final = frozenset((OPENED, REPRICED, GATE, INTERVAL_CLEARED, VOIDED))
    actions: Final[frozenset[str]] = frozenset()
    tables: Final[tuple[Table, ...]] = (TRADER, TURN, CLEARED, INTERVAL)

    def __init__(
        self, community: Community, ledger: LedgerRoom, rules: RulesRoom, is_metered: IsMetered
    ) -> None:
        """Trade in the markets of this community."""
        self._community = community
        self._ledger = ledger
        self._rules = rules
        self._weighing = Weighing(community, rules, is_metered)
        self._funding = Funding(ledger, rules)
        self._closings = Closings(community, rules, self._funding, self._weighing)
        self._markets: dict[str, MarketOrders] = {}
        self._cleared: dict[tuple[str, int], Cleared] = {}
        self._weighed: _Weighed | None = None
        self._due: tuple[int, Closing] | None = None

    def cleared(self, market: str, start: int) -> Cleared | None:
        """Return what an interval was cleared to, until it is settled; None if nobody traded."""
        return self._cleared.get((market, start))

    def unsettled(self) -> list[tuple[str, int]]:
        """Name the intervals that were cleared and are not settled."""
        return sorted(self._cleared)

    def trader(self, market: str, member: str) -> Trader | None:
        """Return what a member wants in a market."""
        orders = self._markets.get(market)
        return None if orders is None else orders.traders.get(member)

    def has_orders(self, market: str, member: str, first: int) -> bool:
        """Tell whether a member wants anything in a market from an interval on."""
        trader = self.trader(market, member)
        if trader is None:
            return False
        return bool(trader.standing or trader.flexible) or max(trader.curves, default=0) >= first

    def orders(self, market: str) -> MarketOrders:
        """Return a market's orders; KeyError if there is no such market."""
        held = self._markets.get(market)
        if held is None:
            held = self._markets[market] = MarketOrders(self._rules.grid(market))
        return held

    async def load(self, view: View) -> None:
        """Take the state from its rows; the ledger and the rules have theirs."""
        if not self._community.founded:
            return
        async for row in every_row(view, TURN):
            self.orders(str(row[0])).read(row)
        async for row in every_row(view, TRADER):
            orders = self.orders(str(row[0]))
            orders.add(Trader.read(row, orders.gated))
        async for row in every_row(view, CLEARED):
            cleared = Cleared.read(row)
            self._cleared[cleared.market, cleared.start] = cleared
        for market, start, member, name in self._funding.reservations():
            self.orders(market).reserved.setdefault(start, {})[member] = name

    def state_rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row of the state as it stands."""
        for orders in self._markets.values():
            if orders.gated:
                yield TURN, orders.row()
            for trader in orders.traders.values():
                if trader.row is not None:
                    yield TRADER, trader.row
        for cleared in self._cleared.values():
            yield CLEARED, cleared.row()

    def concerns(self, said: Said) -> bool:
        """Tell whether a statement is an order, or takes one back."""
        return isinstance(said.statement.body, Order | Cancellation | StandingOrder | FlexibleOrder)

    def following(self, said: Said) -> list[Decision]:
        """Return why an order has no effect; one that has it needs no decision."""
        self._weighed = None
        body = said.statement.body
        if not isinstance(body, Order | Cancellation | StandingOrder | FlexibleOrder):
            return []
        try:
            wish = self._weighing.wish(said, body, self._named(body.market))
            self._weighed = _Weighed(said.index, wish, self._funding.for_wish(wish, said))
        except RefusedOrderError as refused:
            return [no_effect(said, refused.code, refused.detail)]
        return []

    def take(self, said: Said) -> tuple[Change, ...]:
        """Let an order be in effect."""
        weighed = self._weighed
        if weighed is None or weighed.index != said.index:
            return ()
        self._weighed = self._due = None
        self._closings.open_again()
        wish, orders = weighed.wish, weighed.wish.orders
        changes = self._book(orders, weighed.transfers, index=said.index, at=said.at)
        changes += self._write(orders, wish.trader)
        if not isinstance(said.statement.body, Order | Cancellation):
            orders.pass_by(wish.passed)
            # A market may begin only later.
            seen = max(said.at + STANDING_AHEAD + 1, orders.grid.versions[0].start)
            orders.opened = max(orders.opened, orders.grid.start_after(seen))
            changes.append(Put(TURN, [orders.row()]))
        return tuple(changes)

    def overdue(self, at: int) -> Decision | None:
        """Return the next opening, gate or clearing that is due."""
        if self._due is None or self._due[0] != at:
            closing = self._find_due(at)
            self._due = None if closing is None else (at, closing)
        return None if self._due is None else self._due[1].decision

    @property
    def due_at(self) -> int | None:
        """When the next opening or gate is due."""
        return min((turn[0] for turn in self._turns()), default=None)

    def check_free(self, decision: Decision, at: int) -> None:
        """Check a decision that nothing in the log called for, or raise a DecisionError."""
        raise DecisionError(f"nothing that precedes {at} calls for the decision {decision.kind}")

    def apply(self, decision: Decision, *, name: str, index: int, at: int) -> Effects:
        """Let a decision take effect."""
        if self._due is None or self._due[1].decision != decision:
            raise DecisionError(f"{decision.kind} is not what is due at {at}")
        due, self._due = self._due[1], None
        market, start = str(decision.result["market"]), decision.result["start"]
        if not isinstance(start, int):
            raise DecisionError(f"{decision.kind} names no interval")
        orders = self.orders(market)
        changes = self._book(orders, due.transfers, index=index, at=at)
        if decision.kind == OPENED:
            changes += self._hold_back(orders, start, due)
            orders.opened = orders.grid.next(start)
        elif decision.kind == REPRICED:
            self._closings.open_again()
            changes += self._hold_back(orders, start, due) + self._end_flexible(orders, due.ending)
        elif decision.kind == GATE:
            orders.closing = start
            orders.gated = max(orders.gated, start)
        else:
            changes += self._close(orders, start, due, index)
        changes.append(Put(TURN, [orders.row()]))
        return Effects(tuple(changes), _tellings(due, name, market, start))

    def hear(self, decision: Decision, *, index: int, at: int) -> Effects:
        """Take back the orders of who may trade no more; let go of what is settled."""
        self._due = None
        self._closings.open_again()
        changes: list[Change] = []
        if decision.kind in _SILENCED:
            changes += self._silence(str(decision.lines[0]["member"]), index, at)
        elif decision.kind == _SETTLED:
            market, start = str(decision.result["market"]), decision.result["start"]
            if isinstance(start, int) and (market, start) in self._cleared:
                del self._cleared[market, start]
                changes.append(Delete(CLEARED, [(market, start)]))
        return Effects(tuple(changes))

    async def look_up(self, said: Sequence[Statement], view: View, *, size: int, at: int) -> None:
        """Bring near what deciding takes: all of it is in memory."""

    def forget(self, at: int) -> None:
        """Let go of what was brought near: nothing was."""

    def _named(self, market: str) -> MarketOrders:
        if market not in self._rules.markets():
            raise RefusedOrderError(Objection.NO_SUCH_MARKET, f"the co-op has no market {market}")
        return self.orders(market)

    def _turns(self) -> Iterator[tuple[int, int, str, int]]:
        """Give what each market waits for: when, whether opening or gate, where, which interval."""
        for market, orders in self._markets.items():
            if orders.closing is not None:
                yield 0, 1, market, orders.closing
                continue
            opening, gate = orders.next_opening(), orders.next_gate()
            if opening is not None:
                yield opening - STANDING_AHEAD, 0, market, opening
            if gate is not None:
                yield orders.grid.gate_of(gate), 1, market, gate

    def _find_due(self, at: int) -> Closing | None:
        for moment, is_gate, market, start in sorted(self._turns()):
            orders = self._markets[market]
            has_ended = orders.grid.next(start) <= at
            if moment > at:
                return None
            if orders.closing is not None:
                return self._closings.cleared(orders, start, at)
            if not is_gate and not has_ended:
                return self._closings.opened(orders, start, at)
            if is_gate and has_ended:
                return self._closings.voided(orders, start, at)
            if is_gate:
                repriced = self._closings.repriced(orders, start, at)
                return repriced or self._closings.gate(orders, start)
        return None

    def _hold_back(self, orders: MarketOrders, start: int, due: Closing) -> list[Change]:
        changes: list[Change] = []
        for member, sides in due.held_back.items():
            trader = orders.traders[member].copy()
            trader.hold_back(start, sides)
            changes += self._write(orders, trader)
        return changes

    def _close(self, orders: MarketOrders, start: int, due: Closing, index: int) -> list[Change]:
        market = orders.grid.name
        orders.closing = None
        orders.pass_by(orders.grid.next(start))
        changes: list[Change] = [Put(INTERVAL, [(market, start, index)])]
        if due.cleared is not None:
            self._cleared[market, start] = due.cleared
            changes.append(Put(CLEARED, [due.cleared.row()]))
        return changes + self._end_flexible(orders, due.ending)

    def _end_flexible(self, orders: MarketOrders, ending: Ending) -> list[Change]:
        """Write down what flexible orders were given, and which of them are over."""
        changes: list[Change] = []
        for member in sorted({*ending.given, *ending.ended}):
            trader = orders.traders[member].copy()
            for name, given in ending.given.get(member, {}).items():
                one = trader.flexible[name]
                trader.flexible[name] = replace(one, taken=one.taken + given)
            for name in ending.ended.get(member, ()):
                del trader.flexible[name]
            changes += self._write(orders, trader)
        return changes

    def _silence(self, member: str, index: int, at: int) -> list[Change]:
        """Take back all that a member wants; what is reserved for intervals ends at their gates."""
        changes: list[Change] = []
        for market, orders in sorted(self._markets.items()):
            trader = orders.traders.get(member)
            if trader is None:
                continue
            cause = member_cause(b"silenced", member, at)
            transfers = [
                one for name in trader.flexible for one in self._funding.released(name, cause)
            ]
            changes += self._book(orders, transfers, index=index, at=at)
            orders.remove(member)
            changes.append(Delete(TRADER, [(market, from_text(member, ID_LENGTH))]))
        return changes

    def _write(self, orders: MarketOrders, trader: Trader) -> list[Change]:
        key = (orders.grid.name, from_text(trader.member, ID_LENGTH))
        if trader.wants_nothing:
            orders.remove(trader.member)
            return [Delete(TRADER, [key])]
        trader.row = trader.written(orders.grid.name)
        orders.add(trader)
        return [Put(TRADER, [trader.row])]

    def _book(
        self, orders: MarketOrders, transfers: Sequence[Transfer], *, index: int, at: int
    ) -> list[Change]:
        if not transfers:
            return []
        changes = self._ledger.book(transfers, index=index, at=at)
        for start, member, name in self._funding.note(transfers):
            reserved = orders.reserved.setdefault(start, {})
            if name is None:
                reserved.pop(member, None)
            else:
                reserved[member] = name
            if not reserved:
                del orders.reserved[start]
        return list(changes)


def _tellings(due: Closing, name: str, market: str, start: int) -> tuple[Telling, ...]:
    decision = due.decision
    data: dict[str, object] = {"decision": name, "market": market, "start": start}
    match decision.kind:
        case "opened" | "repriced":
            kind = {"kind": decision.kind}
            return tuple(
                Telling(str(line["member"]), EventKind.DECISION, {**kind, **data, **line})
                for line in decision.lines
                if "refused" in line
            )
        case "gate":
            return tuple(Telling(one.member, EventKind.GATE, data) for one in due.placed)
        case "voided":
            return tuple(
                Telling(one.member, EventKind.CLEARED, {**data, "voided": True})
                for one in due.placed
            )
    told = []
    if due.cleared is not None:
        for one in due.placed:
            buyers, sellers = due.cleared.prices[one.zone]
            traded = due.cleared.members.get(one.member)
            figures = {
                "zone": one.zone,
                "buyers": buyers,
                "sellers": sellers,
                "bought": 0 if traded is None else traded.bought,
                "sold": 0 if traded is None else traded.sold,
            }
            told.append(Telling(one.member, EventKind.CLEARED, {**data, **figures}))
    return tuple(told)
