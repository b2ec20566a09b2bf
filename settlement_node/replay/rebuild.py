"""Makes the tables anew from entries and bodies alone."""

from settlement_node.coop.rooms import Room
from settlement_node.coop.state import CoopState
from settlement_node.replay.replaying import Replay, written_entries
from settlement_node.store.port import Store
from settlement_node.store.tables import Change, Clear


async def rebuild(store: Store, rooms: tuple[Room, ...] = ()) -> int:
    """Write every table that follows from the log; return how many entries were followed.

    Receipts, checkpoints and events are no part of it: they were given, and stay as they are. Cut
    short, the tables are incomplete, and it is done again.
    """
    state = CoopState(rooms)
    await store.commit([Clear(table) for table in state.tables])
    replay = Replay(state, store)
    try:
        async for portion in written_entries(store):
            changes: list[Change] = []
            async for _, effects in replay.portion(portion):
                changes += effects.changes
            changes += [
                change for change in state.sequence.take_changes() if change.table in state.tables
            ]
            await store.commit(changes)
        replay.finish()
    finally:
        replay.close()
    return state.size
