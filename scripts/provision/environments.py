"""The virtual environments of this repository: which there are, and making them from locks."""

import hashlib
import json
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

from provision.commands import CommandError, UnavailableError, run
from provision.interpreters import Python
from provision.places import REPOSITORY, REQUIREMENTS

# Raise it when environments must be made anew though no lock has changed.
RECIPE = 1
BUILD_LOCK = REQUIREMENTS / "build.lock"


@dataclass(frozen=True, slots=True)
class Environment:
    """A folder of packages for one Python."""

    name: str
    purpose: str
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

    def fingerprint(self) -> str:
        """Say from what it should be made; environments hold their own path, so that counts."""
        digest = hashlib.sha256(f"{RECIPE} {self.folder} ".encode())
        digest.update((REQUIREMENTS / self.lock).read_bytes())
        if self.with_node:
            project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
            digest.update(json.dumps(project).encode())
        return digest.hexdigest()

    def is_ready(self) -> bool:
        """Tell whether it was made whole from today's locks, and its Python is still there."""
        made_from = self.stamp.read_text() if self.stamp.exists() else ""
        return made_from == self.fingerprint() and (self.folder / "bin/python").exists()


MAIN = Environment(
    name=".venv",
    purpose="Home Assistant 2026.10, node and checks",
    lock="main.lock",
    with_node=True,
)
NEXT = Environment(
    name=".venv-next",
    purpose="Home Assistant 2026.11",
    lock="next.lock",
    with_node=False,
)
OLDEST = Environment(
    name=".venv-3.12",
    purpose="protocol and node on the oldest Python",
    lock="python3.12.lock",
    with_node=True,
)


def make(environment: Environment, python: Python, uv: Path) -> None:
    """Make it, or bring it to what its lock says."""
    try:
        if environment.stamp.exists() and (environment.folder / "bin/python").exists():
            environment.stamp.unlink()
        else:
            shutil.rmtree(environment.folder, ignore_errors=True)
            run(uv, "venv", "--no-project", "--python", python.path, environment.folder)
        target = ("--python", environment.folder / "bin/python")
        lock = REQUIREMENTS / environment.lock
        hashed = ("--require-hashes", "--build-constraints", BUILD_LOCK)
        run(uv, "pip", "sync", *hashed, *target, lock)
        if environment.with_node:
            own = ("--no-deps", "--no-build-isolation", "--editable", REPOSITORY)
            run(uv, "pip", "install", *target, *own)
    except CommandError as error:
        raise UnavailableError(
            f"The packages of {environment.name} could not be installed ({error}): check the"
            " connection to the Python package index and run this again."
        ) from error
    environment.stamp.write_text(environment.fingerprint())
