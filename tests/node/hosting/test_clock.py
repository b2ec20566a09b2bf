"""A clock that has run away writes into no log, and one that lags is told."""

from pathlib import Path

import pytest

from depin_protocol.durations import DAY, MINUTE
from settlement_node.coop.answers import StoppedError
from settlement_node.coop.coop import Coop
from settlement_node.hosting.clock import FARTHEST, ClockError, WatchedClock, check_clock, now
from settlement_node.hosting.hosting import hosting, surroundings
from settlement_node.store.opening import open_store
from tests.node.hosting.test_hosting import founded

LAST = 1_800_000_000_000


def test_a_clock_near_the_log_is_believed() -> None:
    assert check_clock(LAST + FARTHEST, LAST, is_right=False) is None
    assert check_clock(LAST - MINUTE, LAST, is_right=False) is None
    assert check_clock(LAST + 400 * DAY, LAST, is_right=True) is None


def test_a_clock_far_ahead_is_not() -> None:
    with pytest.raises(ClockError, match="2028-02-19 08:00:00 UTC, 400 days after the last entry"):
        check_clock(LAST + 400 * DAY, LAST, is_right=False)


async def test_a_node_writes_nothing_until_somebody_has_looked_at_its_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = await founded(tmp_path)
    name = folder.description.coop
    ahead = WatchedClock(lambda: now() + 31 * DAY)
    monkeypatch.setattr("settlement_node.hosting.hosting.WatchedClock", lambda: ahead)
    async with hosting([folder]) as hosted:
        assert hosted.coops == {}
        assert "serve --clock-is-right" in hosted.troubles[name]
    store = await open_store(folder.books, folder.coop)
    assert (await Coop.open(store, surroundings(folder))).position.size == 1
    await store.close()
    async with hosting([folder], clock_is_right=True) as hosted:
        assert hosted.flaws[name] == []
        await hosted.coops[name].tick()
    monkeypatch.undo()
    async with hosting([folder]) as hosted:
        (flaw,) = hosted.flaws[name]
        assert "set the clock" in flaw


async def test_a_co_op_stops_before_it_writes_by_a_clock_that_jumped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = await founded(tmp_path)
    name = folder.description.coop
    jumps = [0]
    watched = WatchedClock(lambda: now() + jumps[0])
    monkeypatch.setattr("settlement_node.hosting.hosting.WatchedClock", lambda: watched)
    async with hosting([folder]) as hosted:
        coop = hosted.coops[name]
        before = coop.state.at
        jumps[0] = MINUTE - 1_000
        await coop.tick()
        assert coop.failure is None
        jumps[0] = 2 * DAY
        with pytest.raises(StoppedError, match="clock has jumped ahead by 1727"):
            await coop.tick()
        assert "clock has jumped ahead" in str(coop.failure)
        assert coop.state.at - before < DAY
