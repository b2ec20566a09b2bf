"""A restored node takes nothing new until it has regained the log that others have seen."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from depin_protocol.encoding import from_text
from depin_protocol.log.errors import LogError
from depin_protocol.statements.membership import Leave
from settlement_node.coop.answers import ReadOnlyError, StoppedError
from settlement_node.coop.coop import Coop
from settlement_node.coop.regaining import NotRegainedError
from settlement_node.log.tables import BODY, ENTRY
from settlement_node.replay.verify import verify
from settlement_node.store.backup import backup
from settlement_node.store.errors import StoreFullError
from settlement_node.store.opening import open_store, restore_into
from settlement_node.store.port import Store
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change
from tests.node.village import Village, readings, surroundings, village
from tests.protocol.spoken import COOP, NOON, Home


async def column(store: Store, start: int) -> tuple[list[bytes], list[bytes]]:
    """Read entries and bodies from an index on."""
    entries = [row[1] async for row in every_row(store, ENTRY, after=(start - 1,))]
    bodies = [row[1] async for row in every_row(store, BODY, after=(start - 1,))]
    return (
        [entry for entry in entries if isinstance(entry, bytes)],
        [body for body in bodies if isinstance(body, bytes)],
    )


async def note_of(coop: Coop) -> bytes:
    """Return the newest checkpoint."""
    served = await coop.shelf.fetch("checkpoint")
    assert served is not None
    return served.content


async def restored(here: Village, folder: Path) -> tuple[Store, Coop]:
    """Open a backup elsewhere."""
    await restore_into(folder / "restored", folder / "backup")
    store = await open_store(folder / "restored", from_text(COOP, 16))
    return store, await Coop.open(store, surroundings(here.clock))


async def test_a_restored_node_regains_what_others_hold(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home, other = Home(2), Home(3)
        await here.welcome(home)
        await backup(here.store, tmp_path / "backup")
        start = here.coop.position.size
        said = [home.say("metering", readings(NOON, total)) for total in range(300)]
        await here.say(*said)
        await here.welcome(other)
        later = [other.say("trading", Leave()), home.say("metering", readings(NOON + 10**9))]
        await here.say(*later)
        await here.coop.close()
        note = await note_of(here.coop)
        entries, bodies = await column(here.store, start)

        store, coop = await restored(here, tmp_path)
        await coop.start()
        with pytest.raises(ReadOnlyError, match="restored"):
            await coop.submit([said[0].wire])
        await coop.show_checkpoint(note)
        with pytest.raises(ReadOnlyError, match="regained"):
            await coop.resume()
        with pytest.raises(NotRegainedError, match="do not lead"):
            await coop.offer_entries(start, [*entries[:-1], entries[0]])
        with pytest.raises(NotRegainedError, match=f"from {start} on"):
            await coop.offer_entries(start + 5, entries[5:])
        await coop.offer_entries(start, entries[:10])
        await coop.offer_entries(start, entries)
        for statement in said:
            with pytest.raises(ReadOnlyError):
                await coop.submit([statement.wire])
        assert coop.position.size == start + 300
        assert "bodies" in str(await coop.offer_bodies([b"nonsense", said[0].wire]))
        assert await coop.offer_bodies(bodies) is None
        assert coop.position.size == here.coop.position.size
        await coop.resume()
        assert coop.position.read_only is None

        again = Village(coop, store, here.clock, here.operator)
        (receipt,) = await again.say(said[7])
        assert await again.say(said[7]) == [receipt]
        await again.say(home.say("metering", readings(NOON)))
        await coop.close()
        found = await verify(store)
        assert found.entries == here.coop.position.size + 1
        proof = await coop.shelf.consistency(here.coop.position.size, found.entries)
        assert proof
        await store.close()


async def test_a_larger_checkpoint_stops_a_log_and_is_remembered(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await backup(here.store, tmp_path / "backup")
        await here.welcome(Home(2))
        await here.coop.close()
        note = await note_of(here.coop)
        store, coop = await restored(here, tmp_path)
        await coop.resume()
        await coop.show_checkpoint(note)
        assert coop.position.read_only is not None
        with pytest.raises(ReadOnlyError):
            await coop.submit([b"anything"])
        await coop.close()
        coop = await Coop.open(store, surroundings(here.clock))
        assert coop.position.read_only is not None
        await coop.close()
        await store.close()


async def test_a_contradicting_checkpoint_stops_a_log(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await backup(here.store, tmp_path / "backup")
        store, coop = await restored(here, tmp_path)
        await coop.resume()
        fork = Village(coop, store, here.clock, here.operator)
        before = dict(here.operator.heads)
        await fork.welcome(Home(3))
        await coop.close()
        here.operator.heads = before
        await here.welcome(Home(2))
        await here.coop.close()
        assert here.coop.position.size == coop.position.size
        await here.coop.show_checkpoint(await note_of(coop))
        assert "successor" in str(here.coop.position.read_only)
        with pytest.raises(LogError):
            await here.coop.show_checkpoint(b"no note")
        await store.close()


async def test_a_commit_that_fails_stops_the_co_op_and_loses_nothing(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        await backup(here.store, tmp_path / "backup")
        start = here.coop.position.size
        await here.say(*[home.say("metering", readings(NOON, total)) for total in range(1_200)])
        await here.coop.close()
        note, (entries, bodies) = await note_of(here.coop), await column(here.store, start)
        store, coop = await restored(here, tmp_path)
        await coop.show_checkpoint(note)
        await coop.offer_entries(start, entries)
        commit, commits = store.commit, iter(range(9))

        async def full(changes: Sequence[Change]) -> None:
            if next(commits):
                raise StoreFullError("there is no room")
            await commit(changes)

        store.commit = full  # type: ignore[method-assign]
        with pytest.raises(StoppedError, match="no room"):
            await coop.offer_bodies(bodies)
        store.commit = commit  # type: ignore[method-assign]
        with pytest.raises(StoppedError, match="no room"):
            await coop.offer_bodies(bodies)
        assert coop.failure is not None
        await coop.close()
        coop = await Coop.open(store, surroundings(here.clock))
        assert start < coop.position.size < start + 1_200, "the first portion was kept"
        done = coop.position.size - start
        await coop.offer_entries(start + done, entries[done:])

        async def offer() -> None:
            for _ in range(10):
                await coop.offer_bodies(bodies)

        await asyncio.gather(*(offer() for _ in range(3)))
        await coop.resume()
        await coop.close()
        assert (await verify(store)).regained == 1_200
        await store.close()
