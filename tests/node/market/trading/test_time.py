"""What time and interruptions do to trading: late gates, ended intervals, restarts, replays."""

from pathlib import Path

import pytest

from depin_protocol.durations import DAY
from depin_protocol.statements.trading import FlexibleOrder
from settlement_node.coop.coop import Coop
from settlement_node.log.checkpoints import verified
from settlement_node.replay.comparing import DifferenceError
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from settlement_node.store.port import Store
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Put, Row
from tests.node.market.trading.stall import (
    EURO,
    GATE,
    MARKET,
    SOON,
    Stall,
    ask,
    bid,
    cancel,
    order,
    standing,
)
from tests.node.village import surroundings, village
from tests.protocol.spoken import NOON, QUARTER


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Say where a co-op may be founded."""
    if request.param == "sqlite":
        return tmp_path
    url: str = request.getfixturevalue("postgres_url")
    return url


async def dump(store: Store) -> dict[str, list[Row]]:
    """Read all that follows from the log."""
    tables = [table for table in await store.tables() if table.name not in {"meta", "event"}]
    return {table.name: [row async for row in every_row(store, table)] for table in tables}


async def wanted(stall: Stall) -> None:
    """Let homes want something in every way there is."""
    first, second, third = await stall.welcome(2, 2, 2)
    bids = [bid(SOON + n * QUARTER, (200_000, 100), (150_000, 50)) for n in range(8)]
    assert await stall.say(first, order(*bids)) is None
    assert await stall.say(second, standing("ask", (120_000, 80))) is None
    car = FlexibleOrder(MARKET, 400, 2_000, 180_000, SOON, SOON + 6 * QUARTER)
    assert await stall.say(third, car) is None
    assert await stall.say(third, standing("bid", (90_000, 10))) is None
    assert await stall.say(first, cancel((SOON + QUARTER, "bid"))) is None


async def again(stall: Stall, moment: int) -> None:
    """Stop the co-op and start it at another moment."""
    here = stall.here
    await here.coop.close()
    here.clock.now = moment
    here.coop = await Coop.open(here.store, surroundings(here.clock))
    await here.coop.start()


async def test_a_node_that_was_down_at_the_gate_clears_late_with_the_same_result(
    tmp_path: Path,
) -> None:
    (tmp_path / "up").mkdir()
    (tmp_path / "down").mkdir()
    async with village(tmp_path / "up") as up, village(tmp_path / "down") as down:
        in_time, late = Stall(up), Stall(down)
        for stall in (in_time, late):
            await wanted(stall)
        await in_time.until(SOON - GATE)
        await again(late, SOON + QUARTER - 1)
        expected = (await in_time.decisions("cleared"))[-1]
        assert expected.result["start"] == SOON
        assert expected in await late.decisions("cleared")
        home = late.homes[0]
        assert await late.say(home, order(bid(SOON, (200_000, 1)))) == "late"


async def test_an_interval_that_has_ended_uncleared_is_voided(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        stall = Stall(here)
        buyer, seller = await stall.welcome(1, 1)
        assert await stall.say(buyer, order(bid(SOON, (200_000, 100)))) is None
        assert await stall.say(seller, order(ask(SOON, (100_000, 100)))) is None
        await again(stall, SOON + QUARTER)
        (voided,) = await stall.decisions("voided")
        assert voided.result == {"market": MARKET, "start": SOON}
        assert not await stall.decisions("gate")
        assert here.coop.state.trading.cleared(MARKET, SOON) is None
        for home in (buyer, seller):
            assert stall.balance(home).posted == EURO
            assert stall.balance(home).debits_pending == 0
        await here.coop.close()
        await verify(here.store)


async def test_after_days_without_the_node_each_interval_is_given_up_once(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        stall = Stall(here)
        await wanted(stall)
        await again(stall, NOON + 2 * DAY)
        voided = [one.result["start"] for one in await stall.decisions("voided")]
        assert voided == [NOON + n * QUARTER for n in range(1, 192)]
        opened = [one.result["start"] for one in await stall.decisions("opened")]
        assert opened == [NOON + 2 * DAY + n * QUARTER for n in range(97)]
        (gate,) = await stall.decisions("gate")
        assert gate.result["start"] == NOON + 2 * DAY
        assert stall.reserved().credits_pending == stall.balance(stall.homes[1]).debits_pending + (
            stall.balance(stall.homes[2]).debits_pending
        )
        await here.coop.close()
        await verify(here.store)


async def test_a_restart_changes_nothing(place: Path | str) -> None:
    async with village(place) as here:
        stall = Stall(here)
        await wanted(stall)
        for step in range(6):
            await stall.until(SOON - GATE + step * QUARTER)
            before = sorted((table.name, row) for table, row in here.coop.state.rows())
            due = here.coop.state.due_at
            await again(stall, here.clock.now)
            assert sorted((table.name, row) for table, row in here.coop.state.rows()) == before
            assert here.coop.state.due_at == due
        assert len(await stall.decisions("cleared")) == 7
        assert len(await stall.decisions("voided")) == 2
        await here.coop.close()
        found = await verify(here.store)
        tables = await dump(here.store)
        assert await rebuild(here.store) == found.entries
        assert await dump(here.store) == tables
        assert await verify(here.store) == found


async def test_a_replay_can_begin_at_a_state_root_with_orders_in_it(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        stall = Stall(here)
        await wanted(stall)
        for hour in range(30):
            await stall.until(NOON + hour * 4 * QUARTER)
        await here.coop.close()
        whole = await verify(here.store)
        note = here.coop._checkpoints.note  # noqa: SLF001 - the checkpoint that everybody sees
        assert note is not None
        trusted = verified(note, here.coop.facts.log_verifier())
        found = await verify(here.store, trusted, begin_there=True)
        assert 0 < found.start < found.entries == whole.entries


async def test_altered_rows_of_trading_are_named(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        stall = Stall(here)
        await wanted(stall)
        await stall.until(SOON - GATE)
        await here.coop.close()
        tables = {table.name: table for table in here.coop.state.trading.tables}
        for name, table in tables.items():
            (row, *_) = await here.store.scan(table, limit=1)
            last = row[-1]
            altered = last + 1 if isinstance(last, int) else bytes(last) + b" "  # type: ignore[arg-type]
            await here.store.commit([Put(table, [(*row[:-1], altered)])])
            with pytest.raises(DifferenceError, match=name):
                await verify(here.store)
            await here.store.commit([Put(table, [row])])
        index = tables["market_interval"]
        await here.store.commit([Put(index, [(MARKET, SOON + QUARTER, 3)])])
        with pytest.raises(DifferenceError, match="market_interval"):
            await verify(here.store)
