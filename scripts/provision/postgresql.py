"""Getting PostgreSQL's server: from the machine, else its packages, unpacked into the cache."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from provision import debian
from provision.commands import CommandError, UnavailableError
from provision.places import CACHE, unfinished

FOLDER = CACHE / "postgresql"
LIBRARIES = FOLDER / "libraries"

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
    if installed := _newest(Path("/")):
        return Binaries(installed, "")
    if LIBRARIES.exists() and (unpacked := _newest(FOLDER)):
        return Binaries(unpacked, LIBRARIES.read_text())
    return None


def fetch() -> Binaries:
    """Return the server from the distribution's packages, unpacked into the cache."""
    partial = unfinished(FOLDER)
    for leftover in (FOLDER, partial):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        release = debian.own_release()
        debian.unpack(["postgresql"], partial, release=release, on_top_of_the_machine=True)
    except CommandError as error:
        raise UnavailableError(
            f"PostgreSQL's server is not on this machine and could not be fetched ({error}):"
            " install it."
        ) from error
    found = {file.parent for pattern in ("*.so", "*.so.*") for file in partial.rglob(pattern)}
    folders = sorted(str(FOLDER / folder.relative_to(partial)) for folder in found)
    (partial / LIBRARIES.name).write_text(":".join(folders))
    partial.rename(FOLDER)
    if unpacked := find():
        return unpacked
    raise UnavailableError("The packages of PostgreSQL hold no server: install it.")


def _newest(root: Path) -> Path | None:
    """Return the folder of the newest version's programs under a root."""
    found = sorted(root.glob(INSTALLED), key=lambda file: int(file.parts[-3]))
    return found[-1].parent if found else None
