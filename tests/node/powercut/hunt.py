"""Cutting the power at random moments while numbered commits go on, and counting what is lost."""

import shutil
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import click

from provision.postgresql import Binaries
from settlement_node.store.errors import StoreError
from settlement_node.store.port import Store
from settlement_node.store.postgres import PostgresStore
from settlement_node.store.sqlite import SqliteStore
from settlement_node.store.sqlite_file import Synchronous
from tests.node.postgres_server import Server, new_folder, user
from tests.node.powercut.disk import CUTS_OF_A_DISK, Disk, build, surviving_share
from tests.node.powercut.numbered import COOP, check
from tests.node.powercut.victim import Victim

_NUMBERED: Final = "tests.node.powercut.numbered"


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
            click.echo(f"after cut {self.cuts}: {error}", err=True)
        self.lost += sum(number > last for number in acknowledged) + max(before - last, 0)
        return last

    def __str__(self) -> str:
        return (
            f"{self.cuts} cuts, {self.acknowledged} commits acknowledged, {self.lost} lost,"
            f" the store damaged {self.damaged} times"
        )


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
        victim = Victim(_NUMBERED, ("sqlite", str(file), mode), disk.environment())
        victim.work(random, early=0.5)
        acknowledged = [int(line) for line in victim.kill()]
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
        server.start()
        last = -1
        for _ in range(cuts):
            victim = Victim(_NUMBERED, ("postgres", server.url(), fsync), {})
            victim.work(random, early=0.5)
            server.kill()
            acknowledged = [int(line) for line in victim.kill()]
            disk.cut(random, surviving=surviving_share(random))
            server.start()
            store = PostgresStore.open(server.url(), COOP, may_lose=fsync == "off")
            last = await tally.add(last, acknowledged, store)
        server.kill()
    finally:
        shutil.rmtree(folder)
    return tally
