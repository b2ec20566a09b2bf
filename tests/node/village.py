"""A small co-op for the tests: its founder, its clock, and homes that join and speak."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path

from depin_protocol.encoding import from_text
from depin_protocol.joining import JoinRequest
from depin_protocol.keys import public_key
from depin_protocol.receipts import Receipt
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.measuring import Readings
from settlement_node.coop.answers import Settings
from settlement_node.coop.coop import Coop
from settlement_node.coop.keyring import Keyring
from settlement_node.coop.writer import Surroundings
from settlement_node.governance.actions import Action, GiveInvite, action_body, invite_hash
from settlement_node.governance.facts import Facts
from settlement_node.governance.member import Role
from settlement_node.store.opening import open_store
from settlement_node.store.port import Store
from tests.protocol.spoken import COOP, NOON, Home, ident, seed

LOG_SEED = seed(100)
RECEIPT_SEED = seed(101)
SPARE_SEED = seed(102)
DAY = 86_400_000

FACTS = Facts(
    coop=COOP,
    name="Sonnenstraße",
    currency="EUR",
    token="SUN",  # noqa: S106 - no secret, the token's name
    market="street",
    origin="node.example/log/street",
    rules=MarketRules(),
    log_key=public_key(LOG_SEED),
    receipt_key=public_key(RECEIPT_SEED),
)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: int = NOON) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Dice:
    """Chance that is the same in every run."""

    def __init__(self) -> None:
        self._numbers = count()

    def __call__(self, length: int) -> bytes:
        return sha256(b"dice %d" % next(self._numbers)).digest()[:length]


class Village:
    """A co-op at work, on a store that can be opened again."""

    def __init__(self, coop: Coop, store: Store, clock: Clock, operator: Home) -> None:
        self.coop = coop
        self.store = store
        self.clock = clock
        self.operator = operator
        self._codes = count(1)

    async def say(self, *statements: Statement) -> list[Receipt]:
        """Hand statements in, and insist on a receipt for each."""
        answers = await self.coop.submit([statement.wire for statement in statements])
        receipts = []
        for answer in answers:
            assert isinstance(answer, Receipt), answer
            receipts.append(answer)
        return receipts

    async def act(self, action: Action) -> None:
        """Let the operator do something."""
        await self.say(self.operator.say("trading", action_body(action, "as agreed"), self.clock()))

    async def welcome(self, home: Home, role: Role = Role.MEMBER) -> None:
        """Invite a home, let it join and open its chains."""
        code = sha256(b"code %d" % next(self._codes)).digest()[:16]
        await self.act(GiveInvite(invite_hash(code), self.clock() + DAY, role))
        await self.coop.join(request(home, code, self.clock()))
        await self.say(home.open("metering"), home.open("trading"))


def request(home: Home, code: bytes, at: int) -> bytes:
    """Write a home's request to join."""
    salt = from_text(ident(7000 + home.number), 16)
    key = public_key(home.seed)
    name = f"Haus {home.number}"
    return JoinRequest(COOP, code, key, "software", name, salt, at).signed(home.seed)


def readings(at: int, total: int = 0) -> Readings:
    """Make a small reading."""
    return Readings(ident(9000), (at,), {"import": (total,)}, None, None, None)


def surroundings(clock: Clock, *seeds: bytes, **settings: int) -> Surroundings:
    """Return what a co-op takes from outside, the same in every run."""
    keyring = Keyring([LOG_SEED, RECEIPT_SEED, *seeds])
    return Surroundings(keyring, clock, Dice(), Settings(**settings))


@asynccontextmanager
async def village(
    place: Path | str, facts: Facts = FACTS, since: int = NOON, **settings: int
) -> AsyncIterator[Village]:
    """Found a co-op in a folder or a database, with an operator who has opened a chain."""
    clock = Clock(since)
    operator = Home(1)
    file = place / "coop" if isinstance(place, Path) and place.is_dir() else place
    store = await open_store(file, from_text(COOP, 16))
    try:
        await Coop.found(store, facts, request(operator, bytes(16), since), surroundings(clock))
        coop = await Coop.open(store, surroundings(clock, **settings))
        await coop.start()
        begun = Village(coop, store, clock, operator)
        await begun.say(operator.open("trading"))
        yield begun
        await begun.coop.close()
    finally:
        await store.close()
