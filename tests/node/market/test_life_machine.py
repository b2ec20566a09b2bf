"""A market's whole life in whatever order: what must always hold, holds after each step.

Homes join, order, replace, cancel, change keys; their readings come early, late, wrong, are lost
and found again, or corrected by the grid operator, also when all is final; gates pass, prices are
declared, limits lowered, rules change, the node stops and starts. After each step every asset sums
to zero, no interval is cleared or settled twice, and no fill is more than was wanted. In the end no
reservation has ever passed its limit, nothing that was final was booked again, and the log alone
leads to the same rows: `verify` and `rebuild` say so.
"""

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from depin_protocol.metering import Quality
from depin_protocol.problems import RefusedError
from depin_protocol.statements.bodies import Body, Stream
from depin_protocol.statements.measuring import Readings
from depin_protocol.statements.trading import (
    Cancellation,
    Curve,
    FlexibleOrder,
    Order,
    Preference,
    Side,
    StandingOrder,
)
from settlement_node.coop.coop import Coop
from settlement_node.governance.actions import Action
from settlement_node.ledger.actions import SetLimit
from settlement_node.log.entries import Decision
from settlement_node.market.rules.actions import DeclareSeries, SetMarket
from settlement_node.market.settling.actions import MemberSeries, TellQuarterHours
from settlement_node.market.settling.told import Way
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from tests.node.market.life_watch import Watch, held, stored
from tests.node.market.street import (
    LENT,
    MARKET,
    STREET,
    Metered,
    boundary,
    had_effect,
)
from tests.node.village import DAY, Village, surroundings, village
from tests.protocol.spoken import NOON, QUARTER, Home

MOST_HOMES = 4
declarations = st.sampled_from(
    [
        ("retail", 600_000),
        ("retail", 200_000),
        ("feed_in", -400_000),
        ("band_high", 100_000),
        ("band_high", 1_000_000),
        ("band_low", 150_000),
        ("band_low", 0),
        ("pool_price", 40_000),
    ]
)
DECLARED = ("band_low", "band_high", "retail", "feed_in", "pool_price")
LIFE = replace(STREET, rules=replace(STREET.rules, series=frozenset(DECLARED)))
homes = st.integers(0, MOST_HOMES - 1)
sides: st.SearchStrategy[Side] = st.sampled_from(["bid", "ask"])
prices = st.sampled_from([0, 60_000, 80_000, 110_000, 150_000, 200_000, 300_000, 150_500])
energies = st.sampled_from([1, 90, 250, 500, 1_000, 20_000])
ahead = st.integers(1, 6)
dealt = st.sampled_from([90, 250, 500, 1_000])


class Life(RuleBasedStateMachine):
    """What homes, operators and the clock can do to a market."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.runner = asyncio.Runner()
        self.homes: list[Metered] = []
        self.keys = 100

    def run(self, doing: Coroutine[object, object, None]) -> None:
        self.runner.run(doing)

    @initialize()
    def found(self) -> None:
        self.run(self._found())

    async def _found(self) -> None:
        self.village = village(self.folder, LIFE)
        self.here: Village = await self.village.__aenter__()
        self.watch = Watch(self.here, self.homes)
        for _ in range(2):
            await self._join()

    @precondition(lambda self: len(self.homes) < MOST_HOMES)
    @rule()
    def join(self) -> None:
        self.run(self._join())

    async def _join(self) -> None:
        home = Home(2 + len(self.homes))
        await self.here.welcome(home)
        one = Metered(home, boundary(self.here.clock()) - QUARTER)
        self.homes.append(one)
        introduction: tuple[Body, ...] = (one.tariff(), *one.devices())
        for body in introduction:
            await self._say(one, "trading", body)

    def _home(self, number: int) -> Metered:
        return self.homes[number % len(self.homes)]

    async def _say(self, one: Metered, stream: Stream, body: Body) -> list[Decision]:
        """Let what is due be decided, say it, and look at what came of it."""
        await self.here.coop.tick()
        await self.watch.look()
        statement = one.home.say(stream, body, self.here.clock())
        if isinstance(body, FlexibleOrder):
            self.watch.left[statement.hash] = body.energy
        await self.here.say(statement)
        return await self.watch.look()

    @rule(number=homes, side=sides, first=prices, second=prices, wh=energies, later=ahead)
    def order(self, number: int, side: Side, first: int, second: int, wh: int, later: int) -> None:
        """Order, or replace what was ordered."""
        limits = sorted({first, second}, reverse=side == "bid")
        steps = tuple((limit, wh) for limit in limits)
        self.run(self._order(self._home(number), side, steps, later))

    @rule(
        buyer=homes,
        price=st.sampled_from([90_000, 120_000, 200_000]),
        apart=st.sampled_from([0, 40_000]),
        bid=dealt,
        asked=dealt,
        used=dealt,
        given=dealt,
    )
    def deal(
        self, buyer: int, price: int, apart: int, bid: int, asked: int, used: int, given: int
    ) -> None:
        """Let all others sell to one home, and all meters read something else than was traded."""
        one = self._home(buyer)
        others = [home for home in self.homes if home is not one]
        self.run(self._order(one, "bid", ((price + apart, bid),), 2))
        for other in others:
            self.run(self._order(other, "ask", ((price, asked),), 2))
        now = boundary(self.here.clock.now)
        self.run(self._wait(now + 2 * QUARTER))
        for home in self.homes:
            self.run(self._read(home, now + 2 * QUARTER, 0, 0))
        self.run(self._wait(now + 3 * QUARTER))
        self.run(self._read(one, now + 3 * QUARTER, used, 0))
        for other in others:
            self.run(self._read(other, now + 3 * QUARTER, 0, given))

    @rule(number=homes, side=sides, later=ahead)
    def hold_back(self, number: int, side: Side, later: int) -> None:
        """Replace an order with nothing."""
        self.run(self._order(self._home(number), side, (), later))

    async def _order(
        self, one: Metered, side: Side, steps: tuple[tuple[int, int], ...], later: int
    ) -> None:
        start = boundary(self.here.clock()) + later * QUARTER
        told = await self._say(one, "trading", Order(MARKET, (Curve(start, side, steps),)))
        if had_effect(told):
            one.wanted[start, side] = steps

    @rule(number=homes, side=sides, later=ahead)
    def cancel(self, number: int, side: Side, later: int) -> None:
        self.run(self._cancel(self._home(number), side, later))

    async def _cancel(self, one: Metered, side: Side, later: int) -> None:
        start = boundary(self.here.clock()) + later * QUARTER
        told = await self._say(one, "trading", Cancellation(MARKET, ((start, side),)))
        if had_effect(told):
            one.wanted.pop((start, side), None)

    @rule(number=homes, side=sides, price=prices, wh=energies, withdraw=st.booleans())
    def stand(self, number: int, side: Side, price: int, wh: int, *, withdraw: bool) -> None:
        one = self._home(number)
        one.is_plain = False
        steps = () if withdraw else ((price, wh),)
        self.run(self._only_say(one, StandingOrder(MARKET, side, steps)))

    @rule(number=homes, price=prices, wh=energies, hours=st.integers(1, 9))
    def charge_a_car(self, number: int, price: int, wh: int, hours: int) -> None:
        one = self._home(number)
        one.is_plain = False
        begin = self.here.clock()
        order = FlexibleOrder(MARKET, wh, 3_700, price, begin, begin + hours * 4 * QUARTER)
        self.run(self._only_say(one, order))

    @rule(number=homes, other=homes)
    def prefer(self, number: int, other: int) -> None:
        friend = self._home(other).home.member
        self.run(self._only_say(self._home(number), Preference(MARKET, (friend,))))

    async def _only_say(self, one: Metered, body: Body, stream: Stream = "trading") -> None:
        await self._say(one, stream, body)

    @rule(number=homes, wh_in=energies, wh_out=energies, early=st.booleans())
    def read(self, number: int, wh_in: int, wh_out: int, *, early: bool) -> None:
        """Tell all that was not told yet: in time, late, or of a moment that has not come."""
        one = self._home(number)
        until = boundary(self.here.clock()) + QUARTER * early
        self.run(self._read(one, until, wh_in, wh_out))

    @rule(wh_in=energies, wh_out=energies)
    def all_read(self, wh_in: int, wh_out: int) -> None:
        for one in self.homes:
            self.run(self._read(one, boundary(self.here.clock()), wh_in, wh_out))

    async def _read(self, one: Metered, until: int, wh_in: int, wh_out: int) -> None:
        for readings in one.readings(until, wh_in, wh_out):
            await self._say(one, "metering", readings)

    @rule(number=homes, wh_in=energies, wh_out=energies)
    def lose_readings(self, number: int, wh_in: int, wh_out: int) -> None:
        """Keep to itself what the meter read until now."""
        one = self._home(number)
        one.lost += one.readings(boundary(self.here.clock()), wh_in, wh_out)

    @precondition(lambda self: any(one.lost for one in self.homes))
    @rule(number=homes, newest=st.booleans())
    def find_readings(self, number: int, *, newest: bool) -> None:
        """Tell a part of what was not told, however long ago that was."""
        losers = [one for one in self.homes if one.lost]
        one = losers[number % len(losers)]
        self.run(self._only_say(one, one.lost.pop(-newest), "metering"))

    @rule(number=homes, wrong=st.sampled_from([0, 1, 2**33, 2**61]), back=st.integers(0, 8))
    def read_wrong(self, number: int, wrong: int, back: int) -> None:
        """Tell what no meter can have counted, or of a moment that was told before."""
        one = self._home(number)
        at = self.here.clock() - back * QUARTER // 2
        body = Readings(one.grid, (at,), {"import": (wrong,)})
        self.run(self._only_say(one, body, "metering"))

    @rule(number=homes, way=st.sampled_from(Way), back=st.integers(0, 12), wh=energies)
    def tell_quarter_hours(self, number: int, way: Way, back: int, wh: int) -> None:
        """Let the grid operator say what it measured: before or after it was settled."""
        start = boundary(self.here.clock()) - back * QUARTER
        self._tell(number, way, start, wh)

    @rule(number=homes, way=st.sampled_from(Way), wh=energies, parts=st.sets(st.integers(0, 2)))
    def tell_in_parts(self, number: int, way: Way, wh: int, parts: set[int]) -> None:
        """Let an import come in parts, of which some may be missing."""
        member = self._home(number).home.member
        last = boundary(self.here.clock()) - QUARTER
        series = [
            (MemberSeries(member, way, last - back * QUARTER, (wh + back,), (Quality.MEASURED,)),)
            for back in range(3)
        ]
        told = TellQuarterHours.several(series)
        for part in sorted(parts):
            self.run(self._act(told[part]))

    @precondition(lambda self: self.watch.final())
    @rule(number=homes, way=st.sampled_from(Way), which=st.integers(0, 200), wh=energies)
    def correct_what_is_final(self, number: int, way: Way, which: int, wh: int) -> None:
        """Let the grid operator say better of what the next statement of account will tell."""
        final = self.watch.final()
        self._tell(number, way, final[which % len(final)], wh)

    def _tell(self, number: int, way: Way, start: int, wh: int) -> None:
        member = self._home(number).home.member
        series = MemberSeries(member, way, start, (wh,), (Quality.MEASURED,))
        self.run(self._act(TellQuarterHours.whole((series,))))

    async def _act(self, action: Action) -> None:
        await self.here.coop.tick()
        await self.here.act(action)
        await self.watch.look()

    @rule(
        gate=st.sampled_from([0, 5, 20]),
        share=st.sampled_from([(0, 1), (1, 2), (1, 1)]),
        interval=st.sampled_from([15, 30]),
        has_pool=st.booleans(),
    )
    def change_rules(
        self, gate: int, share: tuple[int, int], interval: int, *, has_pool: bool
    ) -> None:
        rules = replace(
            LIFE.rules,
            gate=gate * 60_000,
            seller_share=share,
            interval=interval * 60_000,
            pool=LIFE.rules.pool if has_pool else None,
            series=LIFE.rules.series - ({"pool_price"} if not has_pool else set()),
        )
        self.run(self._act(SetMarket(MARKET, rules)))

    @precondition(lambda self: self._begins() > self.here.clock.now)
    @rule()
    def sleep_until_rules_begin(self) -> None:
        self.run(self._be_down(self._begins() - QUARTER))

    def _begins(self) -> int:
        """Say from when the newest rules hold."""
        return self.here.coop.state.rules.grid(MARKET).versions[-1].start

    @rule(declared=declarations, later=ahead)
    def declare(self, declared: tuple[str, int], later: int) -> None:
        """Declare a price that holds from an interval on in which orders may stand."""
        self.run(self._declare(*declared, later))

    async def _declare(self, series: str, price: int, later: int) -> None:
        start = boundary(self.here.clock()) + later * QUARTER
        await self._act(DeclareSeries(MARKET, series, ((start, price),)))

    @rule(declared=declarations, price=st.sampled_from([90_000, 120_000]), wh=dealt)
    def trade_as_prices_change(self, declared: tuple[str, int], price: int, wh: int) -> None:
        """Let somebody sell to another, and declare a price before the gate."""
        in_turn: tuple[Side, ...] = ("bid", "ask", "bid", "ask")
        for one, side in zip(self.homes, in_turn, strict=False):
            self.run(self._order(one, side, ((price, wh),), 2))
        self.run(self._declare(*declared, 2))
        self.run(self._wait(boundary(self.here.clock.now) + 2 * QUARTER))

    @rule(number=homes, limit=st.sampled_from([-LENT // 10, 0, LENT // 10, LENT]))
    def set_limit(self, number: int, limit: int) -> None:
        self.run(self._act(SetLimit(self._home(number).home.member, limit)))

    @rule(number=homes)
    def change_key(self, number: int) -> None:
        self.run(self._change_key(self._home(number)))

    async def _change_key(self, one: Metered) -> None:
        """Hand over to another key; what the one before says then is refused."""
        self.keys += 1
        home = one.home
        before = home.seed
        await self.here.say(home.change_key(self.keys, home.heads.get("metering")))
        await self.watch.look()
        after, heads, home.seed = home.seed, dict(home.heads), before
        forged = home.say("trading", Cancellation(MARKET, ((NOON, "bid"),)), self.here.clock())
        home.seed, home.heads = after, heads
        (answer,) = await self.here.coop.submit([forged.wire])
        assert isinstance(answer, RefusedError)

    @rule(quarters=st.integers(1, 6), minutes=st.sampled_from([0, 4, 11]))
    def wait(self, quarters: int, minutes: int) -> None:
        now = boundary(self.here.clock.now) + quarters * QUARTER + minutes * 60_000
        self.run(self._wait(max(now, self.here.clock.now)))

    @rule(days=st.integers(1, 2))
    def wait_days(self, days: int) -> None:
        self.run(self._wait(self.here.clock.now + days * DAY))

    async def _wait(self, until: int) -> None:
        """Wake when a node would: at each moment when something is due."""
        while True:
            due = self.here.coop.state.due_at
            if due is None or due >= until:
                break
            self.here.clock.now = max(due, self.here.clock.now + 1)
            await self.here.coop.tick()
            await self.watch.look()
        self.here.clock.now = max(until, self.here.clock.now)
        await self.here.coop.tick()
        await self.watch.look()

    @rule(days=st.integers(0, 2))
    def be_down(self, days: int) -> None:
        """Sleep through gates and deadlines, then start again."""
        self.run(self._be_down(self.here.clock.now + days * DAY + QUARTER))

    async def _be_down(self, until: int) -> None:
        await self.here.coop.close()
        self.here.clock.now = max(until, self.here.clock.now)
        self.here.coop = await Coop.open(self.here.store, surroundings(self.here.clock))
        await self.here.coop.start()
        await self.watch.look()

    @rule()
    def follow(self) -> None:
        self.run(self._follow())

    async def _follow(self) -> None:
        """Let the log alone lead to all that is stored."""
        await self.here.coop.tick()
        await self.watch.look()
        await self.here.coop.close()
        live = self.here.coop
        await self.watch.check_books()
        found = await verify(self.here.store)
        before = await stored(self.here)
        assert await rebuild(self.here.store) == found.entries
        assert await stored(self.here) == before
        self.here.coop = await Coop.open(self.here.store, surroundings(self.here.clock))
        assert held(self.here.coop) == held(live)
        await self.here.coop.start()

    def teardown(self) -> None:
        self.run(self._end())
        self.runner.close()
        rmtree(self.folder)

    async def _end(self) -> None:
        await self._follow()
        await self.village.__aexit__(None, None, None)


@pytest.mark.long
def test_whatever_happens_the_books_add_up_and_the_log_leads_to_them() -> None:
    examples = int(os.environ.get("DEPIN_MARKET_LIVES", "6"))
    run_state_machine_as_test(
        Life,
        settings=settings(max_examples=examples, stateful_step_count=30, deadline=None),
    )
