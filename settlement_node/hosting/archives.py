"""A co-op's earlier logs, which never grow again and are still served."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from settlement_node.hosting.folder import CoopFolder
from settlement_node.log.checkpoints import Checkpoints
from settlement_node.log.shelf import Shelf
from settlement_node.store.backup import backup
from settlement_node.store.errors import StoreError
from settlement_node.store.opening import open_store, restore_into
from settlement_node.store.port import Store
from settlement_node.store.sqlite_file import sync_folder

_NAME: Final = re.compile(r"previous-([1-9][0-9]{0,5})\.sqlite")


def archive_file(folder: CoopFolder, generation: int) -> Path:
    """Name the file of one of a co-op's earlier logs."""
    return folder.path / f"previous-{generation}.sqlite"


async def archive(store: Store, folder: CoopFolder, generation: int) -> None:
    """Copy a store into a file of its own, which appears once it is whole."""
    with TemporaryDirectory(dir=folder.path, prefix=".archive-") as place:
        copy = Path(place)
        await backup(store, copy / "backup")
        await restore_into(copy / "books", copy / "backup")
        (copy / "books").rename(archive_file(folder, generation))
        sync_folder(folder.path)


class Archives:
    """The earlier logs of the co-ops that a node runs."""

    def __init__(self) -> None:
        """Begin with none."""
        self._stores: list[Store] = []
        self._shelves: dict[tuple[str, int], Shelf] = {}

    async def open(self, folder: CoopFolder) -> list[str]:
        """Open what a co-op's folder has; return why others of its logs can't be shown."""
        troubles = []
        for file in sorted(folder.path.iterdir()):
            named = _NAME.fullmatch(file.name)
            if named is not None:
                try:
                    store = await open_store(file, folder.coop)
                except StoreError as error:
                    troubles.append(f"its earlier log {named[1]} is not shown: {error}")
                    continue
                self._stores.append(store)
                checkpoints = Checkpoints("", 0)
                await checkpoints.load(store)
                shelf = Shelf(store, checkpoints)
                self._shelves[folder.description.coop, int(named[1])] = shelf
        return troubles

    def shelf(self, coop: str, generation: int) -> Shelf | None:
        """Return the files of an earlier log."""
        return self._shelves.get((coop, generation))

    async def close(self) -> None:
        """Close all stores."""
        for store in self._stores:
            await store.close()
