"""A home sells by itself at a real node, in intervals of a minute, and is started anew."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, timezone
from pathlib import Path
from typing import Any

import pytest

from custom_components.depin.books import Books
from custom_components.depin.forecast import DAYS, QUARTER, History
from custom_components.depin.market import Strategy, Wishes
from custom_components.depin.node import NodeRefusedError
from custom_components.depin.protocol.durations import DAY, MINUTE
from custom_components.depin.protocol.rules.market_rules import MarketRules
from custom_components.depin.protocol.statements.measuring import Device
from custom_components.depin.protocol.statements.trading import Curve, Order
from custom_components.depin.trading import Trading
from custom_components.depin.trading_choices import Choices
from custom_components.depin.trial import Paper, Trial
from tests.patience import PATIENCE
from tests.system.home.household import METER, Household, Running
from tests.system.node_process import command, running

RULES = MarketRules(interval=MINUTE, gate=10_000, credit_limit=10**12, k=1)
SIMPLE = Choices(wishes=Wishes(Strategy.SIMPLE))


@dataclass
class SunnyMeter:
    """A grid meter that has exported 300 Wh in each quarter of an hour, day and night."""

    zone: timezone = UTC

    async def async_history(self, now: int) -> History:
        first = (now - DAYS * DAY) // QUARTER
        return History({at * QUARTER: 300.0 for at in range(first, now // QUARTER)})

    async def async_sun(self) -> Mapping[date, float]:
        return {}


@dataclass
class Memory:
    """Keeps choices as a disk does."""

    books: Path
    choices: Choices = field(default_factory=Choices)

    async def async_save(self, choices: Choices) -> None:
        self.choices = Choices.of(json.loads(json.dumps(choices.to_json())))


@dataclass
class PaperMemory:
    """Keeps a trial's paper as a disk does."""

    paper: Paper = field(default_factory=Paper)

    async def async_save(self, paper: Paper) -> None:
        self.paper = Paper.of(json.loads(json.dumps(paper.to_json())))


@asynccontextmanager
async def at_work(house: Running, memory: Memory) -> AsyncIterator[Trading]:
    """Let a home trade and deliver until the block ends."""
    books = await Books.open(memory.books)
    trading = Trading(
        delivery=house.delivery,
        node=house.node,
        orders=house.orders,
        meter=SunnyMeter(),
        books=books,
        memory=memory,
        choices=memory.choices,
        trial=Trial(books, PaperMemory(), Paper()),
    )
    tasks = [asyncio.create_task(house.delivery.run()), asyncio.create_task(trading.run())]
    try:
        yield trading
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await books.close()


async def placed(house: Running) -> dict[int, list[int]]:
    """Ask the node what a home offers."""
    await house.delivery.log_in()
    answered = await house.node.ask(f"{house.node.path}/orders/hof")
    return {one["start"]: one["ask"] for one in answered["curves"] if one.get("ask")}


async def until_placed(house: Running, count: int) -> dict[int, list[int]]:
    async with asyncio.timeout(PATIENCE):
        while len(found := await placed(house)) < count:
            await asyncio.sleep(0.5)
        return found


async def statements(house: Running) -> int:
    (head,) = (await house.node.heads())["trading"]
    return head.seq


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """Return the folder of a new co-op."""
    folder, rules = tmp_path / "node", tmp_path / "rules.json"
    rules.write_text(json.dumps(RULES.to_json()))
    command(
        *("init", "--data", folder, "--name", "Hof", "--currency", "EUR"),
        *("--address", "http://127.0.0.1:8480", "--rules", rules, "--yes"),
    )
    return folder


async def settled_in(node: Path, name: str, port: int) -> Household:
    """Let a home join, with a grid meter."""
    home = Household(node.parent / name, command("invite", "--data", node))
    await home.join(port)
    async with home.started(port) as house:
        await house.attestation.async_record(Device(METER, "grid", {"import": 1}))
        await house.delivery.deliver()
    return home


async def cleared(house: Running, start: int) -> dict[str, Any]:
    """Wait for an interval's gate, and ask what came of the home's order."""
    while True:
        with suppress(NodeRefusedError):
            answered: dict[str, Any] = await house.node.ask(
                f"{house.node.path}/cleared/hof/{start}"
            )
            return answered
        await asyncio.sleep(1)


async def test_what_is_placed_is_sold_though_the_home_is_away_at_the_gate(node: Path) -> None:
    memory = Memory(node.parent / "books")
    with running(node) as (port, _):
        seller = await settled_in(node, "seller", port)
        buyer = await settled_in(node, "buyer", port)
        async with seller.started(port) as house, at_work(house, memory) as trading:
            # After joining nothing is sold before the owner says so.
            await asyncio.sleep(2)
            assert await placed(house) == {}
            await trading.async_decide(SIMPLE)
            offered = await until_placed(house, 90)
            assert set(map(tuple, offered.values())) == {(80_000, 20)}
            before = await statements(house)

        coming = sorted(start for start in offered if start > _now() + 15_000)[:3]
        async with buyer.started(port) as house:
            for start in coming:
                house.orders.add(Order("hof", (Curve(start, "bid", ((150_000, 20),)),)), start)
            await house.delivery.deliver()
        async with asyncio.timeout(PATIENCE), seller.started(port) as house:
            await house.delivery.deliver()
            # On a busy machine the buyer may come too late for the first.
            for start in coming:
                sold = await cleared(house, start)
                if sold["own"]["sold"]:
                    break
        assert (sold["own"]["sold"], sold["zones"]["all"]["price"]) == (20, 115_000)

        # It goes on with what lies ahead, and says nothing twice.
        async with seller.started(port) as house, at_work(house, memory):
            async with asyncio.timeout(PATIENCE):
                while max(await placed(house)) <= max(offered):
                    await asyncio.sleep(0.5)
            assert await statements(house) - before <= 3
        assert "all follows" in command("verify", "--data", node)


async def test_a_trial_s_orders_never_reach_the_node(node: Path) -> None:
    """Beside a home that sells for real, whose orders do; both forecast and plan alike."""
    on_paper = Memory(node.parent / "paper", replace(SIMPLE, on_paper=True))
    with running(node) as (port, _):
        trying = await settled_in(node, "trying", port)
        selling = await settled_in(node, "selling", port)
        async with trying.started(port) as house:
            await house.delivery.log_in()
            said = await statements(house)
        async with (
            trying.started(port) as house,
            at_work(house, on_paper) as trial,
            selling.started(port) as other,
            at_work(other, Memory(node.parent / "books", SIMPLE)) as trading,
            asyncio.timeout(120),
        ):
            await until_placed(other, 90)
            while len(trial.planned) < 90:
                await asyncio.sleep(0.5)
            shared = trial.planned.keys() & trading.planned.keys()
            assert len(shared) >= 89
            assert all(trial.planned[slot] == trading.planned[slot] for slot in shared)
            start = max(start for start, _ in shared)
            await trial.async_by_hand(start, {"ask": ((200_000, 7),)})
            while trial.planned.get((start, "ask")) != ((200_000, 7),):
                await asyncio.sleep(0.5)
            await house.delivery.deliver()
            assert (await placed(house), len(house.orders)) == ({}, 0)
            assert await statements(house) == said
            # Ended, nothing of it becomes an order.
            await trial.async_decide(trial.choices.trial(begins=False))
            await trial.trade()
            await house.delivery.deliver()
            assert (await placed(house), await statements(house)) == ({}, said)
        assert "all follows" in command("verify", "--data", node)


async def test_the_owner_s_word_counts_before_the_strategy_s(node: Path) -> None:
    memory = Memory(node.parent / "books", SIMPLE)
    with running(node) as (port, _):
        home = await settled_in(node, "home", port)
        async with (
            home.started(port) as house,
            at_work(house, memory) as trading,
            asyncio.timeout(PATIENCE),
        ):
            start = max(await until_placed(house, 90))
            await trading.async_by_hand(start, {"ask": ((200_000, 7),)})
            assert memory.choices.by_hand == {start: {"ask": ((200_000, 7),)}}
            while (await placed(house)).get(start) != [200_000, 7]:
                await asyncio.sleep(0.5)
            await trading.async_by_hand(start, {})
            while start in await placed(house):
                await asyncio.sleep(0.5)
            assert len(await placed(house)) >= 89
            trading.halt(halted=True)
            while any(at > _now() + 10_000 for at in await placed(house)):
                await asyncio.sleep(0.5)
            trading.halt(halted=False)
            await until_placed(house, 89)
            await trading.async_decide(replace(memory.choices, trading=False))
            while any(at > _now() + 10_000 for at in await placed(house)):
                await asyncio.sleep(0.5)
        assert "all follows" in command("verify", "--data", node)


def _now() -> float:
    return time.time() * 1000
