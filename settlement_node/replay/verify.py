"""Checks everything that a store holds against the log."""

from dataclasses import dataclass

from depin_protocol.log.checkpoint import Checkpoint
from depin_protocol.log.entries import EntryError, StatementEntry, read_entry
from depin_protocol.log.errors import LogError
from depin_protocol.log.merkle import TreeHead
from settlement_node.coop.following import DoesNotFollowError
from settlement_node.coop.regaining import regained
from settlement_node.coop.replaying import Replay, written_entries
from settlement_node.coop.state import CoopState
from settlement_node.ledger.audit import audit
from settlement_node.log.checkpoints import verified
from settlement_node.log.reading import check_kept_once, portions
from settlement_node.log.tables import CHECKPOINT
from settlement_node.replay.comparing import Recomputed
from settlement_node.replay.promises import Promises
from settlement_node.replay.starting import check_kept_lines, first_possible, newest_below
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row


class CheckpointError(Exception):
    """A checkpoint is not of this log; the message says which."""


class UnbalancedError(Exception):
    """The books that the log leads to don't add up; the message says where."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked."""

    entries: int
    checkpoints: int
    head: TreeHead
    start: int
    """The first entry that was followed; those before it were only hashed."""
    erased: int
    """How many of those before it have no body any more."""
    signed: int
    """How many entries the newest checkpoint has."""
    regained: int
    """How many statements were regained after a restore, so that their receipts are elsewhere."""


async def verify(
    view: View, trusted: Checkpoint | None = None, *, begin_there: bool = False
) -> Verified:
    """Follow the log and compare; raise what names the first entry or row that is wrong.

    The view must stand still meanwhile: a store that nobody writes to, or a snapshot. `trusted` is
    a checkpoint that the caller got from somewhere else, which this log has to lead to; with
    `begin_there` it is believed, and the log is followed from the last state root under it.
    """
    await check_kept_once(view)
    state = CoopState()
    possible = start = await first_possible(view, state)
    if trusted is not None and begin_there:
        start = await newest_below(view, trusted.tree.size, state) or possible
    recomputed = Recomputed(state.tables, view, start.index)
    promises = Promises(view, await regained(view))
    signed = _Signed(await _notes(view), trusted)
    erased = await _hash(view, start.index, state, signed, recomputed)
    await start.lead(state)
    recomputed.take(start.changes())
    replay = Replay(state, view)
    try:
        async for portion in written_entries(view, start.index):
            await promises.begin(portion)
            async for one, effects in replay.portion(portion):
                recomputed.take(effects.changes)
                signed.check(state)
                promises.follow(one, state.community.facts)
            await promises.end()
            recomputed.take(state.take_changes())
            await recomputed.settle(state.size)
        replay.finish()
    finally:
        replay.close()
    await promises.finish(state.size)
    signed.finish(state)
    if state.keeping.roots.horizon < possible.index:
        raise DoesNotFollowError(0, "its body is missing, and no erasure stands in the log")
    await recomputed.finish(state.size)
    for fault in audit(state.ledger.ledger):
        raise UnbalancedError(f"after {state.size} entries: {fault}")
    await check_kept_lines(view, state, start)
    head = state.sequence.head()
    return Verified(
        *(state.size, signed.count, head, start.index, erased, signed.newest, promises.without)
    )


async def _hash(
    view: View, end: int, state: CoopState, signed: "_Signed", recomputed: Recomputed
) -> int:
    """Take the entries that are not followed; return how many have no body."""
    erased = 0
    async for _, portion in portions(view, 0, end):
        for one in portion:
            if one.index != state.size:
                raise DoesNotFollowError(state.size, "it is missing")
            try:
                entry = read_entry(one.entry)
            except EntryError as error:
                raise DoesNotFollowError(one.index, str(error)) from None
            state.sequence.append(one.entry, b"")
            signed.compare(state)
            if isinstance(entry, StatementEntry):
                recomputed.pass_statement(one.index)
            erased += one.body is None
        recomputed.take(state.take_changes())
        await recomputed.settle(state.size)
    return erased


async def _notes(view: View) -> dict[int, tuple[bytes, bytes]]:
    notes: dict[int, tuple[bytes, bytes]] = {}
    async for row in every_row(view, CHECKPOINT):
        match row:
            case (int(size), bytes(root), bytes(note), int()):
                notes[size] = root, note
    return notes


class _Signed:
    """The checkpoints that were signed, and the one that the caller trusts."""

    def __init__(self, notes: dict[int, tuple[bytes, bytes]], trusted: Checkpoint | None) -> None:
        self._notes = notes
        self._trusted = trusted
        self.count = len(notes)
        self.newest = max(notes, default=0)

    def compare(self, state: CoopState) -> bytes | None:
        """Compare roots where a checkpoint ends; return its note."""
        size = state.size
        trusted = self._trusted
        if trusted is not None and trusted.tree.size == size:
            self._trusted = None
            if trusted.tree != state.sequence.head():
                raise CheckpointError(
                    f"the first {size} entries are not those under the trusted checkpoint"
                )
        root, note = self._notes.pop(size, (b"", None))
        if note is not None and root != state.sequence.head().root:
            raise CheckpointError(
                f"the checkpoint of {size} entries has another root than these entries:"
                " one of them is not what was signed"
            )
        return note

    def check(self, state: CoopState) -> None:
        """Compare roots, and check the signature of the key that counts now."""
        note = self.compare(state)
        if note is None:
            return
        head = state.sequence.head()
        try:
            checkpoint = verified(note, state.community.facts.log_verifier())
        except LogError as error:
            raise CheckpointError(f"the checkpoint of {head.size} entries: {error}") from None
        if checkpoint.tree != head:
            raise CheckpointError(f"the checkpoint of {head.size} entries signs another root")

    def finish(self, state: CoopState) -> None:
        """Refuse what speaks of more than there is."""
        for size in self._notes:
            raise CheckpointError(
                f"a checkpoint of {size} entries was signed, and {state.size} exist"
            )
        if self._trusted is not None:
            raise CheckpointError(
                f"the trusted checkpoint has {self._trusted.tree.size} entries, and"
                f" {state.size} exist"
            )
