"""One owner at a time: another is shut out, and nothing is half written when connections break."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from provision.postgresql import Binaries
from settlement_node.store import errors, postgres
from settlement_node.store.opening import open_store
from settlement_node.store.port import Store
from settlement_node.store.postgres import PostgresStore
from settlement_node.store.postgres_owner import Connection
from settlement_node.store.tables import Put
from tests.node.postgres_server import Server
from tests.node.store.conftest import COOP
from tests.node.store.example_tables import ENTRY, META

pytestmark = pytest.mark.postgres
REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
async def direct(postgres_url: str) -> AsyncIterator[Connection]:
    """Give a connection past the store."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


async def sessions_end(direct: Connection) -> None:
    """End every other session of this database."""
    await direct.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def test_an_owner_of_an_older_epoch_writes_nothing(
    postgres_url: str, direct: Connection
) -> None:
    store = await open_store(postgres_url, COOP)
    await store.commit([Put(ENTRY, [(1, b"")])])
    await direct.execute("UPDATE store_coop SET epoch = epoch + 1")
    with pytest.raises(errors.StoreFencedError, match="stop it"):
        await store.commit([Put(ENTRY, [(2, b"")])])
    with pytest.raises(errors.StoreClosedError, match="taken this co-op's store over"):
        await store.commit([Put(ENTRY, [(3, b"")])])
    assert await store.scan(ENTRY, limit=9) == [(1, b"")]
    await store.close()


async def test_a_paused_owner_writes_nothing_after_another_took_over(postgres_url: str) -> None:
    paused = subprocess.Popen(
        [sys.executable, "-m", "tests.node.powercut.numbered", "postgres", postgres_url, "on"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert paused.stdout is not None
    paused.stdout.readline()
    os.kill(paused.pid, signal.SIGSTOP)
    with pytest.raises(errors.StoreOwnedError):
        await open_store(postgres_url, COOP)
    store = await open_store(postgres_url, COOP, take_over=True)
    await store.commit([Put(META, [("ours", b"")])])
    before = await store.scan(ENTRY, limit=99_999)
    os.kill(paused.pid, signal.SIGCONT)
    waiting = asyncio.to_thread(paused.communicate)
    await store.commit([Put(META, [("ours", b"still")])])
    await store.close()
    _, said = await waiting
    assert paused.returncode != 0
    assert "StoreFencedError" in said
    store = await open_store(postgres_url, COOP)
    assert await store.scan(ENTRY, limit=99_999) == before
    await store.close()


async def test_an_owner_that_is_about_to_go_is_waited_for(postgres_url: str) -> None:
    going = await open_store(postgres_url, COOP)
    opening = asyncio.create_task(open_store(postgres_url, COOP))
    await asyncio.sleep(0.3)
    assert not opening.done()
    await going.close()
    await (await opening).close()


async def test_a_busy_owner_is_shut_out_however_quickly_it_connects_again(
    postgres_url: str,
) -> None:
    busy = await open_store(postgres_url, COOP)
    begun = asyncio.Event()

    async def commit() -> None:
        for number in count():
            await busy.commit([Put(ENTRY, [(number, b"")])])
            begun.set()

    committing = asyncio.create_task(commit())
    await begun.wait()
    store = await open_store(postgres_url, COOP, take_over=True)
    with pytest.raises(errors.StoreFencedError):
        await committing
    await store.commit([Put(META, [("ours", b"")])])
    await busy.close()
    await store.close()


async def test_an_idle_owner_learns_that_it_was_shut_out(postgres_url: str) -> None:
    idle = await open_store(postgres_url, COOP)
    assert idle.failure is None
    store = await open_store(postgres_url, COOP, take_over=True)
    while idle.failure is None:
        await asyncio.sleep(0.01)
    assert isinstance(idle.failure, errors.StoreFencedError)
    await idle.close()
    await store.close()
    assert store.failure is None


async def test_commits_go_on_when_their_connection_breaks(
    postgres_url: str, direct: Connection
) -> None:
    store = await open_store(postgres_url, COOP)
    done = 0

    async def commit() -> None:
        nonlocal done
        for number in range(200):
            await store.commit([Put(ENTRY, [(number, b"")]), Put(META, [(f"{number}", b"")])])
            done = number

    committing = asyncio.create_task(commit())
    for step in range(10, 190, 20):
        while done < step:
            await asyncio.sleep(0)
        await sessions_end(direct)
    await committing
    assert [row[0] for row in await store.scan(ENTRY, limit=999)] == list(range(200))
    assert len(await store.scan(META, limit=999)) == 200
    counted = await direct.fetchval("SELECT commits FROM store_coop")
    assert counted == 200
    await store.close()


class Cable:
    """A proxy before the server's socket, which can be cut after the server was told to commit."""

    def __init__(self, server: Path, folder: Path) -> None:
        self._server = server
        self.socket = folder / server.name
        self.cut_after_commit = False
        self.dead = False

    async def plug_in(self) -> asyncio.Server:
        return await asyncio.start_unix_server(self._carry, self.socket)

    async def _carry(self, home: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self.dead:
            back.close()
            return
        answers, asked = await asyncio.open_unix_connection(self._server)
        answering = asyncio.create_task(self._answer(answers, back))
        while data := await home.read(65_536):
            if self.cut_after_commit and b"COMMIT" in data:
                # The answer is lost, the commit is not.
                self.cut_after_commit = False
                back.transport.abort()
            asked.write(data)
        asked.close()
        await answering

    async def _answer(self, answers: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while data := await answers.read(65_536):
            back.write(data)
        back.close()


async def unplugged(line: asyncio.Server) -> None:
    """Close it, once what it has accepted has come and gone."""
    line.close()
    while carrying := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(carrying)


@pytest.fixture
async def cable(postgres: Server, tmp_path: Path) -> Cable:
    return Cable(postgres.folder / ".s.PGSQL.5432", tmp_path)


def through(cable: Cable, url: str) -> str:
    return f"{url.split('?', maxsplit=1)[0]}?host={cable.socket.parent}"


async def counted(store: Store) -> list[int | bytes | str]:
    return [row[0] for row in await store.scan(ENTRY, limit=99)]


async def test_a_commit_whose_answer_was_lost_is_looked_up(
    postgres_url: str, cable: Cable, direct: Connection
) -> None:
    line = await cable.plug_in()
    store = await open_store(through(cable, postgres_url), COOP)
    await store.commit([Put(ENTRY, [(1, b"")])])
    cable.cut_after_commit = True
    await store.commit([Put(ENTRY, [(2, b"")])])
    assert not cable.cut_after_commit
    await store.commit([Put(ENTRY, [(3, b"")])])
    assert await counted(store) == [1, 2, 3]
    assert await direct.fetchval("SELECT commits FROM store_coop") == 3
    await store.close()
    await unplugged(line)


async def test_a_commit_that_cannot_be_looked_up_is_called_unknown(
    postgres_url: str, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "SECONDS_TO_ANSWER", 3.0)
    line = await cable.plug_in()
    store = await open_store(through(cable, postgres_url), COOP)
    cable.cut_after_commit = cable.dead = True
    with pytest.raises(errors.CommitUnknownError, match="started again"):
        await store.commit([Put(ENTRY, [(1, b"")])])
    with pytest.raises(errors.StoreClosedError):
        await store.commit([Put(ENTRY, [(2, b"")])])
    await store.close()
    await unplugged(line)
    store = await open_store(postgres_url, COOP)
    assert await counted(store) == [1]
    await store.close()


async def test_a_database_that_is_gone_is_a_clear_error(
    postgres_url: str, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(errors.StoreUnreachableError, match="see that PostgreSQL runs"):
        await open_store(through(cable, postgres_url), COOP)
    monkeypatch.setattr(postgres, "SECONDS_TO_ANSWER", 3.0)
    line = await cable.plug_in()
    store = await PostgresStore.open(through(cable, postgres_url), COOP)
    cable.dead = True
    direct = await asyncpg.connect(postgres_url)
    await sessions_end(direct)
    await direct.close()
    # The commit finds that out, or what looks as soon as a connection ends.
    with pytest.raises(errors.StoreError, match="the database does not answer"):
        await store.commit([Put(ENTRY, [(1, b"")])])
    with pytest.raises(errors.StoreUnreachableError):
        await store.get(ENTRY, (1,))
    await store.close()
    await unplugged(line)


async def test_an_idle_owner_learns_that_the_database_is_gone(
    postgres_url: str, cable: Cable, direct: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "SECONDS_TO_ANSWER", 3.0)
    line = await cable.plug_in()
    store = await PostgresStore.open(through(cable, postgres_url), COOP)
    await store.commit([Put(ENTRY, [(1, b"")])])
    cable.dead = True
    await sessions_end(direct)
    while store.failure is None:
        await asyncio.sleep(0.01)
    assert isinstance(store.failure, errors.StoreUnreachableError)
    await store.close()
    await unplugged(line)


async def test_an_idle_owner_looks_though_nothing_told_it(
    postgres_url: str, direct: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_SECONDS_BETWEEN_LOOKS", 0.05)
    store = await PostgresStore.open(postgres_url, COOP)
    looked = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT 1'"
    while not await direct.fetchval(looked):
        await asyncio.sleep(0.01)
    await store.commit([Put(ENTRY, [(1, b"")])])
    assert await store.get(ENTRY, (1,)) == (1, b"")
    await store.close()


async def test_a_server_that_may_lose_commits_is_refused(postgres_binaries: Binaries) -> None:
    server = Server(postgres_binaries, settings={"full_page_writes": "off"})
    try:
        server.make()
        server.start()
        with pytest.raises(errors.UnsafeDatabaseError, match="full_page_writes = off"):
            await open_store(server.url(), COOP)
        server.stop()
    finally:
        server.remove()
