"""Checks everything that a store holds against the log, from its first entry."""

from dataclasses import dataclass

from depin_protocol.log.checkpoint import Checkpoint
from depin_protocol.log.errors import LogError
from depin_protocol.log.merkle import TreeHead
from settlement_node.coop.state import CoopState
from settlement_node.ledger.audit import audit
from settlement_node.log.checkpoints import verified
from settlement_node.log.tables import CHECKPOINT
from settlement_node.replay.comparing import Recomputed
from settlement_node.replay.replaying import Replay, written_entries
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


async def verify(view: View, trusted: Checkpoint | None = None) -> Verified:
    """Follow the log and compare; raise what names the first entry or row that is wrong.

    The view must stand still meanwhile: a store that nobody writes to, or a snapshot. `trusted` is
    a checkpoint that the caller got from somewhere else, which this log has to lead to.
    """
    state = CoopState()
    recomputed = Recomputed(state.tables, view)
    signed = await _signed(view)
    checked = len(signed)
    replay = Replay(state, view)
    try:
        async for portion in written_entries(view):
            async for one, effects in replay.portion(portion):
                recomputed.take(effects.changes)
                _check(signed.pop(one.index + 1, None), state)
                if trusted is not None and trusted.tree.size == one.index + 1:
                    _check_trusted(trusted, state)
            recomputed.take(state.take_changes())
            await recomputed.settle(state.size)
        replay.finish()
    finally:
        replay.close()
    for size in signed:
        raise CheckpointError(f"a checkpoint of {size} entries was signed, and {state.size} exist")
    if trusted is not None and trusted.tree.size > state.size:
        raise CheckpointError(
            f"the trusted checkpoint has {trusted.tree.size} entries, and {state.size} exist"
        )
    await recomputed.finish(state.size)
    for fault in audit(state.ledger.ledger):
        raise UnbalancedError(f"after {state.size} entries: {fault}")
    return Verified(state.size, checked, state.sequence.head())


async def _signed(view: View) -> dict[int, tuple[bytes, bytes]]:
    signed: dict[int, tuple[bytes, bytes]] = {}
    async for row in every_row(view, CHECKPOINT):
        match row:
            case (int(size), bytes(root), bytes(note), int()):
                signed[size] = root, note
    return signed


def _check(row: tuple[bytes, bytes] | None, state: CoopState) -> None:
    if row is None:
        return
    head = state.sequence.head()
    root, note = row
    try:
        checkpoint = verified(note, state.community.facts.log_verifier())
    except LogError as error:
        raise CheckpointError(f"the checkpoint of {head.size} entries: {error}") from None
    if checkpoint.tree != head or root != head.root:
        raise CheckpointError(
            f"the checkpoint of {head.size} entries has another root than these entries:"
            " one of them is not what was signed"
        )


def _check_trusted(trusted: Checkpoint, state: CoopState) -> None:
    if trusted.tree != state.sequence.head():
        raise CheckpointError(
            f"the first {trusted.tree.size} entries are not those under the trusted checkpoint"
        )
