"""Where things are and how they get there: this repository, and the cache of all its clones."""

import os
import shutil
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPOSITORY / "requirements"


def cache_folder() -> Path:
    """Return the folder that holds what was fetched, so that a second clone fetches nothing."""
    if chosen := os.environ.get("DEPIN_CACHE"):
        return Path(chosen).absolute()
    user_cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(user_cache).absolute() / "depin-dev"


CACHE = cache_folder()


def unfinished(folder: Path) -> Path:
    """Return where to make a folder until it is whole; what a killed run left there is gone."""
    partial = folder.with_name(f"{folder.name}.partial")
    remove(partial)
    return partial


def finish(partial: Path, folder: Path) -> None:
    """Put a whole folder in its place."""
    remove(folder)
    partial.rename(folder)


def remove(path: Path) -> None:
    """Remove a folder or a file, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write(file: Path, text: str) -> None:
    """Write a file; the error names it, which Python's own does not when the disk is full."""
    try:
        file.write_text(text)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from error
