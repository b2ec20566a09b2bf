"""A co-op's earlier logs, which never grow again and are still served."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from settlement_node.hosting.folder import CoopFolder
from settlement_node.intake.looking_up import index_kept
from settlement_node.intake.streams import Place
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
        self._logs: dict[tuple[str, int], tuple[Store, Shelf]] = {}

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
                checkpoints = Checkpoints("", 0)
                await checkpoints.load(store)
                shelf = Shelf(store, checkpoints)
                self._logs[folder.description.coop, int(named[1])] = store, shelf
        return troubles

    def shelf(self, coop: str, generation: int) -> Shelf | None:
        """Return the files of an earlier log."""
        found = self._logs.get((coop, generation))
        return None if found is None else found[1]

    async def proof_file(self, coop: str, place: Place) -> bytes | None:
        """Return the `.tlog-proof` of a statement in the newest of the earlier logs that has it."""
        for (of, _), (store, shelf) in sorted(self._logs.items(), key=_number, reverse=True):
            index = await index_kept(place, store) if of == coop else None
            if index is not None:
                return await shelf.proof_file(index)
        return None

    async def close(self) -> None:
        """Close all stores."""
        for store, _ in self._logs.values():
            await store.close()


def _number(log: tuple[tuple[str, int], object]) -> int:
    return log[0][1]
