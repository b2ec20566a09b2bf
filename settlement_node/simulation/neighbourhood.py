"""A real co-op on simulated time: the homes say what homes say, and the node does the rest."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from operator import itemgetter
from typing import Final

import numpy as np

from depin_protocol.durations import MINUTE
from depin_protocol.statements.bodies import Body, Stream
from settlement_node.hosting.folder import NodeFolder
from settlement_node.simulation.founding import MARKET, Clock, Street, founded
from settlement_node.simulation.households import Household, Tariffs
from settlement_node.simulation.plan import Plan
from settlement_node.simulation.speaking import Dice
from settlement_node.simulation.strategies import Bidder

_BIDS_AHEAD: Final = 5 * MINUTE
"""Homes bid for a day so long before its first gate."""


class Neighbourhood:
    """The homes of a street, and what they say when."""

    def __init__(self, plan: Plan, street: Street, homes: Sequence[Household]) -> None:
        """Begin when everybody has joined."""
        self.plan = plan
        self.street = street
        self.homes = homes
        self.prices: list[int] = []

    async def live(self, passed: Callable[[int], None]) -> None:
        """Let all intervals pass; `passed` hears how many more have."""
        plan = self.plan
        happenings: list[tuple[int, int, Callable[[], Awaitable[None]]]] = []
        for day in range(plan.days):
            first = plan.starts(day * plan.a_day, 1)[0]
            at = first - plan.rules.gate - _BIDS_AHEAD
            happenings.append((at, 0, partial(self._bid, day)))
        for number, start in enumerate(plan.starts(0, plan.intervals)):
            happenings.append((start - plan.rules.gate, 1, partial(self._note_price, start)))
            happenings.append((start, 2, partial(self._read, number)))
        end = plan.start + plan.intervals * plan.rules.interval
        happenings.append((end, 2, partial(self._read, plan.intervals)))
        for at, order, happen in sorted(happenings, key=itemgetter(0, 1)):
            self.street.clock.now = max(self.street.clock.now, at)
            await self.street.coop.tick()
            await happen()
            passed(order == 1)
        self.street.clock.now = end + plan.rules.reading_deadline
        await self.street.coop.tick()

    async def _bid(self, day: int) -> None:
        """Let every home bid for a day."""
        plan = self.plan
        first = day * plan.a_day
        starts = plan.starts(first, plan.a_day)
        await self._say(
            (home, "trading", order)
            for home in self.homes
            for order in home.orders(MARKET, plan.rules, first, starts)
        )

    async def _note_price(self, start: int) -> None:
        """Note what an interval has just been cleared at."""
        cleared = self.street.coop.state.trading.cleared(MARKET, start)
        if cleared is not None:
            found = (zone.buyers for zone in cleared.prices.values())
            self.prices += [price for price in found if price is not None]

    async def _read(self, number: int) -> None:
        """Let every home read its meters, at the start of the interval of this number."""
        at = self.street.clock.now
        await self._say(
            (home, "metering", reading)
            for home in self.homes
            for reading in home.readings(number, at)
        )

    async def _say(self, told: Iterable[tuple[Household, Stream, Body]]) -> None:
        now = self.street.clock.now
        wires = [home.speaker.say(stream, body, now) for home, stream, body in told]
        await self.street.submit(wires)


@asynccontextmanager
async def neighbourhood(plan: Plan, node: NodeFolder) -> AsyncIterator[Neighbourhood]:
    """Found a co-op in a data folder, and let the homes join it before they have to bid."""
    chance = np.random.default_rng(plan.seed)
    shapes = plan.shapes(chance)
    dice = Dice(b"street %d" % plan.seed)
    clock = Clock(plan.start - plan.rules.gate - _BIDS_AHEAD)
    async with founded(node, plan.rules, clock, dice) as street:
        homes = [
            Household(
                street.speaker(f"Home {number}"),
                shape,
                Tariffs.drawn(plan.rules, chance),
                Bidder(number, plan.strategy, chance),
                dice,
            )
            for number, shape in enumerate(shapes, 1)
        ]
        for home in homes:
            home.foresee(plan.forecast, plan.a_day)
        await street.welcome([home.speaker for home in homes])
        await street.submit(
            home.speaker.say("trading", body, clock())
            for home in homes
            for body in home.introduction(MARKET)
        )
        await street.place([home.speaker.member for home in homes], plan.rules)
        yield Neighbourhood(plan, street, homes)
