"""What the log serves: read by a client that we did not write, and by our own proofs."""

from pathlib import Path

import pytest

from depin_protocol.log.errors import ProofError
from depin_protocol.log.merkle import leaf_hash, verify_consistency, verify_inclusion
from depin_protocol.log.tiles import decode_bundle
from settlement_node.log.reading import entries
from settlement_node.log.sequence import Sequence
from tests.node.village import Village, readings, village
from tests.protocol.spoken import NOON, Home


async def grow(here: Village, home: Home, entries: int) -> None:
    """Say so many statements, and publish them."""
    said = [home.say("metering", readings(NOON, total)) for total in range(entries)]
    await here.say(*said)
    here.clock.now += 5_000
    await here.coop.tick()


async def test_every_entry_and_every_growth_is_proven(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        shelf = here.coop.shelf
        heads = []
        for entries in (1, 3, 7, 240, 5, 300):
            await grow(here, home, entries)
            heads.append(here.coop.position.checkpoint)
        newest = heads[-1]
        for head in heads:
            assert await shelf.head(head.size) == head
            proof = await shelf.consistency(head.size, newest.size)
            verify_consistency(head, newest, proof)
        for index in (0, 1, 255, 256, newest.size - 1):
            entry = await here.coop.entry(index)
            assert entry is not None
            for head in heads:
                if index < head.size:
                    proof = await shelf.inclusion(index, head.size)
                    verify_inclusion(leaf_hash(entry), index, proof, head)
        with pytest.raises(ProofError):
            await shelf.inclusion(0, newest.size + 1)


async def test_every_partial_tile_is_served_and_nothing_unpublished(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        await grow(here, home, 300)
        shelf, size = here.coop.shelf, here.coop.position.size
        for path in (
            "tile/0/000",
            f"tile/0/001.p/{size - 256}",
            "tile/0/000.p/7",
            "tile/1/000.p/1",
        ):
            served = await shelf.fetch(path)
            assert served is not None
            assert "immutable" in served.cache_control
        bundle = await shelf.fetch("tile/entries/000.p/3")
        assert bundle is not None
        assert decode_bundle(bundle.content, 3) == [await here.coop.entry(at) for at in range(3)]
        await here.say(home.say("metering", readings(NOON)))
        for path in (
            f"tile/0/001.p/{size - 255}",
            "tile/0/001",
            "tile/1/000.p/2",
            "tile/2/000.p/1",
        ):
            assert await shelf.fetch(path) is None
        for path in ("", "tile/0/0", "tile/../secret", "tile/0/000.p/256", "tile/64/000"):
            assert await shelf.fetch(path) is None


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 513, 700])
async def test_the_edge_is_the_same_after_loading(tmp_path: Path, size: int) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        while here.coop.position.size < size:
            missing = size - here.coop.position.size
            await here.say(*(home.say("metering", readings(NOON)) for _ in range(missing)))
        loaded = await Sequence.load(here.store)
        assert loaded.head() == here.coop.state.sequence.head()
        more = [home.say("metering", readings(NOON)) for _ in range(300)]
        await here.say(*more)
        for entry in await entries(here.store, loaded.size, 1_000):
            loaded.append(entry, b"")
        assert loaded.head() == here.coop.state.sequence.head()
