"""Clear a market of zones: prices, flows and fills, in whole numbers and by one rule for ties."""

from collections.abc import Mapping
from dataclasses import dataclass

from .book import Book
from .uniform import EVEN_SHARE, Bounds, Clearing, check_share, fill, limits_of
from .zone_flows import market_flows
from .zone_prices import Outcome
from .zone_tree import ZoneError, ZoneTree


@dataclass(frozen=True, slots=True, eq=False)
class MarketClearing:
    """What a market clears to: each zone by name, and what its decision states.

    Exactly: all that buyers pay is all that sellers receive, and the fees, and the rent.
    """

    zones: Mapping[str, Clearing]
    outcome: Outcome
    fees: int
    rent: int


def clear_market(
    tree: ZoneTree, books: Mapping[str, Book], seller_share: tuple[int, int] = EVEN_SHARE
) -> MarketClearing:
    """Clear a market whose zones have one book each."""
    check_share(seller_share)
    names = {zone.name for zone in tree.zones}
    if books.keys() != names:
        msg = f"there must be one book for each zone: {', '.join(sorted(names))}"
        raise ZoneError(msg)
    flows = market_flows(tree, books)
    net = tree.sent_out(flows)
    outcome = Outcome(tree, {name: limits_of(books[name], net[name]) for name in net}, flows)
    bands, crossed = outcome.bands(), tree.crossed(flows)
    zones = {}
    for name, sent in net.items():
        bounds = Bounds(sent, outcome.limits[name], bands[name], passes=name in crossed)
        zones[name] = fill(books[name], bounds, seller_share)
    fees = sum(zone.charged(flows[zone.name]) for zone, _ in tree.edges())
    # A zone without a price sends nothing out.
    collected = sum((zones[name].price or 0) * -sent for name, sent in net.items())
    return MarketClearing(zones, outcome, fees, collected - fees)
