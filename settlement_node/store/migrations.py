"""Numbered SQL files that make the tables: forward only, and never changed once applied."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from settlement_node.store.errors import (
    MigrationChangedError,
    MigrationFilesError,
    SchemaTooNewError,
)

SCHEMA: Final = files("settlement_node.store") / "schema"

_FILE_NAME: Final = re.compile(r"(\d{3})_[a-z0-9_]+\.sql", re.ASCII)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        """The hash by which an applied migration is known again."""
        return sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Applied:
    """What a store says about a migration that it has seen."""

    number: int
    name: str
    digest: str


def load(folder: Traversable) -> tuple[Migration, ...]:
    """Read the migrations of a folder, in order."""
    found = sorted((file for file in folder.iterdir() if file.is_file()), key=lambda f: f.name)
    migrations = []
    for number, file in enumerate(found, start=1):
        named = _FILE_NAME.fullmatch(file.name)
        if named is None or int(named[1]) != number:
            raise MigrationFilesError(
                f"{file.name} is not migration {number:03}: number the files 001_name.sql,"
                " 002_name.sql and so on, without gaps"
            )
        migrations.append(Migration(number, file.name, file.read_text("utf-8")))
    return tuple(migrations)


def missing(known: Sequence[Migration], applied: Sequence[Applied]) -> Sequence[Migration]:
    """Return the migrations still to be applied, having compared those that were."""
    if len(applied) > len(known):
        raise SchemaTooNewError(
            f"the store is at schema {len(applied)} and this program knows {len(known)}: it was"
            " written by a newer version; start that one, or restore a backup of this one"
        )
    for migration, was in zip(known, applied, strict=False):
        if (migration.number, migration.digest) != (was.number, was.digest):
            raise MigrationChangedError(
                f"migration {was.name} was applied with other contents than {migration.name} has"
                " now: install the release that wrote this store, since applied migrations never"
                " change"
            )
    return known[len(applied) :]
