"""What docs/market.md shows of trading's decisions is what is decided."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.statements.trading import FlexibleOrder
from settlement_node.ledger.actions import SetLimit
from settlement_node.market.rules.actions import DeclareSeries
from settlement_node.market.trading.objections import TradingObjection
from settlement_node.market.trading.room import TradingRoom
from tests.node.market.trading.stall import (
    EURO,
    GATE,
    MARKET,
    SOON,
    Stall,
    ask,
    bid,
    order,
    standing,
)
from tests.node.village import FACTS, village
from tests.protocol.spoken import NOON, QUARTER

PAGE = (Path(__file__).parents[4] / "docs" / "market.md").read_text()
DECLARED = replace(FACTS, rules=MarketRules(series=frozenset({"retail", "band_high"})))
SHOWN = dict(re.findall(r"^#### `(\w+)`\n```json\n(.+?)\n```$", PAGE, re.MULTILINE))


def shape(value: object) -> Any:  # noqa: ANN401 - the shape of JSON
    """Return what a decision has, whatever the figures are."""
    match value:
        case dict():
            return {key: shape(one) for key, one in value.items()}
        case list() | tuple():
            return sorted({json.dumps(shape(one), sort_keys=True) for one in value})
    return type(value).__name__


def test_every_decision_is_shown() -> None:
    assert TradingRoom.kinds <= SHOWN.keys()


def test_every_code_is_explained() -> None:
    explained = set(re.findall(r"`([a-z-]+)`", PAGE))
    assert {str(code) for code in TradingObjection} <= explained


async def test_decisions_are_as_shown(tmp_path: Path) -> None:
    async with village(tmp_path, DECLARED) as here:
        stall = Stall(here)
        homes = await stall.welcome(1, 1, 1, 1, 1, 1)
        assert await stall.say(homes[0], standing("bid", (100_000, 1))) is None
        assert await stall.say(homes[1], standing("bid", (100_000, 1))) is None
        for home in homes[2:4]:
            assert await stall.say(home, order(bid(SOON, (200_000, 500)))) is None
        for home in homes[4:]:
            assert await stall.say(home, order(ask(SOON, (100_000, 500)))) is None
        await here.act(SetLimit(homes[1].member, 96 * 100_000 - EURO - 1))
        for quarter in range(1, 4):
            await stall.until(NOON + quarter * QUARTER)
        await stall.until(SOON - GATE)
        repriced = SOON + 20 * QUARTER
        asks = [ask(repriced + later, (600_000, 1)) for later in (0, QUARTER)]
        assert await stall.say(homes[3], order(*asks)) is None
        assert await stall.say(homes[4], order(ask(repriced, (100_000, 500)))) is None
        for series, price in (("retail", 300_001), ("band_high", 500_000)):
            await here.act(DeclareSeries(MARKET, series, ((repriced, price),)))
        car = FlexibleOrder(MARKET, 100, 1_000, 50_000, SOON, SOON + 3 * QUARTER)
        assert await stall.say(homes[2], car) is None
        await stall.until(repriced)
        for kind in TradingRoom.kinds:
            shown = json.loads(SHOWN[kind])
            wanted = {name: shape(part) for name, part in shown.items()}
            decided = [(shape(one.result), shape(one.lines)) for one in await stall.decisions(kind)]
            assert any(
                result == wanted["result"] and set(wanted["lines"]) <= set(lines)
                for result, lines in decided
            ), (kind, wanted, decided)
