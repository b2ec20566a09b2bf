"""A home's own books, kept up with a node's over real sockets while a village trades."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path

from aiohttp import ClientSession
from aiohttp.test_utils import BaseTestServer, TestServer

from custom_components.depin.bookkeeping import Bookkeeping
from custom_components.depin.books import Books, OwnInterval, RowState, Totals
from custom_components.depin.happenings import OrderRefused
from custom_components.depin.hourly_sums import Flow, Pair, Series
from custom_components.depin.node import MemberNode, Node
from custom_components.depin.protocol.events import Event
from custom_components.depin.trial import Paper, PaperOffer, Tally, Trial
from depin_protocol.durations import DAY, MINUTE
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.settlement.charges import Charges, Fees, Taxed, Vat
from depin_protocol.settlement.pool import Key, PoolRule
from depin_protocol.statements.trading import Curve, Order
from settlement_node.api.routes import application
from settlement_node.hosting.hosting import Hosting
from tests.node.market.issuing.winter import time_passes
from tests.node.market.metering_homes import FIRST, MARKET, Metering, settle_in
from tests.node.village import FACTS, Village, village
from tests.patience import PATIENCE
from tests.protocol.spoken import COOP, QUARTER, Home

SUN, RAIN, TRYING = Home(2), Home(3), Home(4)
END = FIRST + QUARTER
GATE = FIRST - 5 * MINUTE
RULES = MarketRules(
    credit_limit=10**9,
    correction=DAY,
    pool=PoolRule(110_000, Key.DYNAMIC),
    charges=Charges(traded=Fees(41_000, 7_000, 500), vat=Vat(20, 100, Taxed.EVERYTHING)),
)
PRICE = 150_000


@dataclass
class House:
    """A home's books, and who keeps them."""

    books: Books
    keeping: Bookkeeping
    heard: list[Event | None]
    changed: asyncio.Event

    async def until(self, wanted: Callable[[], bool]) -> None:
        """Wait for something that the books are told."""
        async with asyncio.timeout(PATIENCE):
            while not wanted():
                self.changed.clear()
                await self.changed.wait()

    def has_heard(self, kind: str) -> bool:
        return any(event is not None and event.kind == kind for event in self.heard)

    async def rows(self) -> list[OwnInterval]:
        return await self.books.own(MARKET, 0, FIRST + DAY)


@asynccontextmanager
async def house(
    server: BaseTestServer, here: Village, home: Home, file: Path
) -> AsyncIterator[House]:
    """Let a home keep its books until the block ends."""
    books = await Books.open(file)
    try:
        async with ClientSession() as session:
            node = MemberNode(
                Node(session, str(server.make_url("")).rstrip("/"), COOP), home.member
            )
            keeping = Bookkeeping(books, node, lambda: node.log_in(home.seed), here.clock)
            await keeping.load()
            living = House(books, keeping, [], asyncio.Event())

            def hear(event: Event | None) -> None:
                living.heard.append(event)
                living.changed.set()

            stop = keeping.listen(hear)
            running = asyncio.create_task(keeping.run())
            try:
                yield living
            finally:
                stop()
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running
    finally:
        await books.close()


@asynccontextmanager
async def opened(here: Village) -> AsyncIterator[BaseTestServer]:
    hosting = Hosting()
    hosting.coops[COOP] = here.coop
    async with TestServer(application(hosting)) as server:
        yield server


async def ordered(here: Village, wh: int) -> None:
    """Let the sun sell and the rain buy in the first interval, and close its book."""
    step = (PRICE, wh)
    for home, curve in ((SUN, Curve(FIRST, "ask", (step,))), (RAIN, Curve(FIRST, "bid", (step,)))):
        await here.say(home.say("trading", Order(MARKET, (curve,)), here.clock()))
    await at(here, GATE)


async def reported(here: Village, sun: Metering, rain: Metering) -> None:
    here.clock.now = END
    await here.say(sun.say(END, 0, 700, start=FIRST), rain.say(END, 500, 0, start=FIRST))
    await here.coop.tick()


async def at(here: Village, moment: int) -> None:
    here.clock.now = moment
    await here.coop.tick()


async def test_a_trade_is_in_the_books_when_it_is_matched_settled_and_final(tmp_path: Path) -> None:
    async with village(tmp_path, replace(FACTS, rules=RULES)) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        async with opened(here) as server, house(server, here, SUN, tmp_path / "sun") as home:
            await home.until(lambda: home.keeping.is_reachable is True)
            await ordered(here, 400)
            await home.until(lambda: home.has_heard("cleared"))
            (row,) = await home.rows()
            assert (row.state, row.sold, row.sellers) == (RowState.TRADED, 400, PRICE)
            assert await home.books.totals(MARKET, 0, END) == Totals()
            (price,) = await home.books.prices(MARKET, FIRST, END)
            assert (price.sellers, price.pool_price, price.voided) == (PRICE, 110_000, False)

            await reported(here, sun, rain)
            await home.until(lambda: home.has_heard("settled"))
            (row,) = await home.rows()
            assert (row.state, row.end) == (RowState.PROVISIONAL, END)
            assert (row.delivered_out, row.pooled_out, row.grid_out) == (400, 100, 200)
            assert row.receives == 400 * PRICE + 100 * 110_000
            assert (row.pays, row.fees, row.earned, row.gross) == (0, 0, row.receives, row.receives)
            totals = await home.books.totals(MARKET, 0, END)
            assert (totals.sold, totals.earned) == (500, row.receives)
            (sums,) = (await home.books.hourly_sums(0)).hours.values()
            assert [sums[Series(pair, Flow.EXPORT)] for pair in Pair] == [400, 100, 200]
            earned = [sums[Series(pair, Flow.COMPENSATION)] for pair in Pair]
            assert earned[:2] == [400 * PRICE, 100 * 110_000]

            await time_passes(here, FIRST + 3 * DAY)
            await home.keeping.catch_up()
            assert (await home.rows())[0].state is RowState.FINAL
            assert home.keeping.purse is not None
            assert home.keeping.purse.holds == totals.earned


async def test_what_a_buyer_pays_has_its_fees_apart(tmp_path: Path) -> None:
    async with village(tmp_path, replace(FACTS, rules=RULES)) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        await ordered(here, 400)
        await reported(here, sun, rain)
        async with opened(here) as server, house(server, here, RAIN, tmp_path / "rain") as home:
            await home.until(lambda: bool(home.heard))
            row = (await home.rows())[0]
            assert (row.delivered_in, row.pooled_in) == (400, 100)
            energy = 400 * PRICE + 100 * 110_000
            charges = 400 * 48_500
            assert row.pays == energy + charges + (energy + charges) // 5
            assert row.gross == -energy
            assert row.earned == -row.pays


async def test_a_home_that_was_away_misses_nothing(tmp_path: Path) -> None:
    async with village(tmp_path, replace(FACTS, rules=RULES)) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        async with opened(here) as server, house(server, here, SUN, tmp_path / "sun") as home:
            await home.until(lambda: home.keeping.is_reachable is True)
            await ordered(here, 400)
            await home.until(lambda: home.has_heard("cleared"))
        await reported(here, sun, rain)
        async with opened(here) as server, house(server, here, SUN, tmp_path / "sun") as home:
            assert home.keeping.markets[MARKET].gate_of(FIRST) == GATE
            await home.until(lambda: home.has_heard("settled"))
            assert not home.has_heard("cleared")
            assert (await home.rows())[0].state is RowState.PROVISIONAL
        (tmp_path / "sun").write_bytes(b"torn" * 1_000)
        async with opened(here) as server, house(server, here, SUN, tmp_path / "sun") as home:
            await home.until(lambda: home.keeping.is_reachable is True)
            await home.until(lambda: bool(home.heard))
            assert (await home.rows())[0].delivered_out == 400


async def test_a_correction_takes_the_place_of_what_it_corrects(tmp_path: Path) -> None:
    async with village(tmp_path, replace(FACTS, rules=RULES)) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        await ordered(here, 400)
        # The sun reports too late, so nothing of its was delivered.
        here.clock.now = END
        await here.say(rain.say(END, 500, 0, start=FIRST))
        await at(here, END + 21 * MINUTE)
        async with opened(here) as server, house(server, here, SUN, tmp_path / "sun") as home:
            await home.until(lambda: bool(home.heard))
            (row,) = await home.rows()
            assert (row.quality, row.delivered_out, row.entry) == (0, 0, row.entry)
            assert row.errors == 400 * (300_000 - PRICE)
            # What is missing and may still come is no zero in statistics.
            assert (await home.books.hourly_sums(0)).hours == {}
            await here.say(sun.say(here.clock(), 0, 700, start=FIRST))
            await here.coop.tick()
            await home.until(lambda: home.has_heard("settled"))
            (corrected,) = await home.rows()
            assert (corrected.quality, corrected.grid_out) == (2, 700)
            assert corrected.entry != row.entry
            (sums,) = (await home.books.hourly_sums(0)).hours.values()
            assert [sums[Series(pair, Flow.EXPORT)] for pair in Pair] == [0, 0, 700]


async def test_an_order_without_effect_is_told_as_one(tmp_path: Path) -> None:
    async with village(tmp_path, replace(FACTS, rules=RULES)) as here:
        await settle_in(here, SUN, RAIN)
        async with opened(here) as server, house(server, here, SUN, tmp_path / "sun") as home:
            await home.until(lambda: home.keeping.is_listening)
            # What happens in the millisecond of the first answer is asked for, and not told.
            here.clock.now += 1
            order = Order(MARKET, (Curve(FIRST, "ask", ((PRICE + 1, 5),)),))
            await here.say(SUN.say("trading", order, here.clock()))
            await home.until(lambda: home.has_heard("decision"))
            (event,) = [one for one in home.heard if one is not None and one.kind == "decision"]
            refused = OrderRefused.read(event)
            assert refused is not None
            assert refused.code == "off-tick"


class Disk:
    """Keeps a trial's paper as a disk does."""

    def __init__(self) -> None:
        self.paper = Paper()

    async def async_save(self, paper: Paper) -> None:
        self.paper = Paper.of(paper.to_json())


async def test_a_trial_is_told_what_it_would_have_sold_at_the_neighbours_price(
    tmp_path: Path,
) -> None:
    """By what its own meter settled as: 350 Wh offered, of which 50 were not there."""
    async with village(tmp_path, replace(FACTS, rules=RULES)) as here:
        sun, rain, trying = await settle_in(here, SUN, RAIN, TRYING)
        async with opened(here) as server, house(server, here, TRYING, tmp_path / "it") as home:
            await home.until(lambda: home.keeping.is_reachable is True)
            offer = PaperOffer(
                *(MARKET, FIRST, GATE, 300_000, 80_000), asks=((PRICE, 350),), bids=()
            )
            disk = Disk()
            trial = Trial(home.books, disk, Paper((offer,)))
            await ordered(here, 400)
            await trial.count(home.keeping.markets, UTC, here.clock())
            assert trial.since("") == Tally()
            here.clock.now = END
            await here.say(trying.say(END, 0, 300, start=FIRST))
            await reported(here, sun, rain)
            await home.keeping.catch_up()
            await trial.count(home.keeping.markets, UTC, here.clock())
            assert disk.paper.offers == ()
            assert trial.since("") == Tally(300, 0, 350 * PRICE - 50 * 300_000)
            (row,) = await home.rows()
            assert (row.sold, row.delivered_out) == (0, 0)
