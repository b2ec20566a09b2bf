"""The marker tells a restore from a restart."""

from pathlib import Path

import pytest

from custom_components.depin.restore_marker import RestoreMarker

_NAME = "A" * 22
_OTHER = "B" * 21 + "A"


def test_a_marker_is_agreed_with_by_its_outbox_alone(tmp_path: Path) -> None:
    """By that one as it was, or as it is later: a cut may take back what was not synced here."""
    marker = RestoreMarker(tmp_path / "cache" / "marker")
    assert not marker.is_there
    assert marker.contradicts(_NAME, 0)
    marker.set(_NAME, 5)
    marker.advance(_NAME, 7)
    for _ in range(2):
        assert marker.is_there
        assert not marker.contradicts(_NAME, 7)
        assert not marker.contradicts(_NAME, 8)
        assert marker.contradicts(_NAME, 6)
        assert marker.contradicts(_OTHER, 7)
        marker.close()
        marker = RestoreMarker(tmp_path / "cache" / "marker")
    marker.set(_OTHER, 1)
    assert not marker.contradicts(_OTHER, 1)
    marker.close()


@pytest.mark.parametrize("content", [b"", b"\xff" * 39, b"A" * 60, b"A" * 22 + b" 5\n"])
def test_a_marker_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    """It is written anew whole."""
    file = tmp_path / "marker"
    file.write_bytes(content)
    marker = RestoreMarker(file)
    assert marker.contradicts(_NAME, 10**9)
    marker.set(_NAME, 3)
    marker.close()
    assert file.read_bytes() == f"{_NAME} {3:015}\n".encode()
