"""Makes the tables anew from entries and bodies alone."""

from settlement_node.coop.state import CoopState
from settlement_node.coop.trust import REBUILDING
from settlement_node.replay.replaying import Replay, written_entries
from settlement_node.store.backup import META
from settlement_node.store.port import Store
from settlement_node.store.tables import Change, Clear, Delete, Put


async def rebuild(store: Store) -> int:
    """Write every table that follows from the log; return how many entries were followed.

    Receipts, checkpoints and events are no part of it: they were given, and stay as they are. Cut
    short, the tables are incomplete: the store is marked so, and it is done again.
    """
    state = CoopState()
    marked = Put(META, [(REBUILDING, b"")])
    await store.commit([marked, *(Clear(table) for table in state.tables)])
    replay = Replay(state, store)
    try:
        async for portion in written_entries(store):
            changes: list[Change] = []
            async for _, effects in replay.portion(portion):
                changes += effects.changes
            changes += [change for change in state.take_changes() if change.table in state.tables]
            await store.commit(changes)
        replay.finish()
    finally:
        replay.close()
    await store.commit([Delete(META, [(REBUILDING,)])])
    return state.size
