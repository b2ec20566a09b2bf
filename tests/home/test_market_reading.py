"""A node that says strange things of its market is not believed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession

from custom_components.depin.market_reading import MarketReading, begin_reading
from custom_components.depin.node import MemberNode, Node, StrangeAnswerError
from custom_components.depin.protocol.rules.market_rules import MarketRules
from tests.home.pretender import Pretender, pretending

START = 1_800_000_000_000
INTERVAL = {
    "start": START,
    "end": START + 900_000,
    "gate": START - 300_000,
    "band": [0, 1_000_000],
    "retail": 300_000,
    "feed_in": 80_000,
    "pool_price": None,
}
TERMS = {"retail": 280_000, "feed_in": 90_000, "zone": "all", "participation": 5_000}
MARKETS = [{"market": "hof", "versions": [{"start": 0, "rules": MarketRules().to_json()}]}]


@pytest.fixture
async def node(socket_enabled: None) -> AsyncIterator[Pretender]:  # noqa: ARG001 - it is asked
    async with pretending(
        AAAA={"market": "hof"},
        markets=MARKETS,
        intervals=[INTERVAL],
        hof={"curves": [{"start": START, "ask": [80_000, 500], "bid": None}]},
    ) as it:
        it.answers["/terms/hof"] = (200, TERMS)
        it.answers["/orders/hof"] = it.answers.pop("/hof")
        yield it


async def begun(session: ClientSession, node: Pretender) -> MarketReading:
    return await begin_reading(MemberNode(Node(session, node.address, "AAAA"), "M"))


async def test_an_honest_node_is_read(node: Pretender) -> None:
    """The terms of an interval are asked for once."""
    async with ClientSession() as session:
        reading = await begun(session, node)
        for _ in range(2):
            (interval,) = await reading.intervals(START, 1)
        assert (interval.grid.feed_in, interval.cover, interval.participation) == (
            90_000,
            300_000,
            5_000,
        )
        assert sum(path.endswith("/terms/hof") for path in node.asked) == 1
        assert await reading.orders() == {(START, "ask"): ((80_000, 500),)}


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/intervals", {}),
        ("/intervals", [INTERVAL] * 201),
        ("/intervals", [1]),
        ("/intervals", [{**INTERVAL, "band": [0]}]),
        ("/intervals", [{**INTERVAL, "band": [0, 1.5]}]),
        ("/intervals", [{**INTERVAL, "retail": 2**41}]),
        ("/intervals", [{**INTERVAL, "gate": "soon"}]),
        ("/terms/hof", {**TERMS, "participation": 10_001}),
        ("/terms/hof", []),
        ("/orders/hof", []),
        ("/orders/hof", {"curves": [{"start": START, "ask": [80_000]}]}),
        ("/orders/hof", {"curves": [{"start": START, "ask": [80_000, 0]}]}),
        ("/orders/hof", {"curves": [{"start": START, "ask": [1, 1] * 17}]}),
        ("/orders/hof", {"curves": [{"start": START, "ask": "all"}]}),
    ],
)
async def test_a_strange_answer_is_refused(node: Pretender, path: str, answer: Any) -> None:  # noqa: ANN401 - any JSON
    async with ClientSession() as session:
        reading = await begun(session, node)
        node.answers[path] = (200, answer)
        question = reading.orders() if path == "/orders/hof" else reading.intervals(START, 1)
        with pytest.raises(StrangeAnswerError):
            await question


@pytest.mark.parametrize(
    ("path", "answer"),
    [("/AAAA", []), ("/AAAA", {"market": "Hof!"}), ("/AAAA", {"market": "mill"}), ("/markets", {})],
)
async def test_a_market_that_is_none_is_refused(node: Pretender, path: str, answer: Any) -> None:  # noqa: ANN401 - any JSON
    node.answers[path] = (200, answer)
    async with ClientSession() as session:
        with pytest.raises(StrangeAnswerError):
            await begun(session, node)
