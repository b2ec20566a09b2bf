"""What orders hold of their member's money, and what becomes of that at the gate."""

from collections.abc import Iterator, Sequence
from typing import Final

from depin_protocol.encoding import from_text, to_text
from depin_protocol.identifiers import HASH_LENGTH, ID_LENGTH
from depin_protocol.rules.market_rules import MarketRules
from settlement_node.intake.said import Said
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.codes import Code
from settlement_node.ledger.effects import money_of
from settlement_node.ledger.outcomes import Outcome
from settlement_node.ledger.reservations import (
    Holding,
    ReservationError,
    Step,
    ask_reserves,
    at_gate,
    bid_reserves,
    interval_reference,
    raised,
)
from settlement_node.ledger.room import LedgerRoom
from settlement_node.ledger.transfers import (
    Cause,
    Phase,
    Transfer,
    linked,
    transfer_id,
    void,
)
from settlement_node.market.rules.room import RulesRoom
from settlement_node.market.trading.objections import (
    RefusedOrderError,
    TradingObjection,
    unfunded,
)
from settlement_node.market.trading.trader import Flexible, Steps, Trader
from settlement_node.market.trading.weighing import Wish

_FLEXIBLE: Final = b"\x01"
"""What the reference of a flexible order's reservation begins with; an interval's with a 0."""
_NEVER: Final = 0


class Funding:
    """Asks the ledger for what orders may come to; nothing is booked here."""

    def __init__(self, ledger: LedgerRoom, rules: RulesRoom) -> None:
        """Ask this ledger, by these rules."""
        self._ledger = ledger
        self._rules = rules
        self._flexible: dict[str, bytes] = {}

    def reservations(self) -> Iterator[tuple[str, int, str, bytes]]:
        """Find each interval's reservations in the ledger: market, start, member and id."""
        self._flexible.clear()
        for held in self._ledger.ledger.reservations():
            if held.code is not Code.ORDER_RESERVATION:
                continue
            if held.reference.startswith(_FLEXIBLE):
                self._flexible[to_text(held.reference[1:])] = held.id
                continue
            start, market = int.from_bytes(held.reference[:8]), held.reference[8:].decode("ascii")
            member = to_text(self._ledger.ledger.name(held.debit).owner)
            yield market, start, member, held.id

    def note(self, transfers: Sequence[Transfer]) -> Iterator[tuple[int, str, bytes | None]]:
        """Keep in mind what was booked; give start, member and id of what stands for intervals."""
        for one in transfers:
            stands = one.phase is Phase.RESERVE
            if one.reference.startswith(_FLEXIBLE):
                name = to_text(one.reference[1:])
                if stands:
                    self._flexible[name] = one.id
                elif self._flexible.get(name) == one.reserved_by:
                    del self._flexible[name]
                continue
            member = to_text(self._ledger.ledger.name(one.debit).owner)
            yield int.from_bytes(one.reference[:8]), member, one.id if stands else None

    def for_wish(self, wish: Wish, said: Said) -> tuple[Transfer, ...]:
        """Return what has to be reserved or released, or raise a RefusedOrderError."""
        cause = Cause(from_text(said.statement.hash, HASH_LENGTH), said.at)
        transfers: list[Transfer] = []
        for start in wish.starts:
            held = wish.orders.reserved.get(start, {}).get(wish.trader.member)
            transfers += self.for_interval(wish.trader, wish.orders.grid.name, start, held, cause)
        if wish.placed is not None:
            placed = wish.placed
            transfers += self.for_flexible(wish.trader.member, placed, placed.since, cause)
        for name in wish.withdrawn:
            transfers += self.released(name, cause)
        chain = linked(transfers)
        self.check(chain, said.at)
        return chain

    def for_interval(
        self, trader: Trader, market: str, start: int, held: bytes | None, cause: Cause
    ) -> tuple[Transfer, ...]:
        """Return what has to be reserved for a member's interval."""
        rules = self._rules.at(market, start)
        bids, asks = trader.steps(start, "bid"), trader.steps(start, "ask")
        amount = _amount(bids, asks, rules)
        standing = None if held is None else self._ledger.ledger.reservation(held)
        holding = self._holding(trader.member, interval_reference(market, start))
        return raised(standing, holding, amount, cause)

    def for_flexible(
        self, member: str, one: Flexible, start: int, cause: Cause
    ) -> tuple[Transfer, ...]:
        """Return what has to be reserved for a flexible order by the rules of an interval."""
        held = self._flexible.get(one.name)
        standing = None if held is None else self._standing(held)
        holding = self._holding(member, _FLEXIBLE + from_text(one.name, HASH_LENGTH))
        return raised(standing, holding, self._flexible_amount(one, start), cause)

    def check(self, chain: tuple[Transfer, ...], at: int) -> None:
        """Raise a RefusedOrderError unless the ledger would do all of this."""
        for outcome in self._ledger.would(chain, at):
            if outcome not in {Outcome.CREATED, Outcome.LINKED_FAILED}:
                raise unfunded(outcome)

    def at_gate(self, held: bytes, cleared: int, at: int) -> tuple[Transfer, int]:
        """Return what ends a reservation for an interval, and how much of it is taken."""
        standing = self._standing(held)
        return at_gate(standing, cleared, at), min(cleared, standing.amount)

    def flexible_at_gate(
        self, one: Flexible, start: int, cleared: int, cause: Cause, *, goes_on: bool
    ) -> tuple[tuple[Transfer, ...], int, bool]:
        """Return what an interval makes of a flexible order's reservation, and how much it takes.

        And whether the order goes on: it ends when what is left of it can't be reserved again,
        since the account has gone below its limit meanwhile.
        """
        held = self._flexible.get(one.name)
        if held is None:
            return (), 0, goes_on
        standing = self._standing(held)
        ending, taken = self.at_gate(held, cleared, cause.at)
        rest = min(self._flexible_amount(one, start), standing.amount - taken) if goes_on else 0
        if not rest:
            return (ending,), taken, goes_on
        name = transfer_id(cause.at, b"reserve", cause.name, standing.reference)
        again = standing._replace(id=name, amount=rest, linked=False)
        chain = linked((ending, again))
        created = all(one is Outcome.CREATED for one in self._ledger.would(chain, cause.at))
        return (chain, taken, True) if created else ((ending,), taken, False)

    def released(self, name: str, cause: Cause) -> tuple[Transfer, ...]:
        """Return what releases a flexible order's reservation."""
        held = self._flexible.get(name)
        if held is None:
            return ()
        standing = self._standing(held)
        return (void(transfer_id(cause.at, b"release", cause.name, standing.id), standing),)

    def _flexible_amount(self, one: Flexible, start: int) -> int:
        rules = self._rules.at(one.order.market, start)
        return _amount(((one.order.price, one.left),), (), rules)

    def _standing(self, held: bytes) -> Transfer:
        standing = self._ledger.ledger.reservation(held)
        if standing is None:
            raise LookupError(f"reservation {held.hex()} does not stand any more")
        return standing

    def _holding(self, member: str, reference: bytes) -> Holding:
        reservations = self._number(AccountName(AccountKind.RESERVATIONS))
        return Holding(self._number(money_of(member)), reservations, reference, _NEVER)

    def _number(self, name: AccountName) -> int:
        number = self._ledger.ledger.number(name)
        if number is None:
            raise LookupError(f"there is no account {name}")
        return number


def bought_comes_to(price: int, energy: int, rules: MarketRules, returned: int) -> int:
    """Say what buying at a price can come to: used, with fees and VAT, or handed back."""
    return bid_reserves((Step(price, energy),), rules.charges, returned)


def sold_comes_to(price: int, energy: int, cover: int) -> int:
    """Say what selling at a price can come to, if nothing of it is delivered."""
    return ask_reserves((Step(price, energy),), cover)


def _amount(bids: Steps, asks: Steps, rules: MarketRules) -> int:
    try:
        bid = bid_reserves((Step(*step) for step in bids), rules.charges, rules.cheapest_return)
        return bid + ask_reserves((Step(*step) for step in asks), rules.dearest_cover)
    except ReservationError as error:
        raise RefusedOrderError(TradingObjection.TOO_MUCH, str(error)) from None


def member_cause(name: bytes, member: str, at: int) -> Cause:
    """Name what a decision books for one of several members."""
    return Cause(name + from_text(member, ID_LENGTH), at)
