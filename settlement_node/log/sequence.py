"""The growing end of the log: entries become leaves, leaves become tiles."""

from typing import Final, Self

from depin_protocol.log.merkle import HASH_LENGTH, TreeHead, leaf_hash
from depin_protocol.log.tiles import HEIGHT, WIDTH, Tile, hash_from_tiles
from depin_protocol.log.tree import CompactRange
from settlement_node.log.reading import leaves, log_size
from settlement_node.log.tables import BODY, ENTRY, TILE
from settlement_node.store.port import Store
from settlement_node.store.tables import Change, Put, Row

_LEVELS: Final = 8
"""Levels of tiles that a tree of 63 bits has."""


class DamagedLogError(Exception):
    """What the store holds is not the log that was written; the message says where."""


class Sequence:
    """The log's edge in memory: its peaks, and the last tile of each level."""

    def __init__(self) -> None:
        """Begin with an empty log."""
        self._range = CompactRange()
        self._edge: list[bytearray] = [bytearray() for _ in range(_LEVELS)]
        self._entries: list[Row] = []
        self._bodies: list[Row] = []
        self._tiles: dict[tuple[int, int], bytes] = {}

    @property
    def size(self) -> int:
        """How many entries there are, with those that are not stored yet."""
        return self._range.size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, largest first."""
        return self._range.peaks

    def head(self) -> TreeHead:
        """Return the size and root, with the entries that are not stored yet."""
        return self._range.head()

    def append(self, entry: bytes, body: bytes) -> int:
        """Add an entry; return its index."""
        index = self._range.size
        self._entries.append((index, entry))
        self._bodies.append((index, body))
        for height, hash_ in enumerate(self._range.append(leaf_hash(entry))):
            level, rest = divmod(height, HEIGHT)
            if rest == 0:
                self._grow(level, (index + 1 >> height) - 1, hash_)
        return index

    def _grow(self, level: int, place: int, hash_: bytes) -> None:
        edge = self._edge[level]
        if len(edge) == WIDTH * HASH_LENGTH:
            edge.clear()
        edge += hash_
        if level:
            self._tiles[level, place // WIDTH] = bytes(edge)

    def take_changes(self) -> list[Change]:
        """Return the rows that were added since the last time."""
        changes: list[Change] = []
        if self._entries:
            changes = [Put(ENTRY, self._entries), Put(BODY, self._bodies)]
        if self._tiles:
            changes.append(Put(TILE, [(*at, hashes) for at, hashes in self._tiles.items()]))
        self._entries = []
        self._bodies = []
        self._tiles = {}
        return changes

    @classmethod
    async def load(cls, store: Store) -> Self:
        """Go on with the log that the store holds."""
        sequence = cls()
        size = await log_size(store)
        for level in range(_LEVELS):
            width = size >> HEIGHT * level
            if not width:
                break
            number = (width - 1) // WIDTH
            if level == 0:
                hashes = await leaves(store, number * WIDTH, width - number * WIDTH)
            else:
                hashes = await _stored_tile(store, level, number)
            expected = (width - number * WIDTH) * HASH_LENGTH
            if len(hashes) != expected:
                raise DamagedLogError(
                    f"tile {number} of level {level} has {len(hashes)} bytes where a log of {size}"
                    f" entries has {expected}: run `settlement-node rebuild`"
                )
            sequence._edge[level] = bytearray(hashes)
        hash_at = hash_from_tiles(size, sequence._edge_tile)
        peaks = []
        end = size
        for height in range(size.bit_length()):
            if size >> height & 1:
                end -= 1 << height
                peaks.append(hash_at(height, end >> height))
        sequence._range = CompactRange(size, peaks[::-1])
        return sequence

    def _edge_tile(self, tile: Tile) -> bytes:
        """Give the last tile of a level: the peaks of a tree lie in no other."""
        return bytes(self._edge[tile.level][: tile.width * HASH_LENGTH])


async def _stored_tile(store: Store, level: int, number: int) -> bytes:
    row = await store.get(TILE, (level, number))
    return row[2] if row is not None and isinstance(row[2], bytes) else b""
