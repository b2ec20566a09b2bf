"""What keeps a co-op from running, and what does not."""

import asyncio
from pathlib import Path

import pytest

from settlement_node.hosting.archives import archive, archive_file
from settlement_node.hosting.folder import CoopFolder, NodeFolder
from settlement_node.hosting.founding import Wish, found
from settlement_node.hosting.hosting import hosting
from settlement_node.store.opening import open_store
from settlement_node.store.sqlite_file import sync_folder

WISH = Wish("Sonnenstraße", "EUR", "SUN", "street", "https://node.example", "Ada")


async def founded(path: Path) -> CoopFolder:
    """Make a co-op in a data folder."""
    return await found(NodeFolder(path), WISH)


async def test_an_earlier_log_that_cannot_be_opened_keeps_no_co_op_from_running(
    tmp_path: Path,
) -> None:
    folder = await founded(tmp_path)
    name = folder.description.coop
    store = await open_store(folder.books, folder.coop)
    await archive(store, folder, 2)
    await store.close()
    await asyncio.to_thread(archive_file(folder, 1).write_bytes, b"torn" * 2_000)
    async with hosting([folder]) as hosted:
        assert hosted.troubles == {}
        assert hosted.coops[name].position.failure is None
        (flaw,) = hosted.flaws[name]
        assert flaw.startswith("its earlier log 1 is not shown: ")
        assert hosted.archives.shelf(name, 1) is None
        assert hosted.archives.shelf(name, 2) is not None


async def test_books_without_a_founding_are_named(tmp_path: Path) -> None:
    folder = await founded(tmp_path)
    books = folder.books
    assert isinstance(books, Path)
    for file in books.parent.glob(f"{books.name}*"):
        file.unlink()
    async with hosting([folder]) as hosted:
        (trouble,) = hosted.troubles.values()
        assert "not founded yet" in trouble


async def test_an_archive_is_in_its_folder_durably_before_the_old_log_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = await founded(tmp_path)
    synced: list[tuple[Path, bool]] = []

    def noting(path: Path) -> None:
        sync_folder(path)
        synced.append((path, archive_file(folder, 1).exists()))

    monkeypatch.setattr("settlement_node.hosting.archives.sync_folder", noting)
    store = await open_store(folder.books, folder.coop)
    await archive(store, folder, 1)
    await store.close()
    assert synced == [(folder.path, True)]
