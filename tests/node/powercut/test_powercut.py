"""A power cut loses nothing that was acknowledged, and the cutting would show it if it did."""

from pathlib import Path
from random import Random

import pytest

from provision.postgresql import Binaries
from settlement_node.store.sqlite_file import Synchronous
from tests.node.powercut.hunt import cut_postgres, cut_sqlite


async def test_sqlite_keeps_all_that_it_acknowledged(tmp_path: Path) -> None:
    tally = await cut_sqlite(tmp_path, "FULL", 12, Random(1))
    assert (tally.lost, tally.damaged) == (0, 0)
    assert tally.acknowledged > 12


@pytest.mark.parametrize("mode", ["NORMAL", "OFF"])
async def test_sqlite_loses_commits_when_it_is_told_to_be_quick(
    mode: Synchronous, tmp_path: Path
) -> None:
    # A cut may come just after a sync of its own accord, on a busy machine many in a row.
    for hunt in range(20):
        folder = tmp_path / str(hunt)
        folder.mkdir()
        tally = await cut_sqlite(folder, mode, 3, Random(hunt))
        if tally.lost:
            return
    pytest.fail("sixty cuts lost nothing: the hunt would not see a loss")


@pytest.mark.postgres
async def test_postgres_keeps_all_that_it_acknowledged(postgres_binaries: Binaries) -> None:
    tally = await cut_postgres(postgres_binaries, "on", 4, Random(1))
    assert (tally.lost, tally.damaged) == (0, 0)
    assert tally.acknowledged > 4


@pytest.mark.postgres
async def test_postgres_loses_commits_without_fsync(postgres_binaries: Binaries) -> None:
    tally = await cut_postgres(postgres_binaries, "off", 1, Random(1))
    assert tally.lost > 0
