"""What the log shows to everybody: its checkpoint, tiles and bundles as files, and proofs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from depin_protocol.log.errors import LogError, ProofError
from depin_protocol.log.merkle import (
    HASH_LENGTH,
    HashAt,
    TreeHead,
    consistency_proof,
    inclusion_proof,
    tree_head,
)
from depin_protocol.log.notes import Note
from depin_protocol.log.proof_file import ProofFile
from depin_protocol.log.tiles import (
    HEIGHT,
    WIDTH,
    Bundle,
    Tile,
    encode_bundle,
    hash_from_tiles,
    parse_path,
)
from settlement_node.log.checkpoints import Checkpoints
from settlement_node.log.reading import entries, leaves
from settlement_node.log.tables import TILE
from settlement_node.store.port import Store

CHECKPOINT_PATH: Final = "checkpoint"

_TEXT: Final = "text/plain; charset=utf-8"
_BYTES: Final = "application/octet-stream"
type _Prove = Callable[[HashAt], tuple[bytes, ...]]

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_BRIEFLY: Final = "public, max-age=1, must-revalidate"


@dataclass(frozen=True, slots=True)
class Served:
    """A public file."""

    content: bytes
    content_type: str
    cache_control: str


class Shelf:
    """The log's public files, of the tree under its last checkpoint."""

    def __init__(self, store: Store, checkpoints: Checkpoints) -> None:
        """Serve from a store's rows."""
        self._store = store
        self._checkpoints = checkpoints

    @property
    def size(self) -> int:
        """How many entries the last checkpoint holds."""
        return self._checkpoints.published.size

    async def fetch(self, path: str) -> Served | None:
        """Return the file at a path below the log's own, or nothing if there is none."""
        if path == CHECKPOINT_PATH:
            note = self._checkpoints.note
            return None if note is None else Served(note, _TEXT, _BRIEFLY)
        try:
            wanted = parse_path(path)
        except LogError:
            return None
        level = wanted.level if isinstance(wanted, Tile) else 0
        if wanted.index * WIDTH + wanted.width > self.size >> HEIGHT * level:
            return None
        if isinstance(wanted, Bundle):
            content = encode_bundle(await entries(self._store, wanted.index * WIDTH, wanted.width))
        else:
            content = await _tile(self._store, wanted)
        return Served(content, _BYTES, _FOR_EVER)

    async def head(self, size: int) -> TreeHead:
        """Return the head that the log had at this size."""
        self._check_size(size)
        return await head_at(self._store, size)

    async def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """Prove that the log of this size has this entry."""
        self._check_size(size)
        return await _proof(self._store, size, partial(inclusion_proof, index, size))

    async def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Prove that the log of the old size is the beginning of the new one."""
        self._check_size(new)
        return await _proof(self._store, new, partial(consistency_proof, old, new))

    async def proof_file(self, index: int) -> bytes | None:
        """Return an entry's `.tlog-proof`, or nothing until a checkpoint holds it."""
        note = self._checkpoints.note
        if note is None or not 0 <= index < self.size:
            return None
        proof = await self.inclusion(index, self.size)
        return ProofFile(index, proof, Note.parse(note)).format()

    def _check_size(self, size: int) -> None:
        if size > self.size:
            raise ProofError(f"the last checkpoint holds {self.size} entries, not {size}")


async def head_at(store: Store, size: int) -> TreeHead:
    """Return the head of the first entries that a store holds, published or not."""
    found: list[TreeHead] = []

    def prove(hash_at: HashAt) -> tuple[bytes, ...]:
        found.append(tree_head(size, hash_at))
        return ()

    await _proof(store, size, prove)
    return found[-1]


async def _proof(store: Store, size: int, prove: _Prove) -> tuple[bytes, ...]:
    """Find out which tiles the proof stands on, fetch them, and make it."""
    needed: dict[Tile, bytes] = {}

    def note_down(tile: Tile) -> bytes:
        needed[tile] = b""
        return bytes(tile.width * HASH_LENGTH)

    prove(hash_from_tiles(size, note_down))
    for tile in needed:
        needed[tile] = await _tile(store, tile)
    return prove(hash_from_tiles(size, needed.__getitem__))


async def _tile(store: Store, tile: Tile) -> bytes:
    """Read a tile as wide as asked for: a wider one begins with it."""
    if tile.level == 0:
        return await leaves(store, tile.index * WIDTH, tile.width)
    row = await store.get(TILE, (tile.level, tile.index))
    held = row[2] if row is not None and isinstance(row[2], bytes) else b""
    return held[: tile.width * HASH_LENGTH]
