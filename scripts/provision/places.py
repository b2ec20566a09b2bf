"""Where things are: this repository, and the cache that all clones of it share."""

import os
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
    """Return where a folder is made, to be renamed when whole; what a killed run left is there."""
    return folder.with_name(f"{folder.name}.partial")
