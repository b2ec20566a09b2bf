"""Getting the broker mosquitto: from the machine, else its package, unpacked into the cache."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from provision import debian, shortage
from provision.commands import CommandError, UnavailableError
from provision.places import CACHE, finish, unfinished, write

FOLDER = CACHE / "mosquitto"
LIBRARIES = "libraries"

# Off the PATH of most people.
INSTALLED = Path("usr/sbin/mosquitto")
MACHINE = Path("/")


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the program is, and the folders that only it finds libraries in."""

    program: Path
    libraries: str


def find() -> Broker | None:
    """Return the machine's broker, or the one in this cache."""
    if found := shutil.which("mosquitto"):
        return Broker(Path(found), "")
    if (MACHINE / INSTALLED).exists():
        return Broker(MACHINE / INSTALLED, "")
    libraries = FOLDER / LIBRARIES
    if libraries.exists() and (FOLDER / INSTALLED).exists():
        return Broker(FOLDER / INSTALLED, libraries.read_text())
    return None


def provide(*, must_be_had: bool) -> str:
    """Get the broker if it can be had, and say what came of that; only its tests need it."""
    shortage.MOSQUITTO.forget()
    try:
        return f"at {(find() or fetch()).program}"
    except UnavailableError as error:
        if must_be_had:
            raise
        shortage.MOSQUITTO.remember(str(error))
        return shortage.NOT_TO_BE_HAD


def fetch() -> Broker:
    """Return the broker from the distribution's package, unpacked into the cache."""
    partial = unfinished(FOLDER)
    try:
        release = debian.own_release()
        debian.unpack(["mosquitto"], partial, release=release, on_top_of_the_machine=True)
    except CommandError as error:
        raise UnavailableError(
            f"mosquitto is not on this machine and could not be fetched ({error}): install it."
        ) from error
    write(partial / LIBRARIES, debian.library_folders(partial, FOLDER))
    finish(partial, FOLDER)
    if unpacked := find():
        return unpacked
    raise UnavailableError("The package of mosquitto holds no broker: install it.")
