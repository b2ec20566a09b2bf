"""Whether a co-op may grow: not while its log was seen larger than it is here."""

from typing import Final, NamedTuple, Self

from depin_protocol.log.checkpoint import Checkpoint
from settlement_node.coop.state import CoopState
from settlement_node.log.checkpoints import verified
from settlement_node.log.sealed import DamagedLogError
from settlement_node.log.shelf import head_at
from settlement_node.store.backup import META, RESTORED_FROM
from settlement_node.store.port import Store
from settlement_node.store.tables import Delete, Put

REBUILDING: Final = "rebuilding"
"""The row of `meta` that is there until the tables are made anew."""

_LARGEST: Final = "largest_checkpoint"
_CONTRADICTING: Final = "contradicting_checkpoint"


class Shown(NamedTuple):
    """A checkpoint that was shown, and the note that proves it."""

    checkpoint: Checkpoint
    note: bytes


class Trust:
    """What is known of the log from others: the largest checkpoint, and a restore to be settled."""

    def __init__(self, store: Store, state: CoopState) -> None:
        """Begin with nothing known."""
        self._store = store
        self._state = state
        self._restored = False
        self._forked: Shown | None = None
        self._largest: Shown | None = None

    @property
    def largest(self) -> Checkpoint | None:
        """The largest checkpoint that was shown."""
        return None if self._largest is None else self._largest.checkpoint

    @property
    def lost(self) -> Shown | None:
        """What shows that a part of the log is not here: the largest of what was signed."""
        shown = (self._forked, self._largest if self._is_ahead else None)
        return max(filter(None, shown), key=lambda one: one.checkpoint.tree.size, default=None)

    @property
    def is_forked(self) -> bool:
        """Tell whether a checkpoint was shown that the log here does not lead to."""
        return self._forked is not None

    @property
    def _is_ahead(self) -> bool:
        return self.largest is not None and self.largest.tree.size > self._state.size

    @classmethod
    async def load(cls, store: Store, state: CoopState) -> Self:
        """Read what was known before the node was started."""
        trust = cls(store, state)
        if await store.get(META, (REBUILDING,)) is not None:
            raise DamagedLogError("the tables were not made anew whole: run rebuild again")
        trust._restored = await store.get(META, (RESTORED_FROM,)) is not None
        trust._largest = await trust._stored(_LARGEST)
        trust._forked = await trust._stored(_CONTRADICTING)
        await trust.compare()
        return trust

    async def _stored(self, name: str) -> Shown | None:
        row = await self._store.get(META, (name,))
        if row is None or not isinstance(row[1], bytes):
            return None
        return Shown(verified(row[1], self._state.community.facts.log_verifier()), row[1])

    @property
    def read_only(self) -> str | None:
        """Say why the co-op may not grow, if it may not."""
        if self._forked is not None:
            size = self._forked.checkpoint.tree.size
            return (
                f"a checkpoint of {size} entries was signed that this log does not lead to: the"
                " co-op has to decide on a successor"
            )
        if self._is_ahead and self.largest is not None:
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

    async def show(self, shown: Shown) -> None:
        """Keep a checkpoint of this log's key that is larger than what was published here."""
        if self.largest is None or shown.checkpoint.tree.size > self.largest.tree.size:
            await self._store.commit([Put(META, [(_LARGEST, shown.note)])])
            self._largest = shown

    async def compare(self, shown: Shown | None = None) -> None:
        """See whether what is stored leads to a checkpoint, the largest if none is given."""
        shown = shown or self._largest
        if shown is None or self._forked is not None:
            return
        tree = shown.checkpoint.tree
        if 0 < tree.size <= self._state.size and await head_at(self._store, tree.size) != tree:
            await self._store.commit([Put(META, [(_CONTRADICTING, shown.note)])])
            self._forked = shown

    async def settle(self) -> None:
        """Let the log grow again after a restore, once nothing larger is known."""
        await self._store.commit([Delete(META, [(RESTORED_FROM,), (_LARGEST,)])])
        self._restored = False
        self._largest = None
