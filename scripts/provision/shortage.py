"""Remembering what could not be had, so that not every run asks for it again."""

import time
from dataclasses import dataclass
from pathlib import Path

from provision.places import CACHE, remove, write

NOT_TO_BE_HAD = "not on this machine and not to be fetched"
SECONDS_TO_ASK_AGAIN = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Shortage:
    """Something that most machines have, or can get, and that this one had to go without."""

    note: Path

    def remember(self, reason: str) -> None:
        """Note why there was none, for a day."""
        write(self.note, f"{reason}\n")

    def forget(self) -> None:
        """Remove the note."""
        remove(self.note)

    def is_remembered(self) -> bool:
        """Tell whether there is a note, and of today."""
        note = self.note
        return note.is_file() and 0 <= time.time() - note.stat().st_mtime < SECONDS_TO_ASK_AGAIN


PYTHON = Shortage(CACHE / "no-python-3.12")
POSTGRESQL = Shortage(CACHE / "no-postgresql")
MOSQUITTO = Shortage(CACHE / "no-mosquitto")
