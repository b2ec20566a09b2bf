"""The virtual environments of this repository: which there are, and making them from locks."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from provision.commands import CommandError, UnavailableError, run
from provision.interpreters import (
    HOME_ASSISTANT_PYTHON,
    OLDEST_NODE_PYTHON,
    Python,
    Wanted,
    probe,
)
from provision.places import REPOSITORY, REQUIREMENTS, remove, write

# Raise it when environments must be made anew though no lock has changed.
RECIPE = 1
BUILD_LOCK = REQUIREMENTS / "build.lock"


@dataclass(frozen=True, slots=True)
class Environment:
    """A folder of packages for one Python."""

    name: str
    purpose: str
    wanted: Wanted
    lock: str
    # Whether our own node is installed in it, so that `settlement-node` can be called.
    with_node: bool

    @property
    def folder(self) -> Path:
        """Where it is."""
        return REPOSITORY / self.name

    @property
    def stamp(self) -> Path:
        """The file that says from what it was made; there is none while it is being made."""
        return self.folder / "made-from"

    @property
    def python(self) -> Path:
        """Its interpreter: a link to the one that it was made from."""
        return self.folder / "bin/python"

    def python_version(self) -> tuple[int, ...] | None:
        """Return the version of its Python; none where that is gone or does not start."""
        try:
            return probe(self.python)[0]
        except CommandError:
            return None

    def fingerprint(self, version: tuple[int, ...] | None) -> bytes:
        """Say from what it should be made; environments hold their own path, so that counts."""
        digest = hashlib.sha256(f"{RECIPE} {self.folder} {version} ".encode())
        digest.update((REQUIREMENTS / self.lock).read_bytes())
        digest.update(BUILD_LOCK.read_bytes())
        if self.with_node:
            project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
            digest.update(json.dumps([project["build-system"], project["project"]]).encode())
        return digest.hexdigest().encode()

    def is_ready(self) -> bool:
        """Tell whether it was made whole from today's locks by a Python that is still there."""
        if not self.stamp.is_file():
            return False
        version = self.python_version()
        return (
            version is not None
            and self.wanted.admits(version)
            and self.stamp.read_bytes() == self.fingerprint(version)
        )


MAIN = Environment(
    name=".venv",
    purpose="Home Assistant 2026.10, node and checks",
    wanted=HOME_ASSISTANT_PYTHON,
    lock="main.lock",
    with_node=True,
)
NEXT = Environment(
    name=".venv-next",
    purpose="Home Assistant 2026.11",
    wanted=HOME_ASSISTANT_PYTHON,
    lock="next.lock",
    with_node=False,
)
OLDEST = Environment(
    name=".venv-3.12",
    purpose="protocol and node on the oldest Python",
    wanted=OLDEST_NODE_PYTHON,
    lock="python3.12.lock",
    with_node=True,
)


def make(environment: Environment, python: Python, uv: Path) -> None:
    """Make it, or bring it to what its lock says."""
    folder = environment.folder
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UnavailableError(f"{folder} is in the way, being no folder: move it elsewhere.")
    try:
        if environment.stamp.is_file() and _is_made_from(environment, python):
            environment.stamp.unlink()
        else:
            remove(folder)
            run(uv, "venv", "--no-project", "--python", python.path, folder)
        target = ("--python", environment.python)
        lock = REQUIREMENTS / environment.lock
        hashed = ("--require-hashes", "--build-constraints", BUILD_LOCK)
        run(uv, "pip", "sync", *hashed, *target, lock)
        if environment.with_node:
            own = ("--no-deps", "--no-build-isolation", "--editable", REPOSITORY)
            run(uv, "pip", "install", *target, *own)
    except CommandError as error:
        raise UnavailableError(
            f"The packages of {environment.name} could not be installed ({error}): {error.advice}."
        ) from error
    write(environment.stamp, environment.fingerprint(environment.python_version()).decode())


def _is_made_from(environment: Environment, python: Python) -> bool:
    starts = environment.python_version() is not None
    return starts and environment.python.resolve() == python.path.resolve()
