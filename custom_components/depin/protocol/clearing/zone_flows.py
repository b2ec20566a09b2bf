"""What crosses the edges of a tree of zones: supply and demand merged up it, shared down it.

Prices are counted in quarters here. A bid stands one quarter above its limit and an ask one
below, so that an ask meets a bid at equal prices; the half unit that a trade gains by it
cannot outweigh a whole one. And bids never tie with asks, so what is left to share is of one
kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

import numpy as np

from ..shares import proportional
from .book import Book, Integers
from .zone_tree import Zone, ZoneTree

type _Side = Literal["left", "right"]
type _Steps = tuple[Integers, Integers]

_QUARTERS: Final = 4
_SIDES: Final[tuple[_Side, _Side]] = ("left", "right")
"""Just below a price, and just above it."""


def market_flows(tree: ZoneTree, books: Mapping[str, Book]) -> dict[str, int]:
    """Find the Wh from each zone to its parent; less than nothing where they go the other way.

    Of all flows that are worth most, and of those the ones with which most is traded, these
    share what is left in proportion: at each zone between its own book and the zones below.
    """
    ordered, below = tree.from_the_top(), tree.below()
    flows: dict[str, int] = {}
    if len(ordered) == 1:
        return flows
    own: dict[str, _Curve] = {}
    whole: dict[str, _Curve] = {}
    for zone in reversed(ordered):
        own[zone.name] = _Curve.of_book(books[zone.name])
        joining = [(child, whole[child.name]) for child in below[zone.name]]
        whole[zone.name] = own[zone.name].joined_by(joining)
    for zone in ordered:
        children, due = below[zone.name], flows.get(zone.name, 0)
        price = whole[zone.name].price_for(due)
        least, most = (
            [own[zone.name].sent(price, side)]
            + [whole[child.name].sent_above(child, price, side) for child in children]
            for side in _SIDES
        )
        room = [upper - lower for lower, upper in zip(least, most, strict=True)]
        shares = proportional(room, due - sum(least))
        for child, lower, share in zip(children, least[1:], shares[1:], strict=True):
            flows[child.name] = lower + share
    return flows


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """What a place would send out at each price: a staircase that rises with the price.

    `upto` says what is sent right above each of the prices, `least` what below them all.
    """

    price: Integers
    upto: Integers
    least: int

    @classmethod
    def of_book(cls, book: Book) -> Self:
        """Build the curve of one zone alone: from all bids filled to all asks filled."""
        bids, asks = book.bids, book.asks
        steps = [(bids.price * _QUARTERS + 1, bids.wh), (asks.price * _QUARTERS - 1, asks.wh)]
        return cls._of(steps, -int(bids.wh.sum()))

    @classmethod
    def _of(cls, parts: Sequence[_Steps], least: int) -> Self:
        """Build a curve from steps in any order: prices, and the Wh that each adds."""
        prices = np.concatenate([price for price, _ in parts])
        order = np.argsort(prices, kind="stable")
        price = prices[order]
        upto = np.concatenate([wh for _, wh in parts])[order].cumsum() + least
        last = np.flatnonzero(np.concatenate([price[1:] != price[:-1], price[:1] == price[:1]]))
        return cls(price[last], upto[last], least)

    def joined_by(self, below: Sequence[tuple[Zone, Self]]) -> Self:
        """Add the curves of the zones below, as they are seen from here."""
        if not below:
            return self
        parts, least = [_rises(self.price, self.upto, self.least)], self.least
        for zone, curve in below:
            first = max(curve.least, -zone.down.capacity)
            taken = np.minimum(np.maximum(curve.upto, first), 0)
            given = np.maximum(np.minimum(curve.upto, zone.up.capacity), 0)
            parts.append(_rises(curve.price - zone.down.fee * _QUARTERS, taken, first))
            parts.append(_rises(curve.price + zone.up.fee * _QUARTERS, given, 0))
            least += first
        return self._of(parts, least)

    def price_for(self, due: int) -> int:
        """Find the lowest price right above which so much is sent; any where there is none."""
        return int(self.price[self.upto.searchsorted(due)]) if self.price.size else 0

    def sent(self, price: int, side: _Side) -> int:
        """Tell what is sent just below or just above a price."""
        steps = int(self.price.searchsorted(price, side=side))
        return int(self.upto[steps - 1]) if steps else self.least

    def sent_above(self, zone: Zone, price: int, side: _Side) -> int:
        """Tell what is sent over a zone's edge at a price of its parent."""
        given = self.sent(price - zone.up.fee * _QUARTERS, side)
        taken = self.sent(price + zone.down.fee * _QUARTERS, side)
        return min(max(given, 0), zone.up.capacity) + max(min(taken, 0), -zone.down.capacity)


def _rises(price: Integers, upto: Integers, first: int) -> _Steps:
    """Take a staircase apart into its steps."""
    wh = upto.copy()
    wh[1:] -= upto[:-1]
    wh[:1] -= first
    rising = np.flatnonzero(wh)
    return price[rising], wh[rising]
