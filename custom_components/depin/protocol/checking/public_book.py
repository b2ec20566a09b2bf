"""A whole book as members may read it, and what it clears to when it is cleared again."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ..bounds import MAX_ENERGY, MAX_ORDERS, MAX_PRICE
from ..clearing.book import Book, BookError, Integers, Order
from ..clearing.book_tree import BookTree, Context
from ..clearing.mcafee import clear_by_reduction
from ..clearing.rule import Rule
from ..clearing.uniform import Limits
from ..clearing.zones import clear_market
from ..encoding import from_text, to_text
from ..identifiers import HASH_LENGTH
from ..rules.market_rules import MarketRules
from ..statements.fields import HASH, MARKET, BodyError, Fields, integer
from .verdicts import UnshownError

type Steps = tuple[tuple[int, int], ...]

_NO_LIMITS: Final[Limits] = (None, None)


class BookOrder(NamedTuple):
    """What one member wants in a zone."""

    pseudonym: bytes
    zone: str
    bids: Steps
    asks: Steps

    def to_json(self) -> dict[str, object]:
        """Return what is written of it."""
        return {
            "pseudonym": to_text(self.pseudonym),
            "zone": self.zone,
            "bids": [number for step in self.bids for number in step],
            "asks": [number for step in self.asks for number in step],
        }


class OwnFill(NamedTuple):
    """What one member wanted, and what of it was filled."""

    bids: Steps
    asks: Steps
    bought: int
    sold: int


class BookZone(NamedTuple):
    """What one zone clears to."""

    root: bytes
    limits: Limits
    buyers: int | None
    sellers: int | None
    bought: int
    sold: int
    flow: int | None
    fills: Mapping[bytes, OwnFill]


def read_orders(value: object, path: str) -> tuple[BookOrder, ...]:
    """Read all orders of a market's books."""
    if not isinstance(value, list) or len(value) > MAX_ORDERS:
        msg = f"{path} is no list of at most {MAX_ORDERS} orders"
        raise BodyError(msg)
    return tuple(_read_order(one, f"{path}[{at}]") for at, one in enumerate(value))


def read_steps(value: object, path: str) -> Steps:
    """Read price, Wh, price, Wh ..."""
    if not isinstance(value, list) or len(value) % 2 or len(value) > 2 * MAX_ORDERS:
        msg = f"{path} is not price, Wh, price, Wh"
        raise BodyError(msg)
    return tuple(
        (
            integer(value[at], f"{path}[{at}]", -MAX_PRICE, MAX_PRICE),
            integer(value[at + 1], f"{path}[{at + 1}]", 1, MAX_ENERGY),
        )
        for at in range(0, len(value), 2)
    )


def recleared(
    market: str, start: int, orders: Sequence[BookOrder], rules: MarketRules
) -> dict[str, BookZone]:
    """Clear the books of all zones again."""
    of_zone: dict[str, list[BookOrder]] = {zone.name: [] for zone in rules.zones.zones}
    for one in sorted(orders, key=lambda one: one.pseudonym):
        if one.zone not in of_zone:
            msg = f"the node shows an order in a zone {one.zone} that the market has not"
            raise UnshownError(msg)
        of_zone[one.zone].append(one)
    try:
        books = {zone: _book(of) for zone, of in of_zone.items()}
        roots = {
            zone: BookTree.of(
                Context(market, start, zone), books[zone], [one.pseudonym for one in of]
            ).root
            for zone, of in of_zone.items()
        }
        if rules.clearing is Rule.MCAFEE:
            return _by_reduction(of_zone, books, roots, rules)
        return _at_one_price(of_zone, books, roots, rules)
    except (BookError, ValueError) as error:
        msg = f"the orders that the node shows make no book: {error}"
        raise UnshownError(msg) from error


def _at_one_price(
    of_zone: Mapping[str, Sequence[BookOrder]],
    books: Mapping[str, Book],
    roots: Mapping[str, bytes],
    rules: MarketRules,
) -> dict[str, BookZone]:
    cleared = clear_market(rules.zones, books, rules.seller_share)
    flows = cleared.outcome.flows
    return {
        zone: BookZone(
            roots[zone],
            found.limits,
            found.price,
            found.price,
            found.bought,
            found.sold,
            flows.get(zone),
            dict(_fills(of_zone[zone], found.bid_fills, found.ask_fills)),
        )
        for zone, found in cleared.zones.items()
    }


def _by_reduction(
    of_zone: Mapping[str, Sequence[BookOrder]],
    books: Mapping[str, Book],
    roots: Mapping[str, bytes],
    rules: MarketRules,
) -> dict[str, BookZone]:
    found = {zone: clear_by_reduction(book, rules.lot_wh) for zone, book in books.items()}
    return {
        zone: BookZone(
            roots[zone],
            _NO_LIMITS,
            one.buyer_price,
            one.seller_price,
            one.volume,
            one.volume,
            None,
            dict(_fills(of_zone[zone], one.bid_fills, one.ask_fills)),
        )
        for zone, one in found.items()
    }


def _book(orders: Sequence[BookOrder]) -> Book:
    return Book.of(
        [Order(wh, price, at) for at, one in enumerate(orders) for price, wh in one.bids],
        [Order(wh, price, at) for at, one in enumerate(orders) for price, wh in one.asks],
    )


def _fills(
    orders: Sequence[BookOrder], bid_fills: Integers, ask_fills: Integers
) -> Iterator[tuple[bytes, OwnFill]]:
    bids, asks = iter(bid_fills.tolist()), iter(ask_fills.tolist())
    for one in orders:
        bought = sum(next(bids) for _ in one.bids)
        sold = sum(next(asks) for _ in one.asks)
        yield one.pseudonym, OwnFill(one.bids, one.asks, bought, sold)


def _read_order(value: object, path: str) -> BookOrder:
    fields = Fields(value, path)
    order = BookOrder(
        from_text(fields.text("pseudonym", HASH), HASH_LENGTH),
        fields.text("zone", MARKET),
        read_steps(fields.take("bids"), fields.path("bids")),
        read_steps(fields.take("asks"), fields.path("asks")),
    )
    fields.finish()
    return order
