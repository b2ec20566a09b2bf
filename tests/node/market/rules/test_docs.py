"""The page on the market names every parameter, action and decision of the rules and statements."""

import json
import re
from pathlib import Path

from depin_protocol.rules.market_rules import MarketRules
from settlement_node.market.issuing.actions import ACTIONS as BILLING
from settlement_node.market.issuing.room import IssuingRoom
from settlement_node.market.rules.acting import KINDS
from settlement_node.market.rules.actions import ACTIONS, DeclareSeries
from settlement_node.market.rules.places import Place

PAGE = (Path(__file__).parents[4] / "docs" / "market.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"^#### `(\w+)`\n```json\n(.+?)\n```$", PAGE, re.MULTILINE | re.DOTALL))


def example(kind: str) -> dict[str, dict[str, object]]:
    told = json.loads(EXAMPLES[kind])
    assert set(told) == {"result", "lines"}
    return {"result": told["result"], "line": (told["lines"] or [{}])[0]}


def test_every_parameter_is_in_the_table_with_its_default() -> None:
    table = PAGE.partition("### Parameters")[2].partition("### Members' terms")[0]
    rows = [row.split("|") for row in table.splitlines() if row.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row[1])]
    assert sorted(named) == sorted(MarketRules().to_json())
    defaults = {row[1].strip(" `"): row[4].strip() for row in rows}
    usual = MarketRules().to_json()
    for name in ("interval", "gate", "band", "most_wh", "reading_deadline", "k", "zones", "series"):
        assert json.loads(defaults[name].replace("'", '"') or "null") == usual[name], name


def test_the_examples_are_what_is_decided() -> None:
    assert set(EXAMPLES) >= KINDS
    assert IssuingRoom.kinds <= set(EXAMPLES)
    told = example("market_set")["result"]
    assert set(told) == {"statement", "market", "start", "rules"}
    assert MarketRules.read(told["rules"]).series == {"band_high"}
    told = example("series_declared")["result"]
    assert set(told) - {"statement"} == set(DeclareSeries("m", "retail", ()).to_json())
    placed = example("member_placed")
    assert set(placed["result"]) == {"statement"}
    assert set(placed["line"]) == {"member", "market", "start", *Place("all").to_json()}
    issued = example("statement_issued")
    assert set(issued["result"]) == {"statement", "number"}
    assert set(issued["line"]) == {"member", "month", "sha256", "closing", "books"}


def test_every_action_is_named() -> None:
    for name in (*ACTIONS, *BILLING):
        assert f"| `{name}`" in PAGE, name
