"""A power cut takes no statement that was acknowledged, and the cutting would show it if it did."""

from pathlib import Path
from random import Random

import pytest

from tests.system.home.powercut import cut


async def test_a_home_keeps_all_that_it_acknowledged(tmp_path: Path) -> None:
    tally = await cut(tmp_path, "safe", 8, Random(1))
    assert tally.is_clean, str(tally)
    assert tally.acknowledged > 8


async def test_a_home_that_does_not_sync_loses(tmp_path: Path) -> None:
    for hunt in range(5):
        folder = tmp_path / str(hunt)
        folder.mkdir()
        if not (await cut(folder, "reckless", 2, Random(hunt))).is_clean:
            return
    pytest.fail("ten cuts lost nothing: the hunt would not see a loss")
