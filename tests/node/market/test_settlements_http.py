"""What a node tells of settlements: sums to everybody, figures and proofs to each member."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from aiohttp.test_utils import BaseTestServer, TestServer

from depin_protocol.access import CHALLENGE_LENGTH, answer_challenge
from depin_protocol.encoding import from_text, to_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.log.entries import DecisionEntry, read_entry
from depin_protocol.log.merkle import head_from_path, leaf_hash
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.settlement.pool import Key, PoolRule
from settlement_node.api.routes import application
from settlement_node.hosting.hosting import Hosting
from tests.node.market.metering_homes import FIRST, MARKET, settle_in
from tests.node.market.test_settling import DEADLINE, END, RAIN, SUN, at, street
from tests.node.village import Village
from tests.protocol.spoken import COOP, QUARTER, Home

RULES = MarketRules(pool=PoolRule(100_000, Key.DYNAMIC), k=2)
_PATH = f"/v1/coops/{COOP}"


class Door:
    """A node's HTTP, as one home asks there."""

    def __init__(self, server: BaseTestServer, session: ClientSession) -> None:
        self._server = server
        self._session = session

    async def ask(self, path: str, home: Home | None = None) -> tuple[int, Any]:
        """Ask, with a home's token or none."""
        headers = {} if home is None else {"Authorization": f"Bearer {await self._token(home)}"}
        async with self._session.get(self._server.make_url(_PATH + path), headers=headers) as reply:
            return reply.status, await reply.json()

    async def _token(self, home: Home) -> str:
        given = await self._send("/challenges", {"member": home.member})
        challenge = from_text(given["challenge"], CHALLENGE_LENGTH)
        signature = answer_challenge(home.seed, COOP, home.member, challenge)
        answered = {
            "member": home.member,
            "challenge": given["challenge"],
            "signature": to_text(signature),
        }
        token = (await self._send("/tokens", answered))["token"]
        assert isinstance(token, str)
        return token

    async def _send(self, path: str, content: object) -> Any:  # noqa: ANN401 - JSON
        async with self._session.post(self._server.make_url(_PATH + path), json=content) as reply:
            assert reply.status == 201, await reply.text()
            return await reply.json()


@asynccontextmanager
async def door_of(here: Village) -> AsyncIterator[Door]:
    """Open a village's node to the world."""
    hosting = Hosting()
    hosting.coops[COOP] = here.coop
    async with TestServer(application(hosting)) as server, ClientSession() as session:
        yield Door(server, session)


async def test_a_member_reads_all_its_figures_and_proves_them(tmp_path: Path) -> None:
    async with street(tmp_path, RULES) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        here.clock.now = END
        await here.say(sun.say(END, 0, 700, start=FIRST), rain.say(END, 500, 0, start=FIRST))
        here.clock.now = END + QUARTER
        await here.say(sun.say(here.clock(), 0, 0, start=END))
        await at(here, END + QUARTER + DEADLINE)
        async with door_of(here) as door:
            status, public = await door.ask(f"/markets/{MARKET}/settlements")
            assert status == 200
            assert [one["start"] for one in public] == [FIRST, END]
            assert public[0]["figures"]["pooled"] == 500
            assert public[1]["figures"] is None

            path = f"/members/{RAIN.member}/settlements/{MARKET}"
            status, listed = await door.ask(f"{path}?limit=1", RAIN)
            assert status == 200
            (one,) = listed
            assert one["figures"]["metered.imported"] == 500
            assert one["figures"]["pool.cost"] == one["figures"]["pays"] == 500 * 100_000
            _, rest = await door.ask(f"{path}?after={FIRST}", RAIN)
            assert [one["start"] for one in rest] == [END]

            status, told = await door.ask(f"{path}/{FIRST}", RAIN)
            assert status == 200
            assert told["roofs"] == {SUN.member: 500}
            (settled,) = told["course"]
            await check_proof(here, settled)
            # An operator may look, a neighbour may not, and nobody without a token.
            assert (await door.ask(f"{path}/{FIRST}", here.operator))[0] == 200
            assert (await door.ask(f"{path}/{FIRST}", SUN))[0] == 403
            assert (await door.ask(path))[0] == 401
            assert (await door.ask(f"{path}/{FIRST + 1}", RAIN))[0] == 404
            assert (await door.ask("/markets/none/settlements"))[0] == 404


async def check_proof(here: Village, settled: dict[str, Any]) -> None:
    """Check a line as a home would: from its salt up to the public entry's root."""
    proof = settled["proof"]
    leaf = leaf_hash(from_text(proof["salt"], ID_LENGTH) + proof["line"].encode())
    path = [from_text(one, 32) for one in proof["path"]]
    head = head_from_path(leaf, proof["position"], proof["count"], path)
    written = await here.coop.entry(settled["entry"])
    assert written is not None
    entry = read_entry(written)
    assert isinstance(entry, DecisionEntry)
    assert (entry.count, entry.root) == (proof["count"], head.root)


async def test_a_home_hears_of_its_settlement(tmp_path: Path) -> None:
    async with street(tmp_path, RULES) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        here.clock.now = END
        await here.say(sun.say(END, 0, 700, start=FIRST), rain.say(END, 500, 0, start=FIRST))
        events = await here.coop.events.since(SUN.member, 0, 100)
        (event,) = [one for one in events if one.kind == "settled"]
        assert event.data["market"] == MARKET
        assert (event.data["start"], event.data["receives"]) == (FIRST, 500 * 100_000)
