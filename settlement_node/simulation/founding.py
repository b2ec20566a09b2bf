"""A co-op that is founded for a simulation, and the homes that join it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import batched, cycle
from typing import Final

from depin_protocol.durations import DAY
from depin_protocol.encoding import to_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.invite import CODE_LENGTH
from depin_protocol.keys import public_key
from depin_protocol.receipts import Receipt
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.settlement.pool import Key
from settlement_node.coop.coop import Coop
from settlement_node.coop.keyring import Keyring
from settlement_node.coop.writer import Surroundings
from settlement_node.governance.actions import GiveInvite, action_body, invite_hash
from settlement_node.governance.facts import Facts
from settlement_node.governance.member import Role
from settlement_node.hosting.folder import (
    LOG,
    OPERATOR,
    RECEIPTS,
    SEED_LENGTH,
    Description,
    NodeFolder,
)
from settlement_node.market.rules.actions import PlaceMember
from settlement_node.market.rules.places import Place
from settlement_node.simulation.speaking import Dice, Speaker
from settlement_node.store.opening import open_store
from settlement_node.store.port import Store

MARKET: Final = "street"
CURRENCY: Final = "EUR"

_NAME: Final = "Simulated Street"
_ADDRESS: Final = "http://localhost"
_REASON: Final = "simulated"
_LENT: Final = 10**15
"""Nobody's orders are to fail for want of money, which homes have not paid in here."""

_GROUP: Final = 2_000


class SimulationError(Exception):
    """The node refused what a simulated home said."""


class Clock:
    """The simulated time."""

    def __init__(self, now: int) -> None:
        """Begin at an instant."""
        self.now = now

    def __call__(self) -> int:
        """Tell the time."""
        return self.now


class Street:
    """A co-op at work, and who runs it."""

    def __init__(self, operator: Speaker, clock: Clock, dice: Dice) -> None:
        """Begin before the co-op is founded."""
        self.operator = operator
        self.clock = clock
        self._dice = dice
        self.coop: Coop
        self.store: Store

    def speaker(self, name: str) -> Speaker:
        """Draw somebody who is to join."""
        return Speaker(self.operator.coop, name, self._dice)

    async def submit(self, wires: Iterable[bytes]) -> None:
        """Hand statements in, or raise a SimulationError if one is refused."""
        for group in batched(wires, _GROUP):
            for answer in await self.coop.submit(group):
                if not isinstance(answer, Receipt):
                    raise SimulationError(
                        f"the node refused what a home said: {answer}"
                    ) from answer

    async def welcome(self, homes: Sequence[Speaker]) -> None:
        """Invite homes, and let them join and open their chains."""
        for group in batched(homes, _GROUP):
            now = self.clock()
            codes = [self._dice(CODE_LENGTH) for _ in group]
            invites = (GiveInvite(invite_hash(code), now + DAY, Role.MEMBER) for code in codes)
            await self.submit(
                self.operator.say("trading", action_body(invite, _REASON), now)
                for invite in invites
            )
            requests = [home.request(code, now) for home, code in zip(group, codes, strict=True)]
            await asyncio.gather(*map(self.coop.join, requests))
            await self.submit(wire for home in group for wire in home.openings(now))

    async def place(self, members: Sequence[str], rules: MarketRules) -> None:
        """Spread homes over the zones in turn, each with one share of a static key."""
        zones = [zone.name for zone in rules.zones.zones]
        has_weights = rules.pool is not None and rules.pool.key is not Key.DYNAMIC
        if len(zones) == 1 and not has_weights:
            return
        places = zip(members, cycle(zones), strict=False)
        await self.submit(
            self.operator.say(
                "trading",
                action_body(PlaceMember(member, MARKET, Place(zone, 1)), _REASON),
                self.clock(),
            )
            for member, zone in places
        )


@asynccontextmanager
async def founded(
    node: NodeFolder, rules: MarketRules, clock: Clock, dice: Dice
) -> AsyncIterator[Street]:
    """Found a co-op in a data folder, and let it run."""
    operator = Speaker(to_text(dice(ID_LENGTH)), "Operator", dice)
    street = Street(operator, clock, dice)
    seeds = {LOG: dice(SEED_LENGTH), RECEIPTS: dice(SEED_LENGTH), OPERATOR: operator.seed}
    begun = node.begin(Description(operator.coop, _NAME, _ADDRESS, operator.member))
    for name, seed in seeds.items():
        begun.add_key(name, seed)
    folder = node.finish(begun)
    facts = Facts(
        coop=operator.coop,
        name=_NAME,
        currency=CURRENCY,
        token="SUN",  # noqa: S106 - no secret, the token's name
        market=MARKET,
        origin=f"localhost/log/{operator.coop}",
        rules=replace(rules, credit_limit=max(rules.credit_limit, _LENT)),
        log_key=public_key(seeds[LOG]),
        receipt_key=public_key(seeds[RECEIPTS]),
    ).checked()
    around = Surroundings(Keyring(seeds.values()), clock, dice)
    street.store = await open_store(folder.books, folder.coop)
    try:
        founder = operator.request(bytes(CODE_LENGTH), clock())
        await Coop.found(street.store, facts, founder, around)
        street.coop = await Coop.open(street.store, around)
        await street.coop.start()
        try:
            await street.submit(operator.openings(clock()))
            yield street
        finally:
            await street.coop.close()
    finally:
        await street.store.close()
