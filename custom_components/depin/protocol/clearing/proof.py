"""Proofs that a clearing, and one member's fills, follow from the book's root."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from ..bounds import MAX_ORDERS
from .book_tree import ASKS, BIDS, BookTree, Context, SideTree, book_root
from .pruned_tree import ProofError, PrunedTree, Reader, prune
from .shown_side import ShownSide
from .uniform import EVEN_SHARE, Clearing, Limits, check_share, price_within
from .zone_prices import Outcome
from .zone_tree import ZoneError, ZoneTree

_VERSION: Final = b"\x01"
_PRICE_LENGTH: Final = 8
_HAS_LOWEST: Final = 1
_HAS_HIGHEST: Final = 2

type Place = tuple[int, bytes]
"""Where an order stands on its side: its price and its member's pseudonym."""


@dataclass(frozen=True, slots=True)
class ClearingProof:
    """The limits that are claimed, and what must be seen of both sides to prove them."""

    limits: Limits
    bids: PrunedTree
    asks: PrunedTree

    def encode(self) -> bytes:
        """Write the proof; the same proof is always the same bytes."""
        low, high = self.limits
        bounded = (low is not None) * _HAS_LOWEST + (high is not None) * _HAS_HIGHEST
        ends = (
            price.to_bytes(_PRICE_LENGTH, "big", signed=True)
            for price in self.limits
            if price is not None
        )
        head = _VERSION + bytes([bounded]) + b"".join(ends)
        return head + self.bids.encode() + self.asks.encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a proof from anybody's bytes."""
        reader = Reader(data)
        if reader.take(1) != _VERSION:
            msg = "the proof is of an unknown version"
            raise ProofError(msg)
        bounded = reader.take(1)[0]
        if bounded > _HAS_LOWEST + _HAS_HIGHEST:
            msg = "the proof does not say which limits it claims"
            raise ProofError(msg)
        low = _price(reader) if bounded & _HAS_LOWEST else None
        high = _price(reader) if bounded & _HAS_HIGHEST else None
        proof = cls((low, high), reader.tree(), reader.tree())
        reader.end()
        return proof


@dataclass(frozen=True, slots=True)
class ProvenSide:
    """What a checked proof tells of the orders on one side."""

    _shown: ShownSide
    _price: int
    _volume: int

    def wh(self, price: int, pseudonym: bytes) -> int:
        """Tell what the book holds of a member at a price, 0 if it is proven to hold nothing."""
        return self._shown.wh(price, pseudonym)

    def fill(self, price: int, pseudonym: bytes) -> int:
        """Tell how much of that trades."""
        offered = self.wh(price, pseudonym)
        if not offered or self._shown.is_better(self._price, price):
            return 0
        if price != self._price:
            return offered
        level = self._shown.level(price)
        volume = self._volume - self._shown.ahead(price)
        before = self._shown.before(price, pseudonym)
        return (before + offered) * volume // level - before * volume // level


@dataclass(frozen=True, slots=True)
class ProvenClearing:
    """What follows from a book's root; no price and no band where nothing trades or passes."""

    price: int | None
    band: tuple[int, int] | None
    bought: int
    sold: int
    bids: ProvenSide
    asks: ProvenSide

    @property
    def volume(self) -> int:
        """The Wh that the zone's members trade, with each other or with other zones."""
        return max(self.bought, self.sold)


def prove(
    tree: BookTree, clearing: Clearing, bids: Iterable[Place] = (), asks: Iterable[Place] = ()
) -> ClearingProof:
    """Prove a book's clearing, and what the book holds at the given places.

    A place without an order is proven empty. Where others have orders at its price, the two
    nearest are shown with their pseudonyms; otherwise nobody else's pseudonym is.
    """
    cuts = {price for price in clearing.limits if price is not None}
    return ClearingProof(
        clearing.limits, _shown_part(tree.bids, cuts, bids), _shown_part(tree.asks, cuts, asks)
    )


def check(
    proof: ClearingProof,
    root: bytes,
    context: Context,
    seller_share: tuple[int, int] = EVEN_SHARE,
) -> ProvenClearing:
    """Derive the clearing of a market of one zone from its root, or refuse the proof."""
    outcome = Outcome(ZoneTree.single(context.zone), {context.zone: proof.limits}, {})
    return check_zone(proof, root, context, outcome, seller_share)


def check_zone(
    proof: ClearingProof,
    root: bytes,
    context: Context,
    outcome: Outcome,
    seller_share: tuple[int, int] = EVEN_SHARE,
) -> ProvenClearing:
    """Derive one zone's clearing from its root and what the decision states, or refuse both.

    What is stated of the other zones is believed here: their own homes check it.
    """
    check_share(seller_share)
    if context.zone not in outcome.limits:
        msg = f"the decision states nothing of a zone {context.zone!r}"
        raise ZoneError(msg)
    net = outcome.tree.sent_out(outcome.flows)[context.zone]
    if proof.limits != outcome.limits[context.zone]:
        msg = "the proof is of other limits than the decision states"
        raise ProofError(msg)
    bids, asks = _shown_sides(proof, root, context)
    _check_limits(proof.limits, net, bids, asks)
    band = outcome.bands()[context.zone]
    price = price_within(band, seller_share)
    sold = min(asks.upto(price), bids.upto(price) + net)
    bought = sold - net
    is_priced = bought or sold or context.zone in outcome.tree.crossed(outcome.flows)
    return ProvenClearing(
        price if is_priced else None,
        band if is_priced else None,
        bought,
        sold,
        ProvenSide(bids, price, bought),
        ProvenSide(asks, price, sold),
    )


def _shown_sides(
    proof: ClearingProof, root: bytes, context: Context
) -> tuple[ShownSide, ShownSide]:
    """Hash both sides up to the root, or refuse them."""
    spare = MAX_ORDERS - proof.bids.count - proof.asks.count
    if spare < 0:
        msg = f"a book of more than {MAX_ORDERS} leaves is no book"
        raise ProofError(msg)
    bids, asks = ShownSide(BIDS, proof.bids, spare), ShownSide(ASKS, proof.asks, spare)
    if book_root(context, (bids.count, bids.top), (asks.count, asks.top)) != root:
        msg = "the proof belongs to another book"
        raise ProofError(msg)
    return bids, asks


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


def _check_limits(limits: Limits, net: int, bids: ShownSide, asks: ShownSide) -> None:
    """Refuse limits that do not clear the book, or beyond which a price clears it too."""
    low, high = limits
    if low is None:
        # Only a book that takes in all that it bids for, and sells nothing, has no lowest price.
        is_lowest = net == -bids.whole
    else:
        clears = bids.ahead(low) + net <= asks.upto(low)
        is_lowest = clears and asks.ahead(low) < bids.upto(low) + net
    if not is_lowest:
        msg = f"{low} is not the lowest price that clears"
        raise ProofError(msg)
    if high is None:
        # Only a book that sends out all that it asks to sell, and buys nothing, has no highest.
        is_highest = net == asks.whole
    else:
        clears = asks.ahead(high) <= bids.upto(high) + net
        is_highest = clears and bids.ahead(high) + net < asks.upto(high)
    if not is_highest:
        msg = f"{high} is not the highest price that clears"
        raise ProofError(msg)
