"""A node that is killed keeps its word, and the hunt would show it if it did not."""

from pathlib import Path
from random import Random

import pytest

from tests.system.crash.breaches import Breach
from tests.system.crash.hunt import Tally, hunt, machines_of
from tests.system.crash.reckless import reckless


def test_a_node_on_sqlite_keeps_its_word(tmp_path: Path) -> None:
    tally = Tally()
    hunt(machines_of("sqlite"), tmp_path, 5, Random(1), tally)
    assert tally.clean, tally.findings.said
    assert tally.promises > 50


@pytest.mark.parametrize("mode", ["NORMAL", "OFF"])
def test_a_quick_sqlite_breaks_promises(mode: str, tmp_path: Path) -> None:
    tally = Tally()
    with reckless(mode):
        # A cut may come just after a sync of its own accord, on a busy machine many in a row.
        while tally.clean and tally.cuts < 60:
            hunt(machines_of("sqlite", mode), tmp_path, tally.cuts + 3, Random(tally.cuts), tally)
    assert not tally.clean


@pytest.mark.postgres
def test_a_node_on_postgres_keeps_its_word(tmp_path: Path) -> None:
    tally = Tally()
    hunt(machines_of("postgres"), tmp_path, 4, Random(1), tally)
    assert tally.clean, tally.findings.said
    assert tally.promises > 40


@pytest.mark.postgres
def test_a_quick_postgres_breaks_promises(tmp_path: Path) -> None:
    tally = Tally()
    with reckless("off"):
        while tally.clean and tally.cuts < 20:
            hunt(machines_of("postgres", "off"), tmp_path, tally.cuts + 2, Random(1), tally)
    assert set(tally.findings.counted) - {Breach.REFUSED}
