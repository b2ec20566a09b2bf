"""A log signs nothing past a checkpoint that others hold of it, until it is compared."""

import asyncio
from pathlib import Path

import pytest

from depin_protocol.log.checkpoint import Checkpoint, sign_checkpoint
from depin_protocol.log.merkle import TreeHead
from depin_protocol.receipts import Receipt
from settlement_node.coop.answers import ReadOnlyError
from settlement_node.coop.coop import Coop
from settlement_node.coop.trust import Shown, Trust
from settlement_node.store.backup import META
from settlement_node.store.tables import Put
from tests.node.village import FACTS, LOG_SEED, Village, readings, surroundings, village
from tests.protocol.spoken import NOON, Home

ELSEWHERE = bytes(32)


def note_of(size: int, root: bytes = ELSEWHERE) -> bytes:
    """Sign a checkpoint as the node itself would."""
    return sign_checkpoint(Checkpoint(FACTS.origin, TreeHead(size, root)), LOG_SEED).format()


async def again(here: Village) -> None:
    """Start the co-op anew."""
    await here.coop.close()
    here.coop = await Coop.open(here.store, surroundings(here.clock))
    await here.coop.start()


@pytest.mark.parametrize("after", [0, 5_000])
async def test_what_waits_is_refused_and_nothing_signed_once_a_larger_one_is_shown(
    tmp_path: Path, after: int
) -> None:
    async with village(tmp_path, checkpoint_after=after) as here:
        home = Home(2)
        await here.welcome(home)
        before = here.coop.position
        waiting = [
            asyncio.create_task(here.coop.submit([home.say("metering", readings(NOON, n)).wire]))
            for n in range(3)
        ]
        await asyncio.sleep(0)
        await here.coop.show_checkpoint(note_of(before.size + 9))
        refused = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(answer) for answer in refused] == [ReadOnlyError] * 3
        assert (here.coop.position.size, here.coop.position.checkpoint) == (
            before.size,
            before.checkpoint,
        )
        assert "it takes nothing new" in str(here.coop.position.read_only)


async def test_one_that_a_group_under_way_comes_up_to_is_compared_and_kept(tmp_path: Path) -> None:
    async with village(tmp_path, checkpoint_after=5_000) as here:
        home = Home(2)
        await here.welcome(home)
        before = here.coop.position
        said = home.say("metering", readings(NOON))
        under_way = asyncio.create_task(here.coop.submit([said.wire]))
        while here.coop.position.size == before.size:
            await asyncio.sleep(0)
        await here.coop.show_checkpoint(note_of(before.size + 1))
        (answer,) = await under_way
        assert isinstance(answer, Receipt), "the group was on its way to the disk"
        assert here.coop.position.checkpoint == before.checkpoint
        for _ in range(2):
            assert "successor" in str(here.coop.position.read_only)
            with pytest.raises(ReadOnlyError, match="successor"):
                await here.coop.resume()
            await again(here)


async def test_one_of_what_was_not_published_yet_stops_the_log_only_if_it_differs(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, checkpoint_after=5_000) as here:
        home = Home(2)
        await here.welcome(home)
        size, head = here.coop.position.size, here.coop.state.sequence.head()
        assert here.coop.position.checkpoint.size < size
        await here.coop.show_checkpoint(note_of(size, head.root))
        assert here.coop.position.read_only is None
        await here.say(home.say("metering", readings(NOON)))
        await here.coop.show_checkpoint(note_of(size))
        assert "successor" in str(here.coop.position.read_only)


async def test_one_that_was_kept_is_compared_at_the_next_start(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await here.welcome(Home(2))
        size = here.coop.position.size
        await here.coop.close()
        # As where the node was killed after it had kept what it was shown.
        await here.store.commit([Put(META, [("largest_checkpoint", note_of(size))])])
        await again(here)
        assert "successor" in str(here.coop.position.read_only)


async def test_each_checkpoint_is_kept_with_its_own_note(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await here.welcome(Home(2))
        await here.coop.close()
        trust = await Trust.load(here.store, here.coop.state)
        forked, larger = note_of(3), note_of(1_000)
        for size, note in ((3, forked), (1_000, larger)):
            shown = Shown(Checkpoint(FACTS.origin, TreeHead(size, ELSEWHERE)), note)
            await trust.show(shown)
            await trust.compare(shown)
        for known in (trust, await Trust.load(here.store, here.coop.state)):
            assert known.lost is not None
            assert (known.lost.checkpoint.tree.size, known.lost.note) == (1_000, larger)
            assert "a checkpoint of 3 entries" in str(known.read_only)
