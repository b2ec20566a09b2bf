"""Getting PostgreSQL's server: from the machine, else its packages, unpacked into the cache."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from provision import debian, shortage
from provision.commands import CommandError, UnavailableError
from provision.places import CACHE, finish, unfinished, write

MACHINE = Path("/")
FOLDER = CACHE / "postgresql"
LIBRARIES = "libraries"

# Debian keeps a server of each version here, off the PATH.
INSTALLED = "usr/lib/postgresql/*/bin/postgres"


@dataclass(frozen=True, slots=True)
class Binaries:
    """Where the server's programs are, and the folders that only they find libraries in."""

    folder: Path
    libraries: str


def find() -> Binaries | None:
    """Return the machine's server, newest first, or the one in this cache."""
    if found := shutil.which("postgres"):
        return Binaries(Path(found).resolve().parent, "")
    if installed := _newest(MACHINE):
        return Binaries(installed, "")
    libraries = FOLDER / LIBRARIES
    if libraries.exists() and (unpacked := _newest(FOLDER)):
        return Binaries(unpacked, libraries.read_text())
    return None


def provide(*, must_be_had: bool) -> str:
    """Get the server if it can be had, and say what came of that; only its tests need it."""
    shortage.POSTGRESQL.forget()
    try:
        return f"at {(find() or fetch()).folder}"
    except UnavailableError as error:
        if must_be_had:
            raise
        shortage.POSTGRESQL.remember(str(error))
        return shortage.NOT_TO_BE_HAD


def fetch() -> Binaries:
    """Return the server from the distribution's packages, unpacked into the cache."""
    partial = unfinished(FOLDER)
    try:
        release = debian.own_release()
        debian.unpack(["postgresql"], partial, release=release, on_top_of_the_machine=True)
    except CommandError as error:
        raise UnavailableError(
            f"PostgreSQL's server is not on this machine and could not be fetched ({error}):"
            " install it."
        ) from error
    write(partial / LIBRARIES, debian.library_folders(partial, FOLDER))
    finish(partial, FOLDER)
    if unpacked := find():
        return unpacked
    raise UnavailableError("The packages of PostgreSQL hold no server: install it.")


def _newest(root: Path) -> Path | None:
    """Return the folder of the newest version's programs under a root."""
    found = sorted(root.glob(INSTALLED), key=lambda file: int(file.parts[-3]))
    return found[-1].parent if found else None
