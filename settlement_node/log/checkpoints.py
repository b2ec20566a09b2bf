"""The log's signed heads: one soon after an entry, and at once where a decision wants it."""

from typing import Final

from depin_protocol.keys import public_key
from depin_protocol.log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from depin_protocol.log.merkle import EMPTY_ROOT, TreeHead
from depin_protocol.log.notes import Note, SignatureType, VerifierKey
from settlement_node.log.tables import CHECKPOINT
from settlement_node.store.port import Store
from settlement_node.store.tables import Change, Put

MAX_DELAY: Final = 5_000
"""Most milliseconds from an entry to the checkpoint that holds it."""

AT_ONCE: Final = frozenset(("gate",))
"""Decisions that a checkpoint follows immediately, since others rely on what precedes them."""


class Checkpoints:
    """Which checkpoint was published last, and when the next one is wanted."""

    def __init__(self, origin: str, delay: int) -> None:
        """Begin a log's checkpoints."""
        if not 0 <= delay <= MAX_DELAY:
            raise ValueError(f"a checkpoint follows within {MAX_DELAY} ms, not {delay}")
        self.origin = origin
        self.published = TreeHead(0, EMPTY_ROOT)
        self.note: bytes | None = None
        self._delay = delay
        self.wanted_at: int | None = None
        """When the next one is due, by the node's clock."""

    async def load(self, store: Store) -> None:
        """Go on after the last one that was published."""
        rows = await store.scan(CHECKPOINT, limit=1, reverse=True)
        for size, root, note, _ in rows:
            if isinstance(size, int) and isinstance(root, bytes) and isinstance(note, bytes):
                self.published = TreeHead(size, root)
                self.note = note

    def grown(self, now: int, *, at_once: bool = False) -> None:
        """Want a checkpoint for what was added now."""
        wanted = now if at_once else now + self._delay
        self.wanted_at = wanted if self.wanted_at is None else min(self.wanted_at, wanted)

    def sign(self, head: TreeHead, seed: bytes, at: int) -> tuple[Note, Change]:
        """Sign a head; it may be published once the change is durable."""
        note = sign_checkpoint(Checkpoint(self.origin, head), seed)
        return note, Put(CHECKPOINT, [(head.size, head.root, note.format(), at)])

    def publish(self, head: TreeHead, note: Note) -> None:
        """Take a durable checkpoint for the last one."""
        self.published = head
        self.note = note.format()
        self.wanted_at = None


def log_key(origin: str, seed: bytes) -> VerifierKey:
    """Name the key by which others verify this log's checkpoints."""
    return VerifierKey(origin, SignatureType.ED25519, public_key(seed))


def verified(note: bytes, key: VerifierKey) -> Checkpoint:
    """Read a checkpoint that the log's key signed, or raise a LogError."""
    return open_checkpoint(Note.parse(note), key)
