"""Packed entries and bodies answer as their rows did, whatever happens while they are packed."""

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from depin_protocol.log.merkle import leaf_hash, verify_inclusion
from depin_protocol.log.tiles import encode_bundle
from depin_protocol.receipts import Receipt
from depin_protocol.statements.envelope import Statement
from settlement_node.coop.coop import Coop
from settlement_node.coop.following import DoesNotFollowError
from settlement_node.intake.streams import Place
from settlement_node.log.packing import pack_next
from settlement_node.log.packs import pack_bodies, unpack_bodies
from settlement_node.log.reading import (
    bodies_at,
    body_at,
    check_kept_once,
    entries,
    entry_at,
    erasing,
    kept,
    log_size,
    portions,
)
from settlement_node.log.sealed import DamagedLogError, seal
from settlement_node.log.tables import BODY, BUNDLE, CHECKPOINT, ENTRY, PACK, PACK_WIDTH
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from settlement_node.store.backup import backup
from settlement_node.store.opening import open_store, restore_into
from settlement_node.store.port import Store
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Delete, Put
from tests.node.log.packing_process import COOP_ID, LATER, append, body_of, entry_of
from tests.node.village import DAY, Village, readings, surroundings, village
from tests.protocol.spoken import NOON, Home

REPOSITORY = Path(__file__).parents[3]


async def lived(here: Village, packs: int) -> tuple[Home, list[Statement]]:
    """Let a home say so many packs of statements."""
    home = Home(2)
    await here.welcome(home)
    said: list[Statement] = []
    for start in range(0, packs * PACK_WIDTH, 512):
        portion = [home.say("metering", readings(NOON, start + more)) for more in range(512)]
        await here.say(*portion)
        here.clock.now += 5_000
        await here.coop.tick()
        said += portion
    return home, said


async def packed(here: Village) -> int:
    """Pack all that can be, a day later; return how many packs there are."""
    here.clock.now += DAY + 1
    count = 0
    while await pack_next(here.store, here.coop.position.checkpoint.size, here.clock() - DAY):
        count += 1
    return count


async def _packs_and_goes_on(here: Village, folder: Path) -> None:
    home, said = await lived(here, 2)
    size = here.coop.position.size
    sample = (0, 1, 255, 256, PACK_WIDTH - 1, PACK_WIDTH, 2 * PACK_WIDTH, size - 1)
    before = [await kept(here.store, index, 1) for index in sample]
    bundle = await here.coop.shelf.fetch("tile/entries/003")
    tile = await here.coop.shelf.fetch("tile/0/003")
    places = [Place(home.member, "metering", one.header.chain, one.header.seq) for one in said]
    receipts = [await here.coop.receipt(place) for place in places[::700]]
    assert await packed(here) == 2

    assert [row[0] async for row in every_row(here.store, ENTRY)] == [*range(2 * PACK_WIDTH, size)]
    assert [row[0] async for row in every_row(here.store, BODY)] == [*range(2 * PACK_WIDTH, size)]
    assert [await kept(here.store, index, 1) for index in sample] == before
    held = await kept(here.store, 0, size + 5)
    assert [one.index for one in held] == [*range(size)]
    assert await here.coop.shelf.fetch("tile/entries/003") == bundle
    assert await here.coop.shelf.fetch("tile/0/003") == tile
    written = [one.entry for one in held]
    assert bundle is not None
    assert bundle.content == encode_bundle(written[3 * 256 : 4 * 256])
    head = here.coop.position.checkpoint
    for index in sample:
        proof = await here.coop.shelf.inclusion(index, head.size)
        verify_inclusion(leaf_hash(written[index]), index, proof, head)
    assert [await here.coop.receipt(place) for place in places[::700]] == receipts
    assert await here.say(*said[::700]) == receipts
    chain = said[0].header.chain
    for after in (1, 1000, PACK_WIDTH - 50, 2 * PACK_WIDTH - 50):
        found = await here.coop.statements(home.member, "metering", chain, after=after, limit=200)
        assert [one.wire for one in found] == [one.wire for one in said[after - 1 :][:200]]
        assert [one.seq for one in found] == [*range(after + 1, after + 1 + len(found))]
    sizes = [int(row[0]) async for row in every_row(here.store, CHECKPOINT)]
    assert sum(signed <= 2 * PACK_WIDTH for signed in sizes) <= 3

    await here.say(home.say("metering", readings(NOON)))
    await here.coop.close()
    size = here.coop.position.size
    checked = await verify(here.store)
    assert checked.entries == size
    assert await rebuild(here.store) == size
    assert await verify(here.store) == checked
    await backup(here.store, folder / "backup")
    await restore_into(folder / "restored", folder / "backup")
    restored = await open_store(folder / "restored", COOP_ID)
    assert await kept(restored, 0, size) == await kept(here.store, 0, size)
    assert await verify(restored) == checked
    coop = await Coop.open(restored, surroundings(here.clock))
    await coop.resume()
    (again,) = await coop.submit([said[5].wire])
    assert isinstance(again, Receipt)
    await coop.close()
    await restored.close()


@pytest.mark.long
async def test_a_packed_log_answers_as_before(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await _packs_and_goes_on(here, tmp_path)


@pytest.mark.postgres
async def test_a_packed_log_on_postgresql_answers_as_before(
    postgres_url: str, tmp_path: Path
) -> None:
    async with village(postgres_url) as here:
        await _packs_and_goes_on(here, tmp_path)


async def test_a_running_coop_packs_by_itself(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await lived(here, 1)
        await here.coop.close()
        here.clock.now += DAY + 1
        here.coop = await Coop.open(here.store, surroundings(here.clock))
        await here.coop.start()
        while not await here.store.scan(PACK, limit=1):
            await here.coop.tick()
        await here.coop.close()
        await verify(here.store)


async def numbered(folder: Path, count: int) -> Store:
    """Make a store of numbered entries, packed as far as can be."""
    store = await open_store(folder / "numbered", COOP_ID)
    await append(store, count)
    while await pack_next(store, count, LATER):
        pass
    return store


async def test_what_is_young_or_not_published_stays_rows(tmp_path: Path) -> None:
    store = await numbered(tmp_path, 0)
    await append(store, 2 * PACK_WIDTH)
    assert not await pack_next(store, PACK_WIDTH, LATER)
    assert not await pack_next(store, 2 * PACK_WIDTH, NOON + PACK_WIDTH - 1)
    assert await pack_next(store, 2 * PACK_WIDTH, NOON + PACK_WIDTH)
    assert not await pack_next(store, 2 * PACK_WIDTH, LATER), "the last entry is never packed"
    assert await log_size(store) == 2 * PACK_WIDTH
    assert await entries(store, PACK_WIDTH - 3, 6) == [
        entry_of(index) for index in range(PACK_WIDTH - 3, PACK_WIDTH + 3)
    ]
    await store.close()


@pytest.mark.parametrize(
    "below", [0, 1, PACK_WIDTH - 1, PACK_WIDTH, PACK_WIDTH + 9, 2 * PACK_WIDTH + 300]
)
async def test_bodies_are_erased_below_an_index(tmp_path: Path, below: int) -> None:
    size = 2 * PACK_WIDTH + 600
    store = await numbered(tmp_path, size)
    for _ in range(2):
        async for change in erasing(store, below):
            await store.commit([change])
        found = await kept(store, 0, size)
        assert [one.entry for one in found] == [entry_of(index) for index in range(size)]
        assert [one.body for one in found] == [
            None if index < below else body_of(index) for index in range(size)
        ]
    assert await body_at(store, 0) == (None if below else body_of(0))
    await append(store, PACK_WIDTH)
    assert await pack_next(store, size + PACK_WIDTH, LATER)
    assert await body_at(store, below - 1) is None
    await check_kept_once(store)
    await store.close()


async def test_a_gap_is_not_packed(tmp_path: Path) -> None:
    store = await numbered(tmp_path, 0)
    await append(store, 2 * PACK_WIDTH)
    await store.commit([Delete(ENTRY, [(77,)])])
    with pytest.raises(DamagedLogError, match="entries 0 to 4095 are not all there"):
        await pack_next(store, 2 * PACK_WIDTH, LATER)
    assert await entry_at(store, 77) is None
    await store.close()


async def test_verify_names_what_is_wrong_in_a_packed_log(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await lived(here, 1)
        await packed(here)
        await here.coop.close()
        store = here.store
        bundle, pack = await store.get(BUNDLE, (5,)), await store.get(PACK, (0,))
        assert bundle is not None
        assert pack is not None
        assert isinstance(bundle[1], bytes)
        assert isinstance(pack[2], bytes)
        torn = bundle[1][:5000] + bytes(len(bundle[1]) - 5000)
        await store.commit([Put(BUNDLE, [(5, torn)])])
        with pytest.raises(DamagedLogError, match=r"bundle 5 \(entries 1280 to 1535\) is damaged"):
            await verify(store)
        await store.commit([Delete(BUNDLE, [(5,)])])
        with pytest.raises(DoesNotFollowError, match=r"entry 1280 .* missing"):
            await verify(store)
        await store.commit([Put(BUNDLE, [bundle, (16, bundle[1])])])
        with pytest.raises(DamagedLogError, match="bundle has a row 16"):
            await verify(store)
        await store.commit([Delete(BUNDLE, [(16,)]), Put(PACK, [(0, PACK_WIDTH, pack[2][:-9])])])
        with pytest.raises(DamagedLogError, match="the pack of bodies 0 to 4095 is damaged"):
            await verify(store)
        bodies = unpack_bodies(pack[2], "it")
        forged = [*bodies[:300], bodies[301], *bodies[301:]]
        await store.commit([Put(PACK, [(0, PACK_WIDTH, pack_bodies(forged))])])
        with pytest.raises(DoesNotFollowError, match=r"entry 300 .* not the statement"):
            await verify(store)
        await store.commit([Put(PACK, [(0, PACK_WIDTH, pack_bodies(bodies[:-1]))])])
        with pytest.raises(DamagedLogError, match="holds 4095, not 4096"):
            await verify(store)
        await store.commit([Put(PACK, [(0, PACK_WIDTH, seal(b"nonsense"))])])
        with pytest.raises(DamagedLogError, match="the pack of bodies 0 to 4095 was not written"):
            await verify(store)
        await store.commit([Put(PACK, [pack, (256, PACK_WIDTH - 256, pack[2])])])
        with pytest.raises(DamagedLogError, match="the body of entry 256 lies in two packs"):
            await verify(store)
        await store.commit([Delete(PACK, [(256,)]), Put(BODY, [(9, b"shadow")])])
        with pytest.raises(DamagedLogError, match="the body of entry 9 is a row"):
            await verify(store)
        await store.commit([Delete(BODY, [(9,)])])
        await verify(store)


@pytest.mark.long
async def test_nothing_is_lost_or_doubled_when_packing_is_cut(tmp_path: Path) -> None:
    random = Random(7)
    cuts = packs = 0
    while cuts < 3 or packs < 2:
        cuts += 1
        command = [sys.executable, "-m", "tests.node.log.packing_process", str(tmp_path / "books")]
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            promised = 0
            for _ in range(random.randint(8, 20)):
                promised = int(process.stdout.readline())
            time.sleep(random.random() * 0.2)
            process.kill()
            promised = max([promised, *map(int, process.stdout.read().split(b"\n")[:-1])])
        store = await open_store(tmp_path / "books", COOP_ID)
        await store.check()
        await check_kept_once(store)
        size = await log_size(store)
        assert size >= promised
        found = await kept(store, 0, size)
        assert [one.entry for one in found] == [entry_of(index) for index in range(size)]
        assert [one.body for one in found] == [body_of(index) for index in range(size)]
        packs = len([row async for row in every_row(store, PACK)])
        await store.close()


async def test_large_bodies_make_packs_of_fewer(tmp_path: Path) -> None:
    store = await numbered(tmp_path, 0)
    await append(store, 2 * PACK_WIDTH)
    large = {index: bytes([index % 256]) * 60_000 for index in range(300, 500)}
    await store.commit([Put(BODY, list(large.items()))])
    while await pack_next(store, 2 * PACK_WIDTH, LATER):
        pass
    packs = [row[:2] async for row in every_row(store, PACK)]
    assert packs == [(0, 512), (512, PACK_WIDTH)]
    await check_kept_once(store)
    held = await kept(store, 0, 2 * PACK_WIDTH)
    assert [one.body for one in held] == [
        large.get(index) or body_of(index) for index in range(2 * PACK_WIDTH)
    ]
    assert held == [one async for _, found in portions(store, 0) for one in found]
    assert held[700:] == [one async for _, found in portions(store, 700) for one in found]
    assert await bodies_at(store, range(500, 530)) == {
        index: body_of(index) for index in range(500, 530)
    }
    await store.close()
