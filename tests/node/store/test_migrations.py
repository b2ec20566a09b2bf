"""Schemas: the same on both engines, brought forward, never back."""

from pathlib import Path

import pytest

from settlement_node.store import errors, migrations
from settlement_node.store.migrations import SCHEMA, Migration
from settlement_node.store.opening import Place
from settlement_node.store.port import Store
from settlement_node.store.postgres import PostgresStore
from settlement_node.store.sqlite import SqliteStore
from settlement_node.store.tables import Column, Kind, Put, Table
from tests.node.store import example_tables
from tests.node.store.conftest import COOP
from tests.node.store.example_tables import ENTRY, META

FURTHER = {
    "sqlite": "CREATE TABLE further (number INTEGER NOT NULL PRIMARY KEY, note TEXT NOT NULL)"
    " STRICT;"
    'INSERT INTO further SELECT "index", hex(entry) FROM entry;',
    "postgres": "CREATE TABLE further (coop_id bytea, number bigint,"
    ' note text COLLATE "C" NOT NULL, PRIMARY KEY (coop_id, number));'
    "INSERT INTO further SELECT coop_id, \"index\", upper(encode(entry, 'hex')) FROM entry;",
}
FURTHER_TABLE = Table("further", (Column("number", Kind.INT),), (Column("note", Kind.TEXT),))


def engine_of(place: Place) -> str:
    return "sqlite" if isinstance(place, Path) else "postgres"


def known_to(place: Place) -> tuple[Migration, ...]:
    return migrations.load(SCHEMA / engine_of(place))


def next_after(place: Place) -> tuple[Migration, ...]:
    known = known_to(place)
    number = len(known) + 1
    return (*known, Migration(number, f"{number:03}_further.sql", FURTHER[engine_of(place)]))


async def opened(place: Place, known: tuple[Migration, ...]) -> Store:
    if isinstance(place, Path):
        return await SqliteStore.open(place, COOP, known=known)
    return await PostgresStore.open(place, COOP, known=known)


async def test_an_older_store_is_migrated_with_its_rows(place: Place) -> None:
    store = await opened(place, known_to(place))
    await store.commit([Put(ENTRY, [(1, b"\xab"), (2, b"\xcd")])])
    await store.close()
    store = await opened(place, next_after(place))
    assert store.schema == len(known_to(place)) + 1
    assert await store.scan(FURTHER_TABLE, limit=9) == [(1, "AB"), (2, "CD")]
    await store.close()


async def test_a_newer_store_is_refused(place: Place) -> None:
    await (await opened(place, next_after(place))).close()
    with pytest.raises(errors.SchemaTooNewError, match="newer version"):
        await opened(place, known_to(place))


async def test_a_migration_that_was_changed_is_refused(place: Place) -> None:
    await (await opened(place, known_to(place))).close()
    first, *rest = known_to(place)
    changed = Migration(first.number, first.name, f"{first.sql}-- more\n")
    with pytest.raises(errors.MigrationChangedError, match="001_tables"):
        await opened(place, (changed, *rest))


async def test_a_migration_that_fails_leaves_the_store_as_it_was(place: Place) -> None:
    store = await opened(place, known_to(place))
    await store.commit([Put(META, [("kept", b"")])])
    await store.close()
    known = next_after(place)
    broken = Migration(known[-1].number, known[-1].name, "SELECT 1 FROM nowhere")
    with pytest.raises(errors.RefusedError, match="nowhere"):
        await opened(place, (*known[:-1], broken))
    store = await opened(place, known)
    assert await store.get(META, ("kept",)) == ("kept", b"")
    await store.close()


async def test_the_tables_are_what_their_descriptions_say(store: Store) -> None:
    real = {table.name: table.shape() for table in await store.tables()}
    described = [table for table in vars(example_tables).values() if isinstance(table, Table)]
    for table in described:
        assert real.get(table.name, table.shape()) == table.shape()
    assert {table.name for table in described} - set(real) == {"nowhere"}


@pytest.mark.postgres
async def test_both_engines_have_the_same_tables(tmp_path: Path, postgres_url: str) -> None:
    lite = await SqliteStore.open(tmp_path / "store", COOP)
    large = await PostgresStore.open(postgres_url, COOP)
    assert [t.shape() for t in await lite.tables()] == [t.shape() for t in await large.tables()]
    assert lite.schema == large.schema
    await lite.close()
    await large.close()


@pytest.mark.parametrize(
    "names", [["002_b.sql"], ["001_a.sql", "003_c.sql"], ["001_a.sql", "notes.txt"], ["1_a.sql"]]
)
def test_files_that_are_not_numbered_one_after_another_are_refused(
    names: list[str], tmp_path: Path
) -> None:
    for name in names:
        (tmp_path / name).write_text("")
    with pytest.raises(errors.MigrationFilesError, match="without gaps"):
        migrations.load(tmp_path)
