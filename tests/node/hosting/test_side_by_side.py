"""Co-ops side by side: one that is broken keeps no other from running, nor is one left behind."""

from pathlib import Path

import apsw
import pytest

from settlement_node.hosting.archives import archive
from settlement_node.hosting.folder import CoopFolder, NodeFolder
from settlement_node.hosting.founding import Wish, found
from settlement_node.hosting.hosting import hosting
from settlement_node.store.backup import backup
from settlement_node.store.errors import StoreError
from settlement_node.store.opening import open_store


def wish(name: str, database: str | None = None) -> Wish:
    return Wish(name, "EUR", "SUN", "hof", "http://127.0.0.1:8480", "Olga", database)


def spoil(folder: CoopFolder, table: str, column: str) -> None:
    """Write into a column what no node has written, with the commonest of tools."""
    books = apsw.Connection(str(folder.books))
    books.execute(f"UPDATE {table} SET {column} = x'00'")  # noqa: S608 - from the list below
    assert books.changes()
    books.close()


@pytest.mark.parametrize(
    ("table", "column"),
    [("facts", "value"), ("member", "data"), ("account", "data"), ("entry", "entry")],
)
async def test_a_broken_co_op_keeps_no_other_from_running(
    tmp_path: Path, table: str, column: str
) -> None:
    node = NodeFolder(tmp_path)
    broken, sound = await found(node, wish("Alt")), await found(node, wish("Neu"))
    spoil(broken, table, column)
    async with hosting(node.coops()) as hosted:
        assert list(hosted.coops) == [sound.description.coop]
        (trouble,) = hosted.troubles.values()
        assert trouble.startswith("Alt: ")
        assert "settlement-node rebuild" in trouble


async def test_books_and_backups_are_their_users_alone(tmp_path: Path) -> None:
    made = await found(NodeFolder(tmp_path), wish("Neu"))
    store = await open_store(made.books, made.coop)
    await backup(store, made.path / "backup")
    await archive(store, made, 1)
    files = [file for file in made.path.rglob("*") if file.is_file()]
    modes = {file.name: file.stat().st_mode & 0o777 for file in files}
    await store.close()
    names = {"books.sqlite", "books.sqlite-wal", "previous-1.sqlite", "backup", "log.key"}
    assert names <= modes.keys()
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(
    ("database", "words"),
    [
        ("postgresql://nobody@127.0.0.1:1/nowhere", "does not answer"),
        ("mysql://nobody@127.0.0.1:1/nowhere", "no address of a PostgreSQL database"),
    ],
)
async def test_a_co_op_that_could_not_be_made_leaves_no_keys(
    tmp_path: Path, database: str, words: str
) -> None:
    with pytest.raises(StoreError, match=words):
        await found(NodeFolder(tmp_path), wish("Neu", database))
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]
