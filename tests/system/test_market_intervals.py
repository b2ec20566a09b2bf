"""Intervals and books of a market on the command line, of a co-op that has just traded."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from depin_protocol.durations import HOUR
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.settlement.pool import Key, PoolRule
from settlement_node.hosting.folder import LOG, OPERATOR, RECEIPTS, Description, NodeFolder
from tests.node.market.metering_homes import settle_in
from tests.node.market.trading.stall import GATE, ask, bid, order
from tests.node.village import FACTS, LOG_SEED, RECEIPT_SEED, village
from tests.protocol.spoken import COOP, QUARTER, Home
from tests.system.node_process import command, refused

BUYER, SELLER = Home(2), Home(3)


async def traded(folder: Path, start: int, k: int) -> None:
    """Leave a data folder in whose co-op somebody sold 500 of 800 Wh wanted in an interval."""
    node = NodeFolder(folder)
    founder = Home(1)
    begun = node.begin(Description(COOP, "Sonnenhang", "http://127.0.0.1:8480", founder.member))
    for name, seed in ((LOG, LOG_SEED), (RECEIPTS, RECEIPT_SEED), (OPERATOR, founder.seed)):
        begun.add_key(name, seed)
    rules = MarketRules(credit_limit=10**9, k=k, pool=PoolRule(150_000, Key.DYNAMIC))
    async with village(begun.books, replace(FACTS, rules=rules), start - HOUR) as here:
        homes = await settle_in(here, BUYER, SELLER)
        wanted = order(bid(start, (250_000, 500), (200_000, 300)))
        for home, said in ((BUYER, wanted), (SELLER, order(ask(start, (100_000, 500))))):
            await here.say(home.say("trading", said, here.clock()))
        here.clock.now = start - GATE
        await here.coop.tick()
        here.clock.now = start + QUARTER
        for metering, flows in zip(homes, ((800, 0), (0, 600)), strict=True):
            await here.say(metering.say(here.clock(), *flows, start=start))
    node.finish(begun)


def hours_ago(hours: int) -> int:
    """Return a full hour that is past."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return int(now.timestamp()) * 1000 - hours * HOUR


def at(instant: int) -> str:
    return datetime.fromtimestamp(instant / 1000, UTC).isoformat()


def test_an_interval_and_its_book_are_told(tmp_path: Path) -> None:
    start = hours_ago(2)
    asyncio.run(traded(tmp_path / "node", start, 1))
    data = ("--data", tmp_path / "node")
    told = command("market", "interval", *data, "street", at(start + QUARTER - 1000)).splitlines()
    energies = "800 Wh imported, 600 Wh exported, 600 Wh produced, 500 Wh bought, 500 Wh delivered"
    assert told[0].startswith("street, ")
    assert told[2:] == [
        "  orders    from 0.00 EUR a kWh to 1.00 EUR a kWh",
        "  retail    0.30 EUR a kWh",
        "  feed-in   0.08 EUR a kWh",
        "  pool      0.15 EUR a kWh",
        told[6],
        "    all: 0.225 EUR a kWh; 500 Wh bought, 500 Wh sold",
        told[8],
        "    2 members, 0 without a value",
        f"    {energies}, 100 Wh pooled, 600 Wh certified",
    ]
    assert told[6].startswith("  cleared   by entry ")
    assert told[8].startswith("  settled   by entry ")
    assert told[8].endswith(", provisional")
    book = command("market", "book", *data, "street", at(start)).splitlines()
    assert book[0].endswith(": orders of 2 members, a kWh")
    assert [line.split()[:5] for line in book[1:4]] == [
        ["all", "bid", "0.25", "500", "Wh"],
        ["all", "bid", "0.20", "300", "Wh"],
        ["all", "ask", "0.10", "500", "Wh"],
    ]
    assert book[1].split()[5] == book[2].split()[5] != book[3].split()[5]
    assert book[5:] == [told[7]]

    later = command("market", "interval", *data, "street", at(start + 8 * QUARTER)).splitlines()
    assert later[-2:] == [
        "  cleared   no: its gate is still to come, or nobody wanted anything",
        "  settled   not yet",
    ]
    listed = command("market", "interval", *data, "--count", 3, "street").splitlines()
    assert len(listed) == 1 + 3
    assert listed[1].split()[-5:] == ["0.00", "1.00", "0.30", "0.08", "0.15"]
    assert "no market mill" in refused("market", "interval", *data, "mill")
    assert "not cleared yet" in refused("market", "book", *data, "street", at(start + QUARTER))
    assert "distance from UTC" in refused(
        "market", "book", *data, "street", "2030-01-01T00:00", code=2
    )


@pytest.mark.parametrize("hours", [3, 60])
def test_of_few_members_the_book_alone_tells_the_price(tmp_path: Path, hours: int) -> None:
    start = hours_ago(hours)
    asyncio.run(traded(tmp_path / "node", start, 5))
    data = ("--data", tmp_path / "node")
    told = command("market", "interval", *data, "street", at(start)).splitlines()
    assert told[7] == "    all: too few members had orders for its price to be public"
    assert told[9] == "    too few members took part for their sums to be public"
    if hours < 2 * 24:
        book = command("market", "book", *data, "street", at(start)).splitlines()
        assert book[-1] == "    all: 0.225 EUR a kWh; 500 Wh bought, 500 Wh sold"
    else:
        assert "for two days" in refused("market", "book", *data, "street", at(start))
