"""Trees that grow: the right edge alone, which a log needs, and a whole tree in memory."""

from collections.abc import Iterable, Sequence

from .errors import ProofError
from .merkle import EMPTY_ROOT, TreeHead, check_hash, node_hash


class CompactRange:
    """The right edge of a growing tree: the roots of its complete subtrees, largest first."""

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """Begin an empty tree, or go on with one of known size and edge."""
        if size < 0 or len(peaks) != size.bit_count():
            msg = f"{len(peaks)} hashes cannot be the edge of a tree of {size} leaves"
            raise ProofError(msg)
        for peak in peaks:
            check_hash(peak)
        self._size = size
        self._peaks = list(peaks)

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """What has to be kept to go on with this tree later."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> list[bytes]:
        """Add a leaf hash; return the hashes of the subtrees it completes, itself first."""
        check_hash(leaf)
        completed = [leaf]
        waiting = self._size
        while waiting & 1:
            completed.append(node_hash(self._peaks.pop(), completed[-1]))
            waiting >>= 1
        self._peaks.append(completed[-1])
        self._size += 1
        return completed

    def head(self) -> TreeHead:
        """Give the tree's size and root."""
        if not self._peaks:
            return TreeHead(0, EMPTY_ROOT)
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return TreeHead(self._size, root)


class MemoryTree:
    """A whole tree in memory, for groups that are small; a log keeps tiles instead."""

    __slots__ = ("_edge", "_levels")

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        """Build the tree over these leaf hashes."""
        self._edge = CompactRange()
        self._levels: list[list[bytes]] = []
        for leaf in leaves:
            self.append(leaf)

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        for level, completed in enumerate(self._edge.append(leaf)):
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(completed)

    def head(self) -> TreeHead:
        """Give the tree's size and root."""
        return self._edge.head()

    def hash_at(self, level: int, index: int) -> bytes:
        """Give the hash of a complete subtree, as the making of proofs asks for it."""
        if not (0 <= level < len(self._levels) and 0 <= index < len(self._levels[level])):
            msg = f"a tree of {self._edge.size} leaves has no hash {index} at level {level}"
            raise ProofError(msg)
        return self._levels[level][index]
