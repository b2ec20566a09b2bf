"""The book of an interval: who has which orders in effect at its gate, in the tie order."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from depin_protocol.clearing.book import Book, Order
from depin_protocol.clearing.book_tree import BookTree, Context
from depin_protocol.clearing.flexible import Delivery, flexible_bid
from depin_protocol.clearing.pseudonym import pseudonym
from settlement_node.market.trading.trader import Flexible, Steps, Trader


@dataclass(slots=True)
class Placed:
    """A member's orders in the book of its zone, each side in the order of positions."""

    member: str
    pseudonym: bytes
    zone: str
    bids: Steps
    asks: Steps
    flexible: list[tuple[Flexible, int]] = field(default_factory=list)
    """What was placed for flexible orders: how many of the last steps of the bids are whose."""


@dataclass(frozen=True, slots=True)
class ZoneBook:
    """The orders of one zone, by their members in tie order."""

    context: Context
    placed: tuple[Placed, ...]
    book: Book

    @classmethod
    def of(cls, context: Context, placed: Iterable[Placed]) -> "ZoneBook":
        """Put orders into a book."""
        ordered = tuple(sorted(placed, key=lambda one: one.pseudonym))
        bids = [
            Order(energy, price, place)
            for place, one in enumerate(ordered)
            for price, energy in one.bids
        ]
        asks = [
            Order(energy, price, place)
            for place, one in enumerate(ordered)
            for price, energy in one.asks
        ]
        return cls(context, ordered, Book.of(bids, asks))

    def tree(self) -> BookTree:
        """Build the tree whose root stands for the book."""
        return BookTree.of(self.context, self.book, [one.pseudonym for one in self.placed])


def place(
    trader: Trader, delivery: Delivery, context: Context, salt: bytes, fill_up_to: int
) -> Placed | None:
    """Place what a member wants in an interval, bids with flexible orders up to so many Wh."""
    start = context.interval_start
    bids, asks = trader.steps(start, "bid"), trader.steps(start, "ask")
    placed = Placed(trader.member, pseudonym(salt, context.market, start), context.zone, bids, asks)
    room = fill_up_to - sum(energy for _, energy in bids)
    for one in sorted(trader.flexible.values(), key=lambda one: one.said):
        if one.since > start:
            continue
        steps = flexible_bid(one.order, one.taken, delivery)
        wanted = sum(energy for _, energy in steps)
        if steps and wanted <= room:
            room -= wanted
            placed.bids = (*placed.bids, *steps)
            placed.flexible.append((one, len(steps)))
    return placed if placed.bids or placed.asks else None
