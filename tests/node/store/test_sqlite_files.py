"""A SQLite file on a bad day: no room, no right to write, torn, taken, or not ours at all."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest

from settlement_node.store import errors
from settlement_node.store.opening import open_store
from settlement_node.store.sqlite_file import refuse_unsafe
from settlement_node.store.tables import Put
from tests.node.powercut.disk import Disk, build
from tests.node.powercut.numbered import COOP, check, last_of
from tests.node.store.conftest import OTHER
from tests.node.store.example_tables import ENTRY
from tests.patience import PATIENCE

REPOSITORY = Path(__file__).parents[3]
NUMBERED = [sys.executable, "-m", "tests.node.powercut.numbered", "sqlite"]


def numbered(place: Path, before: Sequence[str | Path] = ()) -> tuple[str, list[int]]:
    """Commit until it ends of itself; return the error that it ended with, and what it promised."""
    done = subprocess.run(
        # One at a time: of several, a smaller commit may find the room that a larger one did not.
        [*before, *NUMBERED, place, "FULL", "1"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    return done.stderr.strip().splitlines()[-1], [int(line) for line in done.stdout.split()]


async def kept(place: Path) -> int:
    """Return the last commit of a whole store, to which more can be added."""
    store = await open_store(place, COOP)
    last = await check(store)
    await store.commit([Put(ENTRY, [(-1, b"more")])])
    await store.close()
    return last


async def test_a_full_disk_stops_it_and_loses_nothing(tmp_path: Path) -> None:
    small, saved = tmp_path / "small", tmp_path / "saved"
    small.mkdir()
    script = (
        'mount -t tmpfs -o size=3m none "$0" && "$@"; status=$?; cp -r "$0" "$SAVED"; exit $status'
    )
    before = ["unshare", "-rm", "env", f"SAVED={saved}", "sh", "-c", script, str(small)]
    error, promised = numbered(small / "store", before)
    assert error.startswith("settlement_node.store.errors.StoreFullError: there is no room for")
    assert await kept(saved / "store") >= max(promised)


async def test_a_file_that_must_not_grow_is_no_room_either(tmp_path: Path) -> None:
    before = ["sh", "-c", 'ulimit -f 2000; exec "$@"', "sh"]
    error, promised = numbered(tmp_path / "store", before)
    assert error.startswith("settlement_node.store.errors.StoreFullError")
    assert await kept(tmp_path / "store") >= max(promised)


@pytest.mark.parametrize("made", [True, False])
async def test_a_folder_that_cannot_be_written_is_a_clear_error(
    made: bool,  # noqa: FBT001 - pytest gives it by name
    tmp_path: Path,
) -> None:
    place = tmp_path / "closed" / "store"
    place.parent.mkdir()
    if made:
        await (await open_store(place, COOP)).close()
    for path in (*place.parent.iterdir(), place.parent):
        path.chmod(0o555)
    # Root may write everywhere, unless it gives that up.
    root = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    error, promised = numbered(place, [] if os.geteuid() else root)
    assert error.startswith("settlement_node.store.errors.StoreReadOnlyError")
    assert "give the node's user the right" in error
    assert promised == []
    for path in (place.parent, *place.parent.iterdir()):
        path.chmod(0o755)
    assert await kept(place) == -1


async def test_a_dying_disk_stops_it_for_good(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "disk", tmp_path / "image", build(tmp_path))
    disk.root.mkdir()
    disk.image.mkdir()
    words = [*NUMBERED, str(disk.root / "store"), "FULL"]
    writing = subprocess.Popen(
        words,
        cwd=REPOSITORY,
        env={**os.environ, **disk.environment()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert writing.stdout is not None
    first = writing.stdout.readline()
    disk.dying.touch()
    rest, said = await asyncio.to_thread(writing.communicate)
    # Said of the commit under way, or of the next if the disk died between two.
    assert "(disk I/O error)" in said.strip().splitlines()[-1]
    promised = [int(line) for line in (first + rest).split()]
    assert await kept(disk.root / "store") >= max(promised)


@pytest.fixture
async def filled(tmp_path: Path) -> Path:
    """Return a store of some size, all of it in the file itself."""
    store = await open_store(tmp_path / "store", COOP)
    await store.commit([Put(ENTRY, [(n, os.urandom(1000)) for n in range(1000)])])
    await store.close()
    return tmp_path / "store"


async def test_a_file_that_lost_its_end_is_refused(filled: Path) -> None:
    with filled.open("r+b") as file:
        file.truncate(filled.stat().st_size - 4096)
    with pytest.raises(errors.StoreDamagedError, match="restore a backup"):
        await open_store(filled, COOP)


async def test_a_torn_page_is_found(filled: Path) -> None:
    with filled.open("r+b") as file:
        file.seek(filled.stat().st_size - 4096)
        file.write(bytes(4096))
    store = await open_store(filled, COOP)
    with pytest.raises(errors.StoreDamagedError, match="restore a backup"):
        await store.check()
    await store.close()


async def test_a_torn_end_of_the_log_loses_only_what_was_torn(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "store", COOP)
    for number in range(5):
        await store.commit([Put(ENTRY, [(number, bytes(9000))])])
    for name in ("store", "store-wal"):
        (tmp_path / f"torn-{name}").write_bytes((tmp_path / name).read_bytes())
    await store.close()
    with (tmp_path / "torn-store-wal").open("r+b") as log:
        log.truncate((tmp_path / "torn-store-wal").stat().st_size - 100)
    torn = await open_store(tmp_path / "torn-store", COOP)
    await torn.check()
    assert [row[0] for row in await torn.scan(ENTRY, limit=9)] == [0, 1, 2, 3]
    await torn.close()


@pytest.mark.parametrize("version", [3_007_000, 3_040_001, 3_051_002, 3_052_000])
def test_a_sqlite_that_can_damage_files_is_refused(version: int) -> None:
    with pytest.raises(errors.UnsafeSqliteError, match="install apsw"):
        refuse_unsafe(version)


@pytest.mark.parametrize("version", [3_051_003, 3_053_000, apsw.SQLITE_VERSION_NUMBER])
def test_a_sqlite_without_the_bug_is_taken(version: int) -> None:
    refuse_unsafe(version)


async def test_files_that_are_not_this_co_ops_store_are_refused(tmp_path: Path) -> None:
    await (await open_store(tmp_path / "store", COOP)).close()
    with pytest.raises(errors.WrongStoreError, match="another co-op"):
        await open_store(tmp_path / "store", OTHER)
    other = apsw.Connection(str(tmp_path / "other"))
    other.execute("CREATE TABLE notes (note)")
    other.close()
    with pytest.raises(errors.WrongStoreError, match="another program"):
        await open_store(tmp_path / "other", COOP)
    (tmp_path / "text").write_text("no database, but long enough to be one" * 100)
    with pytest.raises(errors.StoreDamagedError):
        await open_store(tmp_path / "text", COOP)


async def test_reading_goes_on_while_a_commit_holds_the_file(filled: Path) -> None:
    store = await open_store(filled, COOP)
    # By the store's own SQLite: two of them in one process undo each other's locks.
    other = apsw.Connection(str(filled))
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(store.commit([Put(ENTRY, [(5000, b"")])]))
    assert len(await store.scan(ENTRY, limit=9999)) == 1000
    assert not waiting.done()
    other.execute("COMMIT")
    other.close()
    await waiting
    assert await store.get(ENTRY, (5000,)) == (5000, b"")
    await store.close()


async def test_the_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "store", COOP)
    for start in range(0, 60_000, 1000):
        await store.commit([Put(ENTRY, [(n, bytes(1000)) for n in range(start, start + 1000)])])
    assert (tmp_path / "store-wal").stat().st_size < 40_000_000
    assert await last_of(store) == -1
    await store.close()
