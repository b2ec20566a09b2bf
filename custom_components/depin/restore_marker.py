"""The marker that no backup holds: it tells a restore from a restart."""

import os
import re
from pathlib import Path
from typing import Final

from .journal import new_folder, sync_folder
from .protocol.identifiers import ID_PATTERN

_LINE: Final = re.compile(rf"({ID_PATTERN}) ([0-9]{{15}})\n")
_LENGTH: Final = 39


class RestoreMarker:
    """Says which outbox was used here last, and how many statements it held at least."""

    def __init__(self, file: Path) -> None:
        """Keep the marker in this file, which must lie where backups do not reach."""
        self._path = file
        self._file: int | None = None

    def contradicts(self, name: str, count: int) -> bool:
        """Tell whether another outbox was used here last, or a later state of this one."""
        try:
            found = _LINE.fullmatch(self._path.read_text("ascii"))
        except FileNotFoundError, UnicodeDecodeError:
            return True
        return found is None or found[1] != name or int(found[2]) > count

    @property
    def is_there(self) -> bool:
        """Whether an outbox was ever used here."""
        return self._path.exists()

    def set(self, name: str, count: int) -> None:
        """Have on disk that this outbox is used here."""
        new_folder(self._path.parent)
        self.close()
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # Never empty, not even for a moment: it has one length, and is written over.
        self.advance(name, count)
        os.ftruncate(self._file, _LENGTH)
        os.fsync(self._file)
        sync_folder(self._path.parent)

    def advance(self, name: str, count: int) -> None:
        """Note how far the outbox is; what a power cut takes back of this does no harm."""
        if self._file is not None:
            os.pwrite(self._file, f"{name} {count:015}\n".encode("ascii"), 0)

    def close(self) -> None:
        """Use the file no more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
