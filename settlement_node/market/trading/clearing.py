"""Clears an interval: prices, what each member bought and sold, and what everybody may know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from depin_protocol.clearing.book import Integers
from depin_protocol.clearing.mcafee import clear_by_reduction
from depin_protocol.clearing.rule import Rule
from depin_protocol.clearing.zones import clear_market
from depin_protocol.encoding import to_text
from depin_protocol.rules.market_rules import MarketRules
from settlement_node.market.trading.cleared import ZonePrices
from settlement_node.market.trading.gathering import Placed, ZoneBook
from settlement_node.market.trading.trader import Steps

type Figures = dict[str, object]


@dataclass(slots=True)
class Fill:
    """What became of a member's orders."""

    placed: Placed
    bought: int
    sold: int
    flexible: dict[str, int] = field(default_factory=dict)
    """The Wh of each flexible order that was placed."""


@dataclass(slots=True)
class Clearing:
    """What an interval's books clear to."""

    rules: MarketRules
    prices: Mapping[str, ZonePrices]
    fees: int
    rent: int
    fills: list[Fill]
    roots: dict[str, str]
    zones: dict[str, Figures]
    """Each zone's figures, beside its price."""
    members: dict[str, int]
    """How many members have orders in each zone's book."""
    cover: int = 0
    """What a Wh that was sold and is not delivered comes to."""
    returned: int = 0
    """What a Wh that was bought and is not used brings."""

    def public(self) -> Figures:
        """Return what everybody may know: prices of at least k members, and if all are, the rest.

        What one zone trades would follow from all others, so the figures stand for all or none.
        """
        shown = self.all_shown
        zones: dict[str, object] = {}
        for zone, root in self.roots.items():
            figures: Figures = {"root": root}
            if self.members[zone] >= self.rules.k or shown:
                figures |= self._priced(zone)
            if shown:
                figures |= self.zones[zone]
            zones[zone] = figures
        result: Figures = {"rule": self.rules.clearing.value, "zones": zones}
        if shown:
            result |= {"fees": self.fees, "rent": self.rent}
        return result

    @property
    def all_shown(self) -> bool:
        """Tell whether in each zone with orders at least k members have some."""
        return all(not members or members >= self.rules.k for members in self.members.values())

    def for_members(self) -> Figures:
        """Return all figures, which every member may know to check its own."""
        zones = {zone: {**self._priced(zone), **figures} for zone, figures in self.zones.items()}
        return {"zones": zones, "fees": self.fees, "rent": self.rent}

    def _priced(self, zone: str) -> Figures:
        buyers, sellers = self.prices[zone]
        if self.rules.clearing is Rule.MCAFEE:
            return {"buyers": buyers, "sellers": sellers}
        return {"price": buyers}


def clear(books: Mapping[str, ZoneBook], rules: MarketRules) -> Clearing:
    """Clear the books of all zones by the rule of the market."""
    clearing = Clearing(
        rules,
        {},
        0,
        0,
        [],
        {zone: to_text(book.tree().root) for zone, book in books.items()},
        {},
        {zone: len(book.placed) for zone, book in books.items()},
    )
    if rules.clearing is Rule.MCAFEE:
        _by_reduction(books, clearing)
    else:
        _at_one_price(books, clearing)
    clearing.fills.sort(key=lambda fill: fill.placed.pseudonym)
    traded = set(_traded_prices(clearing))
    clearing.cover = max([rules.references.retail, *traded])
    clearing.returned = min([rules.references.feed_in, *traded])
    return clearing


def _traded_prices(clearing: Clearing) -> Iterator[int]:
    """Give each price at which a member traded, own trades taken off."""
    for fill in clearing.fills:
        buyers, sellers = clearing.prices[fill.placed.zone]
        price = buyers if fill.bought > fill.sold else sellers
        if fill.bought != fill.sold and price is not None:
            yield price


def _at_one_price(books: Mapping[str, ZoneBook], clearing: Clearing) -> None:
    rules = clearing.rules
    cleared = clear_market(
        rules.zones, {zone: book.book for zone, book in books.items()}, rules.seller_share
    )
    clearing.fees, clearing.rent = cleared.fees, cleared.rent
    clearing.prices = {
        zone: ZonePrices(cleared.zones[zone].price, cleared.zones[zone].price) for zone in books
    }
    for zone, book in books.items():
        found = cleared.zones[zone]
        clearing.fills += _fills(book, found.bid_fills, found.ask_fills)
        figures: Figures = {
            "limits": list(found.limits),
            "bought": found.bought,
            "sold": found.sold,
        }
        if zone in cleared.outcome.flows:
            figures["flow"] = cleared.outcome.flows[zone]
        clearing.zones[zone] = figures


def _by_reduction(books: Mapping[str, ZoneBook], clearing: Clearing) -> None:
    for zone, book in books.items():
        found = clear_by_reduction(book.book, clearing.rules.lot_wh)
        prices = ZonePrices(found.buyer_price, found.seller_price)
        clearing.prices = {**clearing.prices, zone: prices}
        clearing.fills += _fills(book, found.bid_fills, found.ask_fills)
        clearing.zones[zone] = {
            "bought": found.volume,
            "sold": found.volume,
            "surplus": found.surplus,
        }


def _fills(book: ZoneBook, bid_fills: Integers, ask_fills: Integers) -> Iterator[Fill]:
    bids, asks = iter(bid_fills.tolist()), iter(ask_fills.tolist())
    for one in book.placed:
        bought = _taken(bids, one.bids)
        sold = _taken(asks, one.asks)
        fill = Fill(one, sum(bought), sum(sold))
        # The steps of flexible orders are the last ones.
        place = len(one.bids) - sum(steps for _, steps in one.flexible)
        for flexible, steps in one.flexible:
            fill.flexible[flexible.name] = sum(bought[place : place + steps])
            place += steps
        yield fill


def _taken(fills: Iterator[int], steps: Steps) -> Sequence[int]:
    return [next(fills) for _ in steps]
