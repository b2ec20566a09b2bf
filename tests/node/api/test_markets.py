"""Everybody reads a market's rules; a member reads its own terms, and nobody else's."""

from depin_protocol.durations import DAY, MINUTE
from depin_protocol.rules.market_rules import MarketRules
from tests.node.api.conftest import Node
from tests.node.api.neighbour import ask, now

QUARTER = 15 * MINUTE


def test_the_rules_are_public(node: Node) -> None:
    coop = f"/v1/coops/{node.coop.description.coop}"
    (market,) = ask(node.port, f"{coop}/markets").json
    (version,) = market["versions"]
    assert market["market"] == "hof"
    assert MarketRules.read(version["rules"]) == MarketRules()
    told = ask(node.port, f"{coop}/markets/hof/intervals?limit=3").json
    first = told[0]["start"]
    assert [one["start"] for one in told] == [first, first + QUARTER, first + 2 * QUARTER]
    assert told[0] == {
        "start": first,
        "end": first + QUARTER,
        "gate": first - 5 * MINUTE,
        "band": [0, 1_000_000],
        "retail": 300_000,
        "feed_in": 80_000,
        "pool_price": None,
    }
    begin = version["start"]
    path = f"{coop}/markets/hof/intervals?limit=1&start"
    assert ask(node.port, f"{path}={begin + 5 * DAY + 1}").json[0]["start"] == begin + 5 * DAY
    assert ask(node.port, f"{path}={begin - 1}").status == 404
    assert ask(node.port, f"{path}=soon").status == 400
    assert ask(node.port, f"{coop}/markets/nowhere/intervals").status == 404


def test_a_member_reads_its_own_terms(node: Node) -> None:
    home, other = node.welcome(), node.welcome()
    path = f"{home.path}/terms/hof"
    told = ask(node.port, path, Authorization=home.token(node.port)).json
    assert told.pop("start") > now()
    assert told == {
        "market": "hof",
        "retail": 300_000,
        "feed_in": 80_000,
        "zone": "all",
        "pool_weight": 0,
        "participation": 10_000,
        "seller_rate": 0,
    }
    assert ask(node.port, path).status == 401
    assert ask(node.port, path, Authorization=other.token(node.port)).status == 403
