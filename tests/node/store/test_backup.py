"""A backup is one file that is whole or refused, and a restored store says that it is one."""

import asyncio
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from settlement_node.store import errors, migrations
from settlement_node.store.backup import META, RESTORED_FROM, RESTORING, backup, restore
from settlement_node.store.migrations import SCHEMA
from settlement_node.store.opening import Place, open_store, restore_into
from settlement_node.store.port import Store
from settlement_node.store.postgres import PostgresStore
from settlement_node.store.sqlite import SqliteStore
from settlement_node.store.tables import Put, Row
from tests.node.store.conftest import COOP, OTHER
from tests.node.store.example_tables import ENTRY, EVENT, PENDING
from tests.node.store.test_migrations import FURTHER, FURTHER_TABLE

ENTRIES: list[Row] = [(n, bytes([n % 256]) * n) for n in range(-3, 1200)]
EVENTS: list[Row] = [(b"\0", 1, "gäbe", -1, b""), (b"", -(2**63), "", 2**63 - 1, b"\xff\n")]
IDS: list[Row] = [(5, bytes(16))]
FILL = [Put(ENTRY, ENTRIES), Put(EVENT, EVENTS), Put(PENDING, IDS)]


@pytest.fixture
async def whole(tmp_path: Path) -> Path:
    """Return a backup."""
    store = await open_store(tmp_path / "original", COOP)
    await store.commit(FILL)
    await backup(store, tmp_path / "backup")
    await store.close()
    return tmp_path / "backup"


async def assert_filled(store: Store) -> None:
    assert await store.scan(ENTRY, limit=9999) == ENTRIES
    assert await store.scan(EVENT, limit=9) == sorted(EVENTS)
    assert await store.scan(PENDING, limit=9) == IDS


async def test_a_restored_store_has_every_row_and_says_what_it_is(
    store: Store, tmp_path: Path
) -> None:
    await store.commit(FILL)
    file = tmp_path / "backup"
    await backup(store, file)
    await store.close()
    assert await restore_into(tmp_path / "restored", file) == COOP
    restored = await open_store(tmp_path / "restored", COOP)
    await assert_filled(restored)
    assert await restored.get(META, (RESTORED_FROM,)) == (RESTORED_FROM, file.read_bytes()[-32:])
    await restored.close()
    assert [path.name for path in tmp_path.glob("*.partial")] == []


@pytest.mark.postgres
async def test_a_co_op_moves_to_postgres(whole: Path, postgres_url: str) -> None:
    await restore_into(postgres_url, whole)
    store = await open_store(postgres_url, COOP)
    await assert_filled(store)
    await store.close()


async def test_a_backup_is_of_one_moment_while_commits_go_on(store: Store, tmp_path: Path) -> None:
    await store.commit(FILL)
    committed = len(ENTRIES)

    async def go_on() -> None:
        nonlocal committed
        while True:
            number = 10_000 + committed
            await store.commit([Put(ENTRY, [(number, b"")]), Put(PENDING, [(number, b"")])])
            committed += 1

    going = asyncio.create_task(go_on())
    while committed < len(ENTRIES) + 5:
        await asyncio.sleep(0)
    await backup(store, tmp_path / "backup")
    by_then = committed
    while committed < by_then + 5:
        await asyncio.sleep(0)
    going.cancel()
    await restore_into(tmp_path / "restored", tmp_path / "backup")
    restored = await open_store(tmp_path / "restored", COOP)
    entries = await restored.scan(ENTRY, after=(9_999,), limit=99_999)
    pending = await restored.scan(PENDING, after=(9_999,), limit=99_999)
    assert [row[0] for row in entries] == [row[0] for row in pending]
    assert 5 <= len(entries) <= by_then
    await restored.close()


async def test_a_backup_that_was_cut_off_or_altered_is_refused(whole: Path, tmp_path: Path) -> None:
    data = whole.read_bytes()
    random = Random(1)
    broken = [data[:length] for length in (0, 5, 60, len(data) - 33, len(data) - 1)]
    for _ in range(30):
        place = random.randrange(len(data))
        altered = bytearray(data)
        altered[place] ^= 1 << random.randrange(8)
        broken.append(bytes(altered))
    for other in [*broken, data + b"\0", b"SQLite format 3\0" * 100]:
        whole.write_bytes(other)
        with pytest.raises(errors.BackupRefusedError):
            await restore_into(tmp_path / "restored", whole)
    assert not (tmp_path / "restored").exists()


async def test_a_backup_that_no_node_would_write_is_refused(whole: Path, tmp_path: Path) -> None:
    """Its checksum holds: whoever gave it to an auditor has made it so."""
    form, head, blocks = whole.read_bytes()[:-32].split(b"\n", 2)
    end = blocks[-14:]
    for forged in (
        b"\xff\n" + blocks,
        b"[1]\n" + blocks,
        b"[" * 100_000 + b"\n" + blocks,
        head.replace(b"INT", b"FLOAT") + b"\n" + blocks,
        head.replace(b'"coop":"', b'"coop":"z') + b"\n" + blocks,
        head + b"\n" + blocks[:-20],
        head + b"\n" + b"\x01\x00" + blocks[2:],
        head + b"\n" + blocks[:2] + b"\xff" * 4 + blocks[6:],
        head + b"\n" + blocks[:6] + b"\xff" * 8 + blocks[14:],
        head + b"\n" + blocks[:14] + end[:5],
    ):
        data = form + b"\n" + forged
        whole.write_bytes(data + sha256(data).digest())
        with pytest.raises(errors.BackupRefusedError, match="no node writes such a one"):
            await restore_into(tmp_path / "restored", whole)
        for left in tmp_path.glob("restored*"):
            left.unlink()


async def test_a_backup_is_restored_only_where_there_is_nothing(whole: Path, store: Store) -> None:
    await store.commit([Put(PENDING, [(1, b"")])])
    with pytest.raises(errors.NotEmptyError, match="pending"):
        await restore(whole, store)
    assert await store.scan(ENTRY, limit=1) == []


async def test_a_backup_of_another_co_op_is_refused(whole: Path, tmp_path: Path) -> None:
    store = await open_store(tmp_path / "theirs", OTHER)
    with pytest.raises(errors.BackupRefusedError, match="a store of its own"):
        await restore(whole, store)
    await store.close()


async def test_a_restore_that_was_cut_short_is_seen_and_done_again(
    whole: Path, place: Place
) -> None:
    store = await open_store(place, COOP)
    await store.commit([Put(META, [(RESTORING, b"")]), Put(ENTRY, [(7_777, b"left over")])])
    await store.close()
    with pytest.raises(errors.StoreDamagedError, match="restore again"):
        await open_store(place, COOP)
    await restore_into(place, whole)
    store = await open_store(place, COOP)
    await assert_filled(store)
    await store.close()


def further_schema(folder: Path) -> Path:
    """Make the schema of a later release."""
    for engine, sql in FURTHER.items():
        target = folder / engine
        target.mkdir(parents=True)
        known = migrations.load(SCHEMA / engine)
        for migration in known:
            (target / migration.name).write_text(migration.sql)
        (target / f"{len(known) + 1:03}_further.sql").write_text(sql)
    return folder


async def test_an_older_backup_is_migrated(whole: Path, place: Place, tmp_path: Path) -> None:
    schema = further_schema(tmp_path / "schema")
    await restore_into(place, whole, schema=schema)
    store: Store
    if isinstance(place, Path):
        store = await SqliteStore.open(place, COOP, known=migrations.load(schema / "sqlite"))
    else:
        store = await PostgresStore.open(place, COOP, known=migrations.load(schema / "postgres"))
    await assert_filled(store)
    assert len(await store.scan(FURTHER_TABLE, limit=9999)) == len(ENTRIES)
    await store.close()


async def test_a_newer_backup_is_refused(whole: Path, tmp_path: Path) -> None:
    schema = further_schema(tmp_path / "schema")
    await restore_into(tmp_path / "later", whole, schema=schema)
    known = migrations.load(schema / "sqlite")
    store = await SqliteStore.open(tmp_path / "later", COOP, known=known)
    await backup(store, tmp_path / "newer")
    await store.close()
    with pytest.raises(errors.BackupRefusedError, match="or a newer one"):
        await restore_into(tmp_path / "restored", tmp_path / "newer")


async def test_a_backup_that_cannot_be_written_leaves_no_file(store: Store, tmp_path: Path) -> None:
    with pytest.raises(errors.StoreError, match="nowhere"):
        await backup(store, tmp_path / "nowhere" / "backup")
