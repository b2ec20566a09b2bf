"""A node that is killed keeps its word, and the hunt would show it if it did not."""

from pathlib import Path
from random import Random

import pytest

from tests.system.crash.breaches import Breach
from tests.system.crash.hunt import Tally, hunt, machines_of


def hunted(engine: str, cuts: int, folder: Path) -> Tally:
    tally = Tally()
    with machines_of(engine) as machines:
        hunt(machines, folder, cuts, Random(1), tally)
    return tally


def control(engine: str, mode: str, folder: Path) -> Tally:
    """Cut until a promise is broken: a cut may come just after a sync, even many in a row."""
    tally = Tally()
    with machines_of(engine, mode) as machines:
        while tally.clean and tally.cuts < 60:
            hunt(machines, folder, tally.cuts + 3, Random(tally.cuts), tally)
    return tally


def test_a_node_on_sqlite_keeps_its_word(tmp_path: Path) -> None:
    tally = hunted("sqlite", 5, tmp_path)
    assert tally.clean, tally.findings.said
    assert tally.promises > 50


@pytest.mark.parametrize("mode", ["NORMAL", "OFF"])
def test_a_quick_sqlite_breaks_promises(mode: str, tmp_path: Path) -> None:
    tally = control("sqlite", mode, tmp_path)
    assert set(tally.findings.counted) - {Breach.REFUSED}


@pytest.mark.postgres
def test_a_node_on_postgres_keeps_its_word(tmp_path: Path) -> None:
    tally = hunted("postgres", 4, tmp_path)
    assert tally.clean, tally.findings.said
    assert tally.promises > 40


@pytest.mark.postgres
def test_a_quick_postgres_breaks_promises(tmp_path: Path) -> None:
    tally = control("postgres", "off", tmp_path)
    assert set(tally.findings.counted) - {Breach.REFUSED}
