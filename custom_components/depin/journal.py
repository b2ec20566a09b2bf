"""Records one after another in a file, each under a checksum: what a power cut tears is seen."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

_MAGIC: Final = b"\xd3\x1e"
_LENGTH_SIZE: Final = 4
_CHECK_SIZE: Final = 8
_HEAD_SIZE: Final = len(_MAGIC) + 1 + _LENGTH_SIZE + _CHECK_SIZE

MAX_CONTENT: Final = 2**20


class JournalError(OSError):
    """The disk took no record, or gave none back; the message says what happened."""


class DamagedError(JournalError):
    """What was once on disk cannot be read any more."""


class Record(NamedTuple):
    """A record as it was found: its kind, where its content begins, and the content."""

    kind: bytes
    start: int
    content: bytes

    @property
    def end(self) -> int:
        """Where the next record begins."""
        return self.start + len(self.content)


def packed(kind: bytes, content: bytes) -> bytes:
    """Write a record; its kind is one byte."""
    if len(content) > MAX_CONTENT:
        msg = f"a record of {len(content)} bytes, where at most {MAX_CONTENT} are allowed"
        raise JournalError(msg)
    length = len(content).to_bytes(_LENGTH_SIZE)
    return _MAGIC + kind + length + _check(kind, content) + content


def content_start(place: int) -> int:
    """Return where the content of a record begins that stands at this place."""
    return place + _HEAD_SIZE


def records(data: bytes) -> Iterator[Record]:
    """Give the records up to the first that is not whole."""
    place = 0
    while (record := _record_at(data, place)) is not None:
        yield record
        place = record.end


def sound_records(data: bytes) -> Iterator[Record]:
    """Give all records that are whole, also those behind damage."""
    place = 0
    while place >= 0:
        record = _record_at(data, place)
        if record is None:
            place = data.find(_MAGIC, place + 1)
        else:
            yield record
            place = record.end


def is_torn_at_its_end(data: bytes, sound: int) -> bool:
    """Tell a last record that was never finished from damage among older ones."""
    place = data.find(_MAGIC, sound + 1)
    while place >= 0:
        if _record_at(data, place) is not None:
            return False
        place = data.find(_MAGIC, place + 1)
    return True


def new_folder(folder: Path) -> None:
    """Make a folder with those above it, and have their names on disk."""
    missing = [folder, *(one for one in folder.parents if not one.exists())]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
        sync_folder(one.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


class Journal:
    """The end of a file that records are added to, each whole on disk or not there."""

    def __init__(self, file: Path, *, synced: bool = True) -> None:
        """Go on with a file after its last sound record, or begin a new one.

        What is not synced may be lost in a power cut, and costs the disk far less.
        """
        self._synced = synced
        is_new = not file.exists()
        self._file = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with ExitStack() as undone:
            undone.callback(os.close, self._file)
            self.size = 0 if is_new else self._cut_off_torn_end(file)
            if is_new and synced:
                sync_folder(file.parent)
            undone.pop_all()
        self._broken: str | None = None

    def _cut_off_torn_end(self, file: Path) -> int:
        data = file.read_bytes()
        sound = 0
        for record in records(data):
            sound = record.end
        if sound < len(data):
            if not is_torn_at_its_end(data, sound):
                msg = f"{file.name} is damaged at byte {sound}, and records follow: the disk fails"
                raise DamagedError(msg)
            os.ftruncate(self._file, sound)
        # What an earlier process wrote and did not sync was read from memory.
        self._sync()
        return sound

    def add(self, *new: tuple[bytes, bytes]) -> list[int]:
        """Write records and have them on disk together; return where the content of each begins.

        A full disk may have room later. What a disk has after a failed sync cannot be known, so
        that nothing more is written until another start has read the file.
        """
        if self._broken is not None:
            raise JournalError(self._broken)
        starts, written = [], bytearray()
        for kind, content in new:
            starts.append(content_start(self.size + len(written)))
            written += packed(kind, content)
        try:
            self._write(bytes(written))
        except OSError as error:
            os.ftruncate(self._file, self.size)
            raise JournalError(f"the disk took no record ({error}): make room") from error
        try:
            self._sync()
        except OSError as error:
            self._broken = f"the disk did not keep a record ({error}): check it, then start anew"
            raise JournalError(self._broken) from error
        self.size += len(written)
        return starts

    def _sync(self) -> None:
        if self._synced:
            os.fsync(self._file)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._file, data) :]

    def read(self, start: int, length: int) -> bytes:
        """Read part of the file."""
        return os.pread(self._file, length, start)

    def close(self) -> None:
        """Write no more."""
        os.close(self._file)


def _record_at(data: bytes, place: int) -> Record | None:
    head = data[place : place + _HEAD_SIZE]
    if len(head) < _HEAD_SIZE or not head.startswith(_MAGIC):
        return None
    kind = head[2:3]
    length = int.from_bytes(head[3:7])
    start = content_start(place)
    content = data[start : start + length]
    if len(content) < length or _check(kind, content) != head[7:]:
        return None
    return Record(kind, start, content)


def _check(kind: bytes, content: bytes) -> bytes:
    return blake2b(kind + content, digest_size=_CHECK_SIZE).digest()
