"""The Merkle-sum tree over a book, whose root the clearing decision names.

Each side is a tree of its own, with one leaf for each price and member, best price first and
then by pseudonym. A node's hash covers each child's hash, energy and price range apart, so that
none of them can be moved from one child to the other.
"""

import struct
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Final, Literal, Self

from .book import Book, Side
from .pseudonym import PSEUDONYM_LENGTH

_LEAF_TAG: Final = b"depin book leaf v1\x00"
_NODE_TAG: Final = b"depin book node v1\x00"
_ROOT_TAG: Final = b"depin book root v1\x00"
_LEAF: Final = struct.Struct(">32sqQ")
_SUMMARY: Final = struct.Struct(">32sQqq")

LEAF_LENGTH: Final = _LEAF.size
SUMMARY_LENGTH: Final = _SUMMARY.size

type Direction = Literal[-1, 1]

BIDS: Final = -1
"""Bids: the highest price is the best, so ranks are negated prices."""

ASKS: Final = 1
"""Asks: the lowest price is the best, so ranks are prices."""


@dataclass(frozen=True, slots=True)
class Context:
    """Which book a root is of."""

    market: str
    interval_start: int
    zone: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a node shows of all below it: hash, energy, and the first and last price."""

    hash: bytes
    wh: int
    first: int
    last: int

    def encode(self) -> bytes:
        """Write the summary as its parent's hash covers it."""
        return _SUMMARY.pack(self.hash, self.wh, self.first, self.last)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read `SUMMARY_LENGTH` bytes."""
        return cls(*_SUMMARY.unpack(data))


@dataclass(frozen=True, slots=True)
class Leaf:
    """All that one member bids, or asks, at one price."""

    price: int
    pseudonym: bytes
    wh: int

    def encode(self) -> bytes:
        """Write the leaf as its hash covers it."""
        return _LEAF.pack(self.pseudonym, self.price, self.wh)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read `LEAF_LENGTH` bytes."""
        pseudonym, price, wh = _LEAF.unpack(data)
        return cls(price, pseudonym, wh)

    def summary(self) -> Summary:
        """Show the leaf as a node."""
        digest = sha256(_LEAF_TAG + self.encode()).digest()
        return Summary(digest, self.wh, self.price, self.price)


def join(left: Summary, right: Summary) -> Summary:
    """Make the node above two neighbours."""
    digest = sha256(_NODE_TAG + left.encode() + right.encode()).digest()
    return Summary(digest, left.wh + right.wh, left.first, right.last)


def book_root(
    context: Context, bids: tuple[int, Summary | None], asks: tuple[int, Summary | None]
) -> bytes:
    """Hash a book's context and, of each side, the number of leaves and the top node."""
    parts = [_ROOT_TAG]
    for name in (context.market.encode(), context.zone.encode()):
        parts += [len(name).to_bytes(2, "big"), name]
    parts.append(context.interval_start.to_bytes(8, "big"))
    for count, top in (bids, asks):
        parts.append(count.to_bytes(4, "big"))
        if top is not None:
            parts.append(top.encode())
    return sha256(b"".join(parts)).digest()


class SideTree:
    """The tree over one side's leaves.

    Level 0 holds the leaves' summaries; a node without a right neighbour moves up as it is,
    which gives the shape of RFC 9162.
    """

    def __init__(self, direction: Direction, leaves: Sequence[Leaf]) -> None:
        """Build the tree over leaves in any order; no two have the same price and pseudonym."""
        self.direction: Direction = direction
        self.leaves = sorted(leaves, key=self._place)
        self.levels = [[leaf.summary() for leaf in self.leaves]]
        while len(below := self.levels[-1]) > 1:
            above = [join(*below[i : i + 2]) for i in range(0, len(below) - 1, 2)]
            self.levels.append(above + below[len(above) * 2 :])

    @property
    def top(self) -> Summary | None:
        """The node over all leaves; None where there are none."""
        return next(iter(self.levels[-1]), None)

    def position(self, price: int, pseudonym: bytes) -> int:
        """Find where a leaf of this price and pseudonym is, or would be."""
        place = (self.direction * price, pseudonym)
        return bisect_left(self.leaves, place, key=self._place)

    def _place(self, leaf: Leaf) -> tuple[int, bytes]:
        return self.direction * leaf.price, leaf.pseudonym


@dataclass(frozen=True, slots=True, eq=False)
class BookTree:
    """The trees of both sides, under one root."""

    context: Context
    bids: SideTree
    asks: SideTree

    @classmethod
    def of(cls, context: Context, book: Book, pseudonyms: Sequence[bytes]) -> Self:
        """Build the tree of a book whose members' pseudonyms are given in tie order."""
        if any(len(pseudonym) != PSEUDONYM_LENGTH for pseudonym in pseudonyms):
            msg = f"a pseudonym is {PSEUDONYM_LENGTH} bytes"
            raise ValueError(msg)
        if any(first >= second for first, second in pairwise(pseudonyms)):
            msg = "pseudonyms are the tie order, so each must be greater than the one before"
            raise ValueError(msg)
        return cls(
            context,
            SideTree(BIDS, _leaves(book.bids, pseudonyms)),
            SideTree(ASKS, _leaves(book.asks, pseudonyms)),
        )

    @property
    def root(self) -> bytes:
        """The hash that stands for the whole book."""
        bids, asks = ((len(side.leaves), side.top) for side in (self.bids, self.asks))
        return book_root(self.context, bids, asks)


def _leaves(side: Side, pseudonyms: Sequence[bytes]) -> list[Leaf]:
    sums: dict[tuple[int, int], int] = {}
    rows = zip(side.price.tolist(), side.member.tolist(), side.wh.tolist(), strict=True)
    for price, member, wh in rows:
        sums[price, member] = sums.get((price, member), 0) + wh
    if any(member >= len(pseudonyms) for _, member in sums):
        msg = f"the book names members beyond the {len(pseudonyms)} pseudonyms given"
        raise ValueError(msg)
    return [Leaf(price, pseudonyms[member], wh) for (price, member), wh in sums.items()]
