"""Runs the co-ops of a data folder side by side; one that cannot run keeps no other from it."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from depin_protocol.log.errors import LogError
from settlement_node.coop.coop import Coop
from settlement_node.coop.keyring import KeyMissingError, Keyring
from settlement_node.coop.writer import Surroundings
from settlement_node.governance.community import NotFoundedError
from settlement_node.hosting.archives import Archives
from settlement_node.hosting.clock import ClockError, WatchedClock, check_clock
from settlement_node.hosting.folder import CoopFolder, FolderError
from settlement_node.log.sealed import DamagedLogError
from settlement_node.store.errors import StoreError
from settlement_node.store.opening import open_store
from settlement_node.store.port import Store

_TROUBLES = (
    *(StoreError, DamagedLogError, KeyMissingError, FolderError, LogError, NotFoundedError),
    ClockError,
)


def surroundings(folder: CoopFolder) -> Surroundings:
    """Return what a co-op takes from outside, with the keys of its folder."""
    return Surroundings(Keyring(folder.seeds().values()), WatchedClock(), secrets.token_bytes)


class Hosting:
    """The co-ops that a node runs."""

    def __init__(self) -> None:
        """Begin with none."""
        self.coops: dict[str, Coop] = {}
        self.folders: dict[str, CoopFolder] = {}
        self.stores: dict[str, Store] = {}
        self.archives = Archives()
        self.troubles: dict[str, str] = {}
        """Why a co-op that lies here does not run."""
        self.flaws: dict[str, list[str]] = {}
        """What is wrong with a co-op that runs all the same."""

    async def open(self, folder: CoopFolder, *, take_over: bool, clock_is_right: bool) -> None:
        """Open a co-op and let it write, or note why it can't."""
        name = folder.description.coop
        try:
            folder.check_own()
            around = surroundings(folder)
            store = await open_store(folder.books, folder.coop, take_over=take_over)
        except _TROUBLES as error:
            self.troubles[name] = f"{folder.description.name}: {error}"
            return
        try:
            coop = await Coop.open(store, around)
            lag = check_clock(around.clock(), coop.state.at, is_right=clock_is_right)
            await coop.start()
        except _TROUBLES as error:
            await store.close()
            self.troubles[name] = f"{folder.description.name}: {error}"
            return
        self.coops[name], self.folders[name], self.stores[name] = coop, folder, store
        self.flaws[name] = [*([lag] if lag else []), *await self.archives.open(folder)]

    async def stop(self) -> None:
        """Let every co-op commit what waits; they can be read still."""
        await asyncio.gather(*(coop.close() for coop in self.coops.values()))

    async def close(self) -> None:
        """Close the stores."""
        await asyncio.gather(*(store.close() for store in self.stores.values()))
        await self.archives.close()


@asynccontextmanager
async def hosting(
    folders: Iterable[CoopFolder], *, take_over: bool = False, clock_is_right: bool = False
) -> AsyncIterator[Hosting]:
    """Run co-ops until the block ends; what they were given by then is durable."""
    hosted = Hosting()
    try:
        opening = (
            hosted.open(folder, take_over=take_over, clock_is_right=clock_is_right)
            for folder in folders
        )
        await asyncio.gather(*opening)
        yield hosted
    finally:
        await hosted.stop()
        await hosted.close()
