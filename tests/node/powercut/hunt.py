"""Cutting the power at random moments while numbered commits go on, and counting what is lost."""

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from provision.postgresql import Binaries

from settlement_node.store.errors import StoreError
from settlement_node.store.port import Store
from settlement_node.store.postgres import PostgresStore
from settlement_node.store.sqlite import SqliteStore
from settlement_node.store.sqlite_file import Synchronous
from tests.node.postgres_server import Server, new_folder, user
from tests.node.powercut.disk import Disk, build
from tests.node.powercut.numbered import COOP, check

REPOSITORY: Final = Path(__file__).parents[3]
SECONDS_TO_BEGIN: Final = 60
# A store that went through some cuts gets a few more; then a small one is quicker to check.
CUTS_OF_A_DISK: Final = 10


@dataclass(slots=True)
class Tally:
    """What came of some cuts."""

    cuts: int = 0
    acknowledged: int = 0
    lost: int = 0
    damaged: int = 0

    async def add(self, before: int, acknowledged: list[int], opening: Awaitable[Store]) -> int:
        """Count what a cut did to a store that ended at a commit before; return where it ends."""
        self.cuts += 1
        self.acknowledged += len(acknowledged)
        last = -1
        try:
            store = await opening
            try:
                last = await check(store)
            finally:
                await store.close()
        except (StoreError, AssertionError) as error:
            self.damaged += 1
            print(f"after cut {self.cuts}: {error}", file=sys.stderr)
        self.lost += sum(number > last for number in acknowledged) + max(before - last, 0)
        return last

    def __str__(self) -> str:
        return (
            f"{self.cuts} cuts, {self.acknowledged} commits acknowledged, {self.lost} lost,"
            f" the store damaged {self.damaged} times"
        )


class Victim:
    """A process that commits, and says which commits have returned."""

    def __init__(self, engine: str, place: str, mode: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.node.powercut.numbered", engine, place, mode],
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
        )

    def work(self, random: Random) -> None:
        """Let it work for a while, now and then not even until its first commit."""
        pipe = self._process.stdout
        assert pipe is not None
        if random.random() < 0.9:
            select.select([pipe], [], [], SECONDS_TO_BEGIN)
        time.sleep(random.uniform(0, 0.5))

    def kill(self) -> list[int]:
        """End it at once; return the commits that it acknowledged."""
        self._process.kill()
        said, _ = self._process.communicate()
        # The last line may have been cut off within its number.
        return [int(line) for line in said[: said.rfind(b"\n") + 1].split()]


async def cut_sqlite(folder: Path, mode: Synchronous, cuts: int, random: Random) -> Tally:
    """Cut a SQLite store's power, so many times."""
    tally = Tally()
    library = build(folder)
    last = damaged = -1
    for number in range(cuts):
        if number % CUTS_OF_A_DISK == 0 or damaged != tally.damaged:
            damaged = tally.damaged
            disk = Disk(folder / f"disk{number}", folder / f"image{number}", library)
            disk.root.mkdir()
            disk.image.mkdir()
            last = -1
        file = disk.root / "store"
        victim = Victim("sqlite", str(file), mode, disk.environment())
        victim.work(random)
        acknowledged = victim.kill()
        disk.cut(random, surviving=surviving_share(random))
        last = await tally.add(last, acknowledged, SqliteStore.open(file, COOP))
    return tally


async def cut_postgres(binaries: Binaries, fsync: str, cuts: int, random: Random) -> Tally:
    """Cut a PostgreSQL server's power, so many times."""
    tally = Tally()
    folder = new_folder()
    try:
        disk = Disk(folder / "data", folder / "image", build(folder))
        disk.image.mkdir()
        shutil.chown(disk.image, user())
        server = Server(binaries, folder, {"fsync": fsync}, disk.environment())
        server.make()
        last = -1
        for _ in range(cuts):
            server.start()
            victim = Victim("postgres", server.url(), fsync, {})
            victim.work(random)
            server.kill()
            acknowledged = victim.kill()
            disk.cut(random, surviving=surviving_share(random))
            server.start()
            store = PostgresStore.open(server.url(), COOP, may_lose=fsync == "off")
            last = await tally.add(last, acknowledged, store)
            server.stop()
            disk.forget()
    finally:
        shutil.rmtree(folder)
    return tally


def surviving_share(random: Random) -> float:
    """Draw how much of what was not synced is there all the same: often nothing."""
    return random.choice([0.0, random.random()])
