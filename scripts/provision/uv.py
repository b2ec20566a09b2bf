"""Getting uv: from the machine, else into the cache by whatever pip can be had."""

import importlib.util
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provision import debian
from provision.commands import CommandError, UnavailableError, run
from provision.places import CACHE, REQUIREMENTS, finish, remove, unfinished

# Older ones lack options that we use, or write lock files in another form.
OLDEST = (0, 13)
LOCK = REQUIREMENTS / "bootstrap.lock"


def find() -> Path | None:
    """Return a uv that will do, of the machine or of this cache."""
    own = _own_folder() / "bin/uv"
    for uv in (Path(shutil.which("uv") or own), own):
        if uv.exists() and _version(uv) >= OLDEST:
            return uv
    return None


def fetch() -> Path:
    """Return a uv of the pinned version, installed into the cache."""
    folder = _own_folder()
    partial = unfinished(folder)
    try:
        with _some_pip() as pip:
            run(*pip, "install", "--require-hashes", "--target", partial, "-r", LOCK)
    except CommandError as error:
        raise UnavailableError(
            f"uv {'.'.join(map(str, OLDEST))} or newer is needed, is not on this machine and could"
            f" not be installed ({error}): {error.advice}, or install uv yourself."
        ) from error
    finish(partial, folder)
    return folder / "bin/uv"


def _own_folder() -> Path:
    pinned = re.search(r"^uv==(\S+)", LOCK.read_text(), re.MULTILINE)
    return CACHE / f"uv-{pinned[1] if pinned else 'unpinned'}"


def _version(uv: Path) -> tuple[int, ...]:
    try:
        numbers = re.search(r"(\d+)\.(\d+)", run(uv, "--version", seconds=20))
    except CommandError:
        return ()
    return tuple(int(number) for number in numbers.groups()) if numbers else ()


@contextmanager
def _some_pip() -> Iterator[list[str | Path]]:
    """Give a pip to call: this Python's, one in a passing environment, or the distribution's."""
    partial = unfinished(CACHE / "pip")
    try:
        if importlib.util.find_spec("pip"):
            yield [sys.executable, "-m", "pip"]
        elif importlib.util.find_spec("ensurepip"):
            run(sys.executable, "-m", "venv", partial)
            yield [partial / "bin/python", "-m", "pip"]
        else:
            debian.unpack(
                ["python3-pip-whl"],
                partial,
                release=debian.own_release(),
                on_top_of_the_machine=False,
            )
            # A wheel is an archive that Python can import from, and run a package of.
            wheel = next(partial.glob("usr/share/python-wheels/pip-*.whl"))
            yield [sys.executable, wheel / "pip"]
    finally:
        remove(partial)
