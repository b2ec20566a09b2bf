"""Records under checksums, and what becomes of torn and damaged ones."""

import os
from pathlib import Path

import pytest

from custom_components.depin.journal import (
    MAX_CONTENT,
    DamagedError,
    Journal,
    JournalError,
    packed,
    records,
)

_CONTENTS = [b"", b"one", bytes(range(256)) * 20]


def _written(file: Path) -> Journal:
    journal = Journal(file)
    for content in _CONTENTS:
        (start,) = journal.add((b"S", content))
        assert journal.read(start, len(content)) == content
    return journal


def test_records_are_read_back(tmp_path: Path) -> None:
    """In order, with their kinds, where they were said to be."""
    journal = _written(tmp_path / "journal")
    journal.close()
    data = (tmp_path / "journal").read_bytes()
    found = list(records(data))
    assert [(record.kind, record.content) for record in found] == [
        (b"S", content) for content in _CONTENTS
    ]
    assert [data[record.start : record.end] for record in found] == _CONTENTS


def test_a_torn_end_is_cut_off_wherever_it_was_torn(tmp_path: Path) -> None:
    """And the journal goes on where it was sound."""
    file = tmp_path / "journal"
    _written(file).close()
    whole = file.read_bytes()
    last = packed(b"S", b"more")
    for length in range(len(last)):
        file.write_bytes(whole + last[:length])
        journal = Journal(file)
        journal.add((b"S", b"after"))
        journal.close()
        assert [record.content for record in records(file.read_bytes())] == [*_CONTENTS, b"after"]


def test_damage_before_sound_records_is_not_cut_off(tmp_path: Path) -> None:
    """Nothing that was once acknowledged may go in silence."""
    file = tmp_path / "journal"
    _written(file).close()
    damaged = bytearray(file.read_bytes())
    damaged[20] ^= 1
    file.write_bytes(damaged)
    with pytest.raises(DamagedError, match="damaged at byte"):
        Journal(file)
    assert file.read_bytes() == damaged


def test_a_disk_that_takes_no_record_is_asked_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a failed sync left on disk cannot be known before the file is read again."""
    journal = Journal(tmp_path / "journal")
    journal.add((b"S", b"one"))

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(JournalError, match="Input/output error"):
            journal.add((b"S", b"two"))
    with pytest.raises(JournalError, match="Input/output error"):
        journal.add((b"S", b"three"))
    journal.close()


def test_a_full_disk_is_written_to_again_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What went in of a record that did not fit is taken back."""
    journal = Journal(tmp_path / "journal")
    journal.add((b"S", b"one"))
    write = os.write

    def fill_up(file: int, data: bytes) -> int:
        write(file, data[:5])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fill_up)
        with pytest.raises(JournalError, match="No space left"):
            journal.add((b"S", b"two"))
    journal.add((b"S", b"three"))
    journal.close()
    contents = [record.content for record in records((tmp_path / "journal").read_bytes())]
    assert contents == [b"one", b"three"]


def test_a_record_has_a_greatest_size(tmp_path: Path) -> None:
    """A length that was read wrong asks for no endless content."""
    journal = Journal(tmp_path / "journal")
    with pytest.raises(JournalError, match="at most"):
        journal.add((b"S", bytes(MAX_CONTENT + 1)))
    journal.close()
