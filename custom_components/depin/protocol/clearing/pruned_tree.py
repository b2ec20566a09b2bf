"""One side's tree with all folded away but what a proof must show."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from ..bounds import MAX_ORDERS
from .book_tree import LEAF_LENGTH, SUMMARY_LENGTH, Leaf, SideTree, Summary

_FOLDED: Final = b"\x00"
_SPLIT: Final = b"\x01"
_OPEN: Final = b"\x02"
_COUNT_LENGTH: Final = 4

type Node = Summary | Split | Leaf


class ProofError(ValueError):
    """The bytes are no proof, or what they show does not follow from the root."""


@dataclass(frozen=True, slots=True)
class Split:
    """A node whose two children are shown."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class PrunedTree:
    """A side's number of leaves and its tree, folded to summaries where nothing need be seen."""

    count: int
    top: Node | None

    def __post_init__(self) -> None:
        """Refuse nodes that do not have the shape of a tree over so many leaves."""
        _require_count(self.count)
        fits = self.count == 0 if self.top is None else _has_shape(self.top, self.count)
        if not fits:
            msg = f"the nodes have not the shape of a tree over {self.count} leaves"
            raise ProofError(msg)

    def encode(self) -> bytes:
        """Write the count, then the nodes from the top, left before right."""
        nodes = b"" if self.top is None else b"".join(_encoded(self.top))
        return self.count.to_bytes(_COUNT_LENGTH, "big") + nodes


class Reader:
    """Takes a proof's bytes from front to back."""

    def __init__(self, data: bytes) -> None:
        """Start at the first byte."""
        self._data = data
        self._at = 0

    def take(self, length: int) -> bytes:
        """Take the next bytes."""
        taken = self._data[self._at : self._at + length]
        if len(taken) != length:
            msg = "the proof is cut short"
            raise ProofError(msg)
        self._at += length
        return taken

    def tree(self) -> PrunedTree:
        """Take one side."""
        count = int.from_bytes(self.take(_COUNT_LENGTH), "big")
        _require_count(count)
        return PrunedTree(count, self._node(count) if count else None)

    def end(self) -> None:
        """Refuse bytes that belong to nothing."""
        if self._at != len(self._data):
            msg = "there are bytes after the end of the proof"
            raise ProofError(msg)

    def _node(self, count: int) -> Node:
        kind = self.take(1)
        if kind == _SPLIT and count > 1:
            left = left_of(count)
            return Split(self._node(left), self._node(count - left))
        if kind == _FOLDED:
            return Summary.decode(self.take(SUMMARY_LENGTH))
        if kind == _OPEN and count == 1:
            return Leaf.decode(self.take(LEAF_LENGTH))
        msg = "a node of the proof is of no kind that can stand there"
        raise ProofError(msg)


def prune(tree: SideTree, cuts: Collection[int], opened: Collection[int]) -> PrunedTree:
    """Fold a tree, but keep leaves at the opened positions and prices apart at the cuts."""

    def node(level: int, index: int) -> Node:
        while level and index * 2 + 1 >= len(tree.levels[level - 1]):
            level, index = level - 1, index * 2
        summary = tree.levels[level][index]
        is_shown = any(position >> level == index for position in opened)
        if not level:
            return tree.leaves[index] if is_shown else summary
        if not is_shown and not any(straddles(summary, cut) for cut in cuts):
            return summary
        return Split(node(level - 1, index * 2), node(level - 1, index * 2 + 1))

    return PrunedTree(len(tree.leaves), node(len(tree.levels) - 1, 0) if tree.leaves else None)


def _encoded(node: Node) -> Iterator[bytes]:
    match node:
        case Summary():
            yield _FOLDED + node.encode()
        case Leaf():
            yield _OPEN + node.encode()
        case Split(left, right):
            yield _SPLIT
            yield from _encoded(left)
            yield from _encoded(right)


def _require_count(count: int) -> None:
    if not 0 <= count <= MAX_ORDERS:
        msg = f"a side of {count} leaves is that of no book"
        raise ProofError(msg)


def _has_shape(node: Node, count: int) -> bool:
    match node:
        case Split(left, right):
            first = left_of(count)
            return first < count and _has_shape(left, first) and _has_shape(right, count - first)
        case Leaf():
            return count == 1
        case Summary():
            return count >= 1


def left_of(count: int) -> int:
    """Count the leaves on the left: the largest power of two below the whole (RFC 9162)."""
    return 1 << (count - 1).bit_length() >> 1


def straddles(summary: Summary, cut: int) -> bool:
    """Tell whether some of a node's prices may be at a cut and others not, or on both sides."""
    return (summary.first < cut) != (summary.last < cut) or (
        (summary.first > cut) != (summary.last > cut)
    )
