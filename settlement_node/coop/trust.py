"""Whether a co-op may grow: not while its log was seen larger than it is here."""

from typing import Final, Self

from depin_protocol.log.checkpoint import Checkpoint
from settlement_node.coop.state import CoopState
from settlement_node.log.checkpoints import verified
from settlement_node.log.sealed import DamagedLogError
from settlement_node.store.backup import META, RESTORED_FROM
from settlement_node.store.port import Store
from settlement_node.store.tables import Delete, Put

REBUILDING: Final = "rebuilding"
"""The row of `meta` that is there until the tables are made anew."""

_LARGEST: Final = "largest_checkpoint"
_CONTRADICTING: Final = "contradicting_checkpoint"


class Trust:
    """What is known of the log from others: the largest checkpoint, and a restore to be settled."""

    def __init__(self, store: Store, state: CoopState) -> None:
        """Begin with nothing known."""
        self._store = store
        self._state = state
        self._restored = False
        self._forked: Checkpoint | None = None
        self._note = b""
        self.largest: Checkpoint | None = None

    @property
    def lost(self) -> tuple[Checkpoint, bytes] | None:
        """The checkpoint, with its note, that shows that a part of the log is not here."""
        shown = self._forked or self.largest
        if shown is None or (self._forked is None and shown.tree.size <= self._state.size):
            return None
        return shown, self._note

    @classmethod
    async def load(cls, store: Store, state: CoopState) -> Self:
        """Read what was known before the node was started."""
        trust = cls(store, state)
        if await store.get(META, (REBUILDING,)) is not None:
            raise DamagedLogError("the tables were not made anew whole: run rebuild again")
        trust._restored = await store.get(META, (RESTORED_FROM,)) is not None
        row = await store.get(META, (_LARGEST,))
        if row is not None and isinstance(row[1], bytes):
            trust.largest = verified(row[1], state.community.facts.log_verifier())
            trust._note = row[1]
        row = await store.get(META, (_CONTRADICTING,))
        if row is not None and isinstance(row[1], bytes):
            trust._forked = verified(row[1], state.community.facts.log_verifier())
            trust._note = row[1]
        return trust

    @property
    def read_only(self) -> str | None:
        """Say why the co-op may not grow, if it may not."""
        if self._forked is not None:
            return (
                f"a checkpoint of {self._forked.tree.size} entries was signed that this log does"
                " not lead to: the co-op has to decide on a successor"
            )
        if self.largest is not None and self.largest.tree.size > self._state.size:
            return (
                f"the log had {self.largest.tree.size} entries and has {self._state.size} here:"
                " it takes nothing new until it has regained the rest"
            )
        if self._restored:
            return (
                "restored from a backup: show it the largest checkpoint that anybody holds, let it"
                " regain what is missing, then resume"
            )
        return None

    async def show(self, checkpoint: Checkpoint, note: bytes) -> None:
        """Take a checkpoint of this log's key that is larger than the log here."""
        if self.largest is None or checkpoint.tree.size > self.largest.tree.size:
            await self._store.commit([Put(META, [(_LARGEST, note)])])
            self.largest, self._note = checkpoint, note

    async def contradict(self, checkpoint: Checkpoint, note: bytes) -> None:
        """Take a checkpoint of this log's key that these entries do not lead to."""
        await self._store.commit([Put(META, [(_CONTRADICTING, note)])])
        self._forked, self._note = checkpoint, note

    async def settle(self) -> None:
        """Let the log grow again after a restore, once nothing larger is known."""
        await self._store.commit([Delete(META, [(RESTORED_FROM,), (_LARGEST,)])])
        self._restored = False
        self.largest = None
