"""Over HTTP: prices for everybody, the book for members, and each member's own part."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from depin_protocol.access import answer_challenge
from depin_protocol.checking.shown import ShownLine
from depin_protocol.durations import DAY
from depin_protocol.encoding import from_text, to_text
from depin_protocol.log.entries import DecisionEntry, read_entry
from depin_protocol.statements.trading import FlexibleOrder
from settlement_node.api.serving import Listening, serving
from settlement_node.hosting.hosting import Hosting
from tests.node.market.trading.stall import GATE, MARKET, SOON, Stall, ask, bid, order, standing
from tests.node.village import village
from tests.protocol.spoken import COOP, QUARTER, Home

PATH = f"/v1/coops/{COOP}"


class Visitor:
    """Asks a node, as somebody or as nobody."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base

    async def get(self, path: str, home: Home | None = None) -> tuple[int, Any]:
        """Ask for a path; return status and answer."""
        headers = {} if home is None else {"Authorization": await self._token(home)}
        async with self._session.get(self._base + path, headers=headers) as response:
            return response.status, await response.json(content_type=None)

    async def _token(self, home: Home) -> str:
        asked = await self._post("challenges", {"member": home.member})
        challenge = asked["challenge"]
        signature = answer_challenge(home.seed, COOP, home.member, from_text(challenge, 56))
        signed = {
            "member": home.member,
            "challenge": challenge,
            "signature": to_text(signature),
        }
        return f"Bearer {(await self._post('tokens', signed))['token']}"

    async def _post(self, path: str, content: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
        url = f"{self._base}{PATH}/{path}"
        async with self._session.post(url, json=content) as response:
            return json.loads(await response.read())


@asynccontextmanager
async def visited(stall: Stall, folder: Path) -> AsyncIterator[Visitor]:
    """Open the doors of a village."""
    hosting = Hosting()
    hosting.coops[COOP] = stall.here.coop
    where = Listening(folder / "socket", "127.0.0.1", 0)
    async with serving(hosting, where) as port, aiohttp.ClientSession() as session:
        yield Visitor(session, f"http://127.0.0.1:{port}")


async def test_what_was_cleared_is_told_to_whom_it_concerns(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        stall = Stall(here)
        homes = await stall.welcome(1, 1, 1)
        for home, price in zip(homes[:2], (90_000, 100_000), strict=True):
            assert await stall.say(home, order(ask(SOON, (price, 100)))) is None
        assert await stall.say(homes[2], order(bid(SOON, (200_000, 150)))) is None
        await stall.until(SOON - GATE)
        async with visited(stall, tmp_path) as visitor:
            one = f"{PATH}/markets/{MARKET}/cleared/{SOON}"
            status, public = await visitor.get(one)
            assert status == 200
            assert public["zones"].keys() == {"all"}
            assert public["zones"]["all"].keys() == {"root"}, "fewer than k took part"
            assert await visitor.get(f"{PATH}/markets/{MARKET}/cleared") == (200, [public])
            assert await visitor.get(f"{PATH}/markets/{MARKET}/cleared?after={SOON}") == (200, [])
            assert (await visitor.get(f"{one[:-1]}1"))[0] == 404
            assert (await visitor.get(f"{PATH}/markets/square/cleared"))[0] == 404
            assert (await visitor.get(f"{one}/book"))[0] == 401
            status, book = await visitor.get(f"{one}/book", homes[0])
            assert status == 200
            assert book["figures"]["zones"]["all"]["price"] == 100_000
            assert sorted(len(order["asks"]) for order in book["orders"]) == [0, 2, 2]
            assert not any(home.member in json.dumps(book) for home in homes)
            own = f"{PATH}/members/{homes[0].member}/cleared/{MARKET}/{SOON}"
            status, part = await visitor.get(own, homes[0])
            assert status == 200
            assert part["own"]["sold"] == 100
            assert part["proof"] is None
            written = await here.coop.entry(public["entry"])
            assert written is not None
            decision = read_entry(written)
            assert isinstance(decision, DecisionEntry)
            for shown, said in (
                ("own_line", part["own"]),
                ("figures_line", {"figures": part["figures"]}),
            ):
                count = part[shown].pop("count")
                assert count == decision.count
                assert ShownLine.read(part[shown]).under(decision) == said
            assert (await visitor.get(own, homes[1]))[0] == 403
            other = f"{PATH}/members/{here.operator.member}/cleared/{MARKET}/{SOON}"
            assert (await visitor.get(other, here.operator))[0] == 404
            here.clock.now = SOON + 2 * DAY
            await here.coop.tick()
            assert (await visitor.get(f"{one}/book", homes[0]))[0] == 410


async def test_a_member_sees_what_it_wants(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        stall = Stall(here)
        home, other = await stall.welcome(1, 1)
        assert await stall.say(home, order(bid(SOON, (100_000, 10)), ask(SOON))) is None
        assert await stall.say(home, standing("ask", (100_000, 10), windows=[(0, 60)])) is None
        car = FlexibleOrder(MARKET, 100, 1_000, 50_000, SOON, SOON + QUARTER)
        assert await stall.say(home, car) is None
        async with visited(stall, tmp_path) as visitor:
            path = f"{PATH}/members/{home.member}/orders/{MARKET}"
            status, orders = await visitor.get(path, home)
            assert status == 200
            assert orders["curves"] == [{"start": SOON, "bid": [100_000, 10], "ask": []}]
            assert [one["side"] for one in orders["standing"]] == ["ask"]
            assert orders["flexible"][0]["taken"] == 0
            assert (await visitor.get(path, other))[0] == 403
            nothing = f"{PATH}/members/{other.member}/orders/{MARKET}"
            assert await visitor.get(nothing, other) == (
                200,
                {"curves": [], "standing": [], "flexible": []},
            )


async def test_who_has_orders_is_told_of_gate_and_clearing(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        stall = Stall(here)
        home, idle = await stall.welcome(1, 1)
        assert await stall.say(home, order(bid(SOON, (100_000, 10)))) is None
        await stall.until(SOON - GATE)
        events = await here.coop.events.since(home.member, 0, 100)
        gate, cleared = [event for event in events if event.kind in {"gate", "cleared"}]
        assert (gate.data["market"], gate.data["start"]) == (MARKET, SOON)
        assert (cleared.data["buyers"], cleared.data["bought"]) == (None, 0)
        told = await here.coop.events.since(idle.member, 0, 100)
        assert not [event for event in told if event.kind in {"gate", "cleared"}]
