"""Remembering that no Python 3.12 could be had, so that not every run asks for it again."""

import time

from provision.places import CACHE, remove, write

NOTE = CACHE / "no-python-3.12"
SECONDS_TO_ASK_AGAIN = 24 * 60 * 60


def remember(reason: str) -> None:
    """Note why there was none, for a day."""
    write(NOTE, f"{reason}\n")


def forget() -> None:
    """Remove the note."""
    remove(NOTE)


def is_remembered() -> bool:
    """Tell whether there is a note, and of today."""
    return NOTE.is_file() and 0 <= time.time() - NOTE.stat().st_mtime < SECONDS_TO_ASK_AGAIN
