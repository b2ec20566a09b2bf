"""The benchmark of the oracle, on a street and a year that are much too small."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

REPOSITORY: Final = Path(__file__).resolve().parents[3]


@pytest.mark.long
def test_a_small_street_has_its_table() -> None:
    asked = ("--homes", "6", "--days", "40", "--forgers", "1")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.oracle", *asked],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = {line[:32].strip(): line[32:] for line in done.stdout.splitlines()}
    for at_once, layer in (
        ("night production", "night (rejected) 1"),
        ("a cloned key", "chain (held) 1"),
        ("the same, with a second path", "second-path (reduced) 1"),
    ):
        assert rows[at_once].split()[:4] == ["1/1", "1/1", "1", "1"]
        assert rows[at_once].endswith(layer)
    assert "reduced, held or rejected: none" in done.stdout
