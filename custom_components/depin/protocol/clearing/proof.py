"""Proofs that a clearing, and one member's fills, follow from the book's root."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from ..bounds import MAX_ORDERS
from .book_tree import ASKS, BIDS, BookTree, Context, SideTree, Summary, book_root
from .pruned_tree import ProofError, PrunedTree, Reader, prune
from .shown_side import ShownSide
from .uniform import EVEN_SHARE, Clearing, check_share, price_within

_VERSION: Final = b"\x01"
_NO_TRADE: Final = b"\x00"
_TRADE: Final = b"\x01"
_PRICE_LENGTH: Final = 8

type Place = tuple[int, bytes]
"""Where an order stands on its side: its price and its member's pseudonym."""


@dataclass(frozen=True, slots=True)
class ClearingProof:
    """The band that is claimed, and what must be seen of both sides to prove it."""

    band: tuple[int, int] | None
    bids: PrunedTree
    asks: PrunedTree

    def encode(self) -> bytes:
        """Write the proof; the same proof is always the same bytes."""
        if self.band is None:
            head = _NO_TRADE
        else:
            ends = (price.to_bytes(_PRICE_LENGTH, "big", signed=True) for price in self.band)
            head = _TRADE + b"".join(ends)
        return _VERSION + head + self.bids.encode() + self.asks.encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a proof from anybody's bytes."""
        reader = Reader(data)
        if reader.take(1) != _VERSION:
            msg = "the proof is of an unknown version"
            raise ProofError(msg)
        outcome = reader.take(1)
        if outcome not in (_NO_TRADE, _TRADE):
            msg = "the proof says neither that there is trade nor that there is none"
            raise ProofError(msg)
        band = (_price(reader), _price(reader)) if outcome == _TRADE else None
        proof = cls(band, reader.tree(), reader.tree())
        reader.end()
        return proof


@dataclass(frozen=True, slots=True)
class ProvenSide:
    """What a checked proof tells of the orders on one side."""

    _shown: ShownSide
    _price: int | None
    _volume: int

    def wh(self, price: int, pseudonym: bytes) -> int:
        """Tell what the book holds of a member at a price, 0 if it is proven to hold nothing."""
        return self._shown.wh(price, pseudonym)

    def fill(self, price: int, pseudonym: bytes) -> int:
        """Tell how much of that trades."""
        offered = self.wh(price, pseudonym)
        if not offered or self._price is None or self._shown.is_better(self._price, price):
            return 0
        if price != self._price:
            return offered
        level = self._shown.level(price)
        volume = self._volume - self._shown.ahead(price)
        before = self._shown.before(price, pseudonym)
        return (before + offered) * volume // level - before * volume // level


@dataclass(frozen=True, slots=True)
class ProvenClearing:
    """What follows from a book's root; no price and no band where nothing trades."""

    price: int | None
    band: tuple[int, int] | None
    volume: int
    bids: ProvenSide
    asks: ProvenSide


def prove(
    tree: BookTree, clearing: Clearing, bids: Iterable[Place] = (), asks: Iterable[Place] = ()
) -> ClearingProof:
    """Prove a book's clearing, and what the book holds at the given places.

    A place without an order is proven empty. Where others have orders at its price, the two
    nearest are shown with their pseudonyms; otherwise nobody else's pseudonym is.
    """
    cuts: set[int] = set()
    if clearing.band is not None and clearing.price is not None:
        cuts = {clearing.price, *clearing.band}
    return ClearingProof(
        clearing.band, _shown_part(tree.bids, cuts, bids), _shown_part(tree.asks, cuts, asks)
    )


def check(
    proof: ClearingProof,
    root: bytes,
    context: Context,
    seller_share: tuple[int, int] = EVEN_SHARE,
) -> ProvenClearing:
    """Derive the clearing from a root, or refuse the proof."""
    check_share(seller_share)
    spare = MAX_ORDERS - proof.bids.count - proof.asks.count
    if spare < 0:
        msg = f"a book of more than {MAX_ORDERS} leaves is no book"
        raise ProofError(msg)
    bids, asks = ShownSide(BIDS, proof.bids, spare), ShownSide(ASKS, proof.asks, spare)
    if book_root(context, (bids.count, bids.top), (asks.count, asks.top)) != root:
        msg = "the proof belongs to another book"
        raise ProofError(msg)
    price, volume = None, 0
    if proof.band is None:
        if not _is_apart(bids.top, asks.top):
            msg = "the proof says that nothing trades, but the best bid meets the best ask"
            raise ProofError(msg)
    else:
        _check_band(proof.band, bids, asks)
        price = price_within(proof.band, seller_share)
        volume = min(side.ahead(price) + side.level(price) for side in (bids, asks))
        if not volume:
            msg = "the proof names a price, but nothing trades"
            raise ProofError(msg)
    return ProvenClearing(
        price,
        proof.band,
        volume,
        ProvenSide(bids, price, volume),
        ProvenSide(asks, price, volume),
    )


def _price(reader: Reader) -> int:
    return int.from_bytes(reader.take(_PRICE_LENGTH), "big", signed=True)


def _shown_part(tree: SideTree, cuts: set[int], places: Iterable[Place]) -> PrunedTree:
    opened: set[int] = set()
    apart = set(cuts)
    for price, pseudonym in places:
        position = tree.position(price, pseudonym)
        leaves = tree.leaves[position : position + 1]
        if [(leaf.price, leaf.pseudonym) for leaf in leaves] == [(price, pseudonym)]:
            opened.add(position)
            continue
        apart.add(price)
        for neighbour in (position - 1, position):
            if 0 <= neighbour < len(tree.leaves) and tree.leaves[neighbour].price == price:
                opened.add(neighbour)
    return prune(tree, apart, opened)


def _is_apart(best_bid: Summary | None, best_ask: Summary | None) -> bool:
    return best_bid is None or best_ask is None or best_bid.first < best_ask.first


def _check_band(band: tuple[int, int], bids: ShownSide, asks: ShownSide) -> None:
    """Refuse a band whose ends do not clear, or beyond whose ends a price clears too."""
    low, high = band
    demand_above, supply_below = bids.ahead(low), asks.ahead(low)
    demand, supply = demand_above + bids.level(low), supply_below + asks.level(low)
    if not (demand_above <= supply and supply_below < demand):
        msg = f"{low} is not the lowest price that clears"
        raise ProofError(msg)
    demand_above, supply_below = bids.ahead(high), asks.ahead(high)
    demand, supply = demand_above + bids.level(high), supply_below + asks.level(high)
    if not (supply_below <= demand and demand_above < supply):
        msg = f"{high} is not the highest price that clears"
        raise ProofError(msg)
