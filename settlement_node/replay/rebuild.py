"""Makes the tables anew from entries and bodies alone."""

from typing import Final

from settlement_node.coop.replaying import Replay, written_entries
from settlement_node.coop.state import CoopState
from settlement_node.coop.trust import REBUILDING
from settlement_node.keeping.roots import LINES
from settlement_node.log.reading import entries
from settlement_node.log.tables import BODY, BUNDLE, ENTRY, PACK
from settlement_node.replay.comparing import place_of
from settlement_node.replay.starting import first_possible
from settlement_node.store.backup import META
from settlement_node.store.errors import StoreDamagedError
from settlement_node.store.port import Store
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Clear, Delete, Key, Put, Table

_AT_ONCE: Final = 1_000


async def rebuild(store: Store) -> int:
    """Write every table that follows from the log; return how many entries were followed.

    Receipts, checkpoints and events are no part of it: they were given, and stay as they are. So
    do rows that stand on entries whose bodies were erased. Cut short, the tables are incomplete:
    the store is marked so, and it is done again.
    """
    state = CoopState()
    await _check_tables(store, state)
    start = await first_possible(store, state)
    await store.commit([Put(META, [(REBUILDING, b"")])])
    for table in state.tables:
        await _clear(store, table, start.index)
    await _hash(store, state, start.index)
    await start.lead(state)
    await store.commit(list(start.changes()))
    replay = Replay(state, store)
    try:
        async for portion in written_entries(store, start.index):
            changes: list[Change] = []
            async for one, effects in replay.portion(portion):
                changes += effects.changes
                if one.index == 0:
                    # What a successor begins with is looked up by the entries that follow.
                    await store.commit(changes)
                    changes = []
            await store.commit([*changes, *_of_tables(state)])
        replay.finish()
    finally:
        replay.close()
    await _drop_lines(store, state)
    await store.commit([Delete(META, [(REBUILDING,)])])
    return state.size - start.index


async def _check_tables(store: Store, state: CoopState) -> None:
    """Insist on every table before the first is emptied: no rebuild makes a table."""
    there = {table.shape() for table in await store.tables()}
    for table in (META, ENTRY, BODY, BUNDLE, PACK, *state.tables):
        if table.shape() not in there:
            raise StoreDamagedError(
                f"the store has no table {table.name} as this program made it, and nothing was"
                " changed: restore a backup, and regain what came after it"
            )


async def _clear(store: Store, table: Table, start: int) -> None:
    """Remove a table's rows, but for those that stand on entries before the start."""
    if table is LINES:
        return  # what a replay begins with must outlive one that is cut short
    place = place_of(table)
    if not start or place is None:
        await store.commit([Clear(table)])
        return
    width = len(table.key)
    keys: list[Key] = []
    async for row in every_row(store, table):
        index = row[place]
        if isinstance(index, int) and index >= start:
            keys.append(row[:width])
        if len(keys) == _AT_ONCE:
            await store.commit([Delete(table, keys)])
            keys = []
    await store.commit([Delete(table, keys)])


async def _hash(store: Store, state: CoopState, end: int) -> None:
    for start in range(0, end, _AT_ONCE):
        for entry in await entries(store, start, min(_AT_ONCE, end - start)):
            state.sequence.append(entry, b"")
        await store.commit(_of_tables(state))


def _of_tables(state: CoopState) -> list[Change]:
    return [change for change in state.take_changes() if change.table in state.tables]


async def _drop_lines(store: Store, state: CoopState) -> None:
    kept = state.keeping.roots.all
    surplus: list[Key] = [row[:1] async for row in every_row(store, LINES) if row[0] not in kept]
    await store.commit([Delete(LINES, surplus)])
