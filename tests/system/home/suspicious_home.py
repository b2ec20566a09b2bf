"""A home that verifies its co-op's books, and a real node that can be made to lie."""

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from click.testing import CliRunner

from custom_components.depin.attestation import Attestation, Rooms, Speaker
from custom_components.depin.delivery import Delivery, Trust
from custom_components.depin.home_key import make_key
from custom_components.depin.joining import Invited
from custom_components.depin.node import MemberNode, Node
from custom_components.depin.protocol.identifiers import member_id
from custom_components.depin.protocol.log.notes import VerifierKey
from custom_components.depin.protocol.statements.measuring import Device, Readings
from custom_components.depin.protocol.statements.trading import Curve, Order
from custom_components.depin.verification import Places, Verification
from custom_components.depin.verified_file import Suspicion
from custom_components.depin.waiting_orders import WaitingOrders
from depin_protocol.durations import DAY, MINUTE
from depin_protocol.keys import public_key
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.settlement.charges import Charges, Fees, Taxed, Vat
from depin_protocol.settlement.pool import Key, PoolRule
from depin_protocol.settlement.settled_member import FIGURES, SettledMember
from depin_protocol.statements import trading as node_trading
from settlement_node.api.routes import application
from settlement_node.cli import main
from settlement_node.governance.actions import GiveInvite, invite_hash
from settlement_node.governance.member import Role
from settlement_node.hosting.hosting import Hosting
from settlement_node.market.settling.meter import Meter
from tests.node.market.metering_homes import Metering, device
from tests.node.village import FACTS, RECEIPT_SEED, Village, village
from tests.protocol.spoken import COOP, QUARTER
from tests.protocol.spoken import Home as Neighbour
from tests.system.home.household import Owner, Running

METER: Final = "B" * 21 + "A"
MARKET: Final = "street"
PRICE: Final = 150_000
PUBLISHED: Final = 5_000
"""After so long a checkpoint holds what was taken, in milliseconds."""
RAIN: Final = Neighbour(3)
SALT: Final = bytes(range(16))
RULES: Final = MarketRules(
    credit_limit=10**9,
    correction=DAY,
    pool=PoolRule(110_000, Key.DYNAMIC),
    charges=Charges(Fees(41_000, 7_000, 500), vat=Vat(20, 100, Taxed.EVERYTHING)),
)

type Lie = Callable[[Any], Any]


@dataclass
class LyingNode:
    """Answers as a real node does, but for what it lies about: JSON, or bytes, by its path."""

    lies: dict[str, Lie] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def middleware(self) -> Any:  # noqa: ANN401 - aiohttp's own form
        @web.middleware
        async def lie(request: web.Request, handler: Any) -> web.StreamResponse:  # noqa: ANN401
            self.asked.append(request.path)
            response: web.StreamResponse = await handler(request)
            for part, tell in self.lies.items():
                if (
                    part in request.path
                    and isinstance(response, web.Response)
                    and response.status < 300
                ):
                    is_json = response.content_type == "application/json"
                    content = cast("bytes", response.body)
                    body = json.loads(content) if is_json else content
                    told = tell(body)
                    if isinstance(told, web.Response):
                        return told
                    return web.Response(body=json.dumps(told).encode() if is_json else told)
            return response

        return lie


def changed(value: Any, path: list[Any], change: Lie) -> Any:  # noqa: ANN401 - JSON
    """Change one value deep in an answer."""
    if not path:
        return change(value)
    value[path[0]] = changed(value[path[0]], path[1:], change)
    return value


def verdict(file: str) -> int:
    """Check evidence as anybody does, and return the exit code."""
    return CliRunner().invoke(main, ["check-evidence", file]).exit_code


def refusal(_: object) -> web.Response:
    """Say that there is nothing."""
    problem = {"code": "not-found", "detail": "there is none", "action": "look elsewhere"}
    return web.json_response(problem, status=404)


@dataclass
class Alarm:
    """Notes what the owner is told."""

    told: list[Suspicion] = field(default_factory=list)

    def tell_suspicion(self, suspicion: Suspicion) -> None:
        self.told.append(suspicion)

    def withdraw_suspicion(self) -> None:
        self.told.clear()


@dataclass
class Street:
    """A home that sells to a neighbour, and the node between them."""

    here: Village
    node: LyingNode
    running: Running
    verification: Verification
    alarm: Alarm
    rain: Metering
    first: int
    folder: Path

    @property
    def end(self) -> int:
        return self.first + QUARTER

    async def deliver(self) -> None:
        """Deliver, and let the node publish what it took."""
        await self.running.delivery.deliver()
        await self.at(self.here.clock() + PUBLISHED)
        await self.running.delivery.deliver()

    async def trade(self, wh: int = 400) -> None:
        """Let the home sell and the neighbour buy in the first interval, and close its book."""
        own = Curve(self.first, "ask", ((PRICE, wh),))
        await self.running.attestation.async_record(Order(MARKET, (own,)))
        await self.deliver()
        bid = node_trading.Curve(self.first, "bid", ((PRICE, wh),))
        body = node_trading.Order(MARKET, (bid,))
        await self.here.say(RAIN.say("trading", body, self.here.clock()))
        await self.at(self.first - 5 * MINUTE)

    async def meter(self, exported: int = 700) -> None:
        """Let both report what flowed in the first interval, which is then settled."""
        self.here.clock.now = self.end
        instants = tuple(range(self.first, self.end + 1, 5 * MINUTE))
        columns: dict[str, tuple[int | None, ...]] = {
            "import": (5_000,) * len(instants),
            "export": tuple(9_000 + exported * (at - self.first) // QUARTER for at in instants),
        }
        await self.running.attestation.async_record(Readings(METER, instants, columns))
        await self.deliver()
        await self.here.say(self.rain.say(self.end, 500, 0, start=self.first))
        await self.at(self.end + 2 * PUBLISHED)
        await self.at(self.end + 3 * PUBLISHED)

    def lie_in_lines(self, monkeypatch: pytest.MonkeyPatch, figure: str) -> None:
        """Let the node write another figure into each line, and sign it."""
        honest = SettledMember.line

        def line(told: SettledMember) -> dict[str, object]:
            said = honest(told)
            figures = list(cast("list[int]", said["figures"]))
            figures[FIGURES.index(figure)] += 1
            return said | {"figures": figures}

        monkeypatch.setattr(SettledMember, "line", line)

    async def at(self, moment: int) -> None:
        self.here.clock.now = moment
        await self.here.coop.tick()


@asynccontextmanager
async def street(folder: Path, rules: MarketRules = RULES) -> AsyncIterator[Street]:
    """Found a village that is here and now, and let a real home join it over HTTP."""
    now = time.time_ns() // 1_000_000
    (folder / "node").mkdir()
    async with village(folder / "node", replace(FACTS, rules=rules), now) as here:
        rain = Neighbour(RAIN.number)
        RAIN.__dict__.update(rain.__dict__)
        await here.welcome(RAIN)
        await here.say(RAIN.say("trading", device(RAIN), now))
        code = bytes(16)
        await here.act(GiveInvite(invite_hash(code), now + DAY, Role.MEMBER))
        hosting, node = Hosting(), LyingNode()
        hosting.coops[COOP] = here.coop
        app = application(hosting)
        app.middlewares.append(node.middleware)
        async with TestServer(app) as server, ClientSession() as session:
            address = str(server.make_url("")).rstrip("/")
            reached = Node(session, address, COOP)
            async with _home(folder, reached, here, code) as (home, verification, alarm):
                counts = {"import": 1, "export": 1}
                await home.attestation.async_record(Device(METER, "grid", counts))
                first = now - now % QUARTER + QUARTER
                if first - 6 * MINUTE < now:
                    first += QUARTER
                meter = Metering(RAIN)
                one = Street(here, node, home, verification, alarm, meter, first, folder)
                await one.deliver()
                yield one


@asynccontextmanager
async def _home(
    folder: Path, node: Node, here: Village, code: bytes
) -> AsyncIterator[tuple[Running, Verification, Alarm]]:
    key = make_key()
    member = member_id(COOP, key.public)
    joined = await Invited(code, "Haus 7", SALT, public_key(RECEIPT_SEED)).join(node, key)
    log = VerifierKey.parse(joined.log_key)
    rooms = Rooms(folder / "outbox", folder / "cache" / "marker")
    attestation = await Attestation.open(rooms, Speaker(COOP, member), (key,))
    try:
        speaking = MemberNode(node, member)
        trust, orders = Trust(joined.node_key, log.name, log), WaitingOrders()
        owner, alarm = Owner(), Alarm()
        delivery = Delivery(attestation, speaking, trust, orders, owner)
        home = Running(attestation, delivery, speaking, owner, orders)
        yield home, await verifying(folder, home, trust, alarm, here.clock), alarm
    finally:
        await attestation.close()


async def verifying(
    folder: Path, home: Running, trust: Trust, alarm: Alarm, clock: Callable[[], int]
) -> Verification:
    """Start what verifies, as a start of the home does."""
    verification = Verification(
        attestation=home.attestation,
        node=home.node,
        trust=trust,
        log_in=home.delivery.log_in,
        orders=home.orders,
        alarm=alarm,
        clock=clock,
    )
    await verification.open(Places(folder / "verified", folder / "evidence"), SALT)
    home.delivery.compare_proofs(verification.compare_proof)
    return verification


def misread_meters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the node settle each energy a Wh too low, and all else as follows from that."""
    honest = Meter.energies

    def less(self: Meter, *arguments: Any) -> Any:  # noqa: ANN401 - as `energies` has it
        return tuple(
            one if not one.wh else replace(one, wh=one.wh - 1) for one in honest(self, *arguments)
        )

    monkeypatch.setattr(Meter, "energies", less)
