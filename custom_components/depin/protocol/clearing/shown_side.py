"""What a pruned tree proves about the orders of its side."""

from itertools import pairwise
from typing import Final

from ..bounds import MAX_ENERGY, MAX_PRICE
from .book_tree import Direction, Leaf, Summary, join
from .pruned_tree import Node, ProofError, PrunedTree, Split, left_of, straddles
from .pseudonym import PSEUDONYM_LENGTH

type _Shown = tuple[Summary, Leaf | None]

_BEFORE_ALL: Final = b""
_AFTER_ALL: Final = b"\xff" * (PSEUDONYM_LENGTH + 1)


class ShownSide:
    """The nodes that a pruned tree shows, from the best price to the worst."""

    def __init__(self, direction: Direction, tree: PrunedTree, spare: int) -> None:
        """Hash the tree up to its top, and refuse one that is not in order.

        `spare` is how many more orders than leaves the whole book may have.
        """
        self._direction = direction
        self._spare = spare
        self._shown: list[_Shown] = []
        self.count = tree.count
        self.top = None if tree.top is None else self._fold(tree.top, tree.count)
        self._require_order()

    @property
    def whole(self) -> int:
        """The energy of the whole side."""
        return self.top.wh if self.top else 0

    def upto(self, price: int) -> int:
        """Sum the energy at this price and better ones."""
        return self.ahead(price) + self.level(price)

    def ahead(self, price: int) -> int:
        """Sum the energy at prices better than this one."""
        shown = self._apart_at(price)
        return sum(node.wh for node, _ in shown if self.is_better(node.first, price))

    def level(self, price: int) -> int:
        """Sum the energy at this price."""
        return sum(node.wh for node, _ in self._at(price))

    def wh(self, price: int, pseudonym: bytes) -> int:
        """Tell the energy of one member at a price, 0 where the proof shows that there is none."""
        for _, leaf in self._shown:
            if leaf and (leaf.price, leaf.pseudonym) == (price, pseudonym):
                return leaf.wh
        keys = [leaf.pseudonym if leaf else None for _, leaf in self._at(price)]
        # Absent where two neighbours at this price, or its ends, leave no room for the leaf.
        for left, right in pairwise([_BEFORE_ALL, *keys, _AFTER_ALL]):
            if left is not None and right is not None and left < pseudonym < right:
                return 0
        msg = f"the proof does not show whether the member has an order at {price}"
        raise ProofError(msg)

    def before(self, price: int, pseudonym: bytes) -> int:
        """Sum the energy at a price that comes before a member's own, which is shown."""
        energy = 0
        for node, leaf in self._at(price):
            if leaf and leaf.pseudonym == pseudonym:
                break
            energy += node.wh
        return energy

    def is_better(self, price: int, other: int) -> bool:
        """Tell whether a price goes before another on this side."""
        return self._rank(price) < self._rank(other)

    def _at(self, price: int) -> list[_Shown]:
        return [shown for shown in self._apart_at(price) if shown[0].first == price]

    def _apart_at(self, price: int) -> list[_Shown]:
        if any(straddles(node, price) for node, _ in self._shown):
            msg = f"the proof does not tell the orders at {price} from the others"
            raise ProofError(msg)
        return self._shown

    def _fold(self, node: Node, count: int) -> Summary:
        match node:
            case Split(left, right):
                first = left_of(count)
                summary = join(self._fold(left, first), self._fold(right, count - first))
            case Leaf():
                summary = node.summary()
                self._shown.append((summary, node))
            case Summary():
                summary = node
                self._shown.append((summary, None))
        if not count <= summary.wh <= (count + self._spare) * MAX_ENERGY:
            msg = f"the proof shows {count} leaves with {summary.wh} Wh in all"
            raise ProofError(msg)
        if max(abs(summary.first), abs(summary.last)) > MAX_PRICE:
            msg = f"the proof shows a price beyond {MAX_PRICE}"
            raise ProofError(msg)
        if self.is_better(summary.last, summary.first) or (
            count == 1 and summary.first != summary.last
        ):
            msg = "the proof shows a node whose prices are out of order"
            raise ProofError(msg)
        return summary

    def _require_order(self) -> None:
        """Refuse prices that get better again, and pseudonyms that don't rise at one price."""
        for (left, _), (right, _) in pairwise(self._shown):
            if self.is_better(right.first, left.last):
                msg = "the proof shows leaves that are out of order"
                raise ProofError(msg)
        for before, after in pairwise(leaf for _, leaf in self._shown if leaf):
            if before.price == after.price and before.pseudonym >= after.pseudonym:
                msg = "the proof shows leaves that are out of order"
                raise ProofError(msg)

    def _rank(self, price: int) -> int:
        return self._direction * price
