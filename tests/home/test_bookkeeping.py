"""A home's books, as a node that errs, lies or goes away leaves them."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from custom_components.depin import bookkeeping
from custom_components.depin.bookkeeping import Bookkeeping
from custom_components.depin.books import (
    Books,
    BooksError,
    RowState,
    SettledInterval,
    Totals,
    ZoneCleared,
)
from custom_components.depin.event_stream import listening
from custom_components.depin.market_answers import (
    Cleared,
    NodeBooks,
    Published,
    SettledRow,
    Traded,
    ZoneResult,
)
from custom_components.depin.market_calendar import MarketCalendar, NoRulesError, Version
from custom_components.depin.node import (
    LoggedOutError,
    MemberNode,
    Node,
    NodeAwayError,
    NodeError,
    NodeRefusedError,
    StrangeAnswerError,
)
from custom_components.depin.protocol.durations import DAY, HOUR, MINUTE
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.events import Event
from custom_components.depin.protocol.rules.market_rules import MarketRules
from custom_components.depin.protocol.statements.fields import BodyError
from tests.home.told_market import MARKET, ToldMarket, told_market
from tests.patience import PATIENCE

pytestmark = pytest.mark.usefixtures("socket_enabled")

COOP, MEMBER = to_text(bytes(16)), to_text(bytes(range(16)))
START = 500_000 * HOUR


def settled(start: int, money: int = 0, **more: Any) -> SettledRow:  # noqa: ANN401 - figures
    """Make a settled interval in which nothing flowed."""
    figures: dict[str, Any] = {
        "start": start,
        "entry": 1,
        "final": False,
        "zone": "all",
        "quality": 2,
        "price": None,
        "fees": 0,
        "errors": 0,
        "pays": 0,
        "receives": money,
        **dict.fromkeys(("bought", "sold", "imported", "exported", "delivered_in"), 0),
        **dict.fromkeys(("delivered_out", "pooled_in", "pooled_out", "grid_in", "grid_out"), 0),
        **dict.fromkeys(("trade_cost", "trade_revenue", "pool_cost", "pool_revenue"), 0),
        **dict.fromkeys(("grid_cost", "grid_revenue"), 0),
    }
    return SettledRow(**{**figures, **more})


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    """Open new books."""
    opened = await Books.open(tmp_path / "books")
    yield opened
    await opened.close()


@asynccontextmanager
async def member(address: str) -> AsyncIterator[MemberNode]:
    async with ClientSession() as session:
        yield MemberNode(Node(session, address, COOP), MEMBER)


async def heard(node: MemberNode) -> list[Event]:
    """Listen until the stream ends."""
    async with listening(node, 5) as events:
        return [event async for event in events]


async def no_log_in() -> None:
    """Need no token."""


@asynccontextmanager
async def keeping(books: Books, node: ToldMarket) -> AsyncIterator[Bookkeeping]:
    async with member(node.address) as asked:
        yield Bookkeeping(books, asked, no_log_in, lambda: START)


async def test_sums_near_the_bound_are_exact(books: Books) -> None:
    """A hostile node's amounts add up like any other."""
    large = 2**62 - 1
    rows = [
        SettledInterval(settled(START + at * HOUR, large if at % 3 else -large), 0)
        for at in range(9)
    ]
    await books.keep_settled(MARKET, rows)
    totals = await books.totals(MARKET, START, START + DAY)
    assert totals.receives == 3 * large
    assert await books.totals("square", START, START + DAY) == Totals()


@pytest.mark.parametrize(
    "figures",
    [
        {"pool__taken": 1, "pool__cost": 2**62},
        {"trade__purchase": 2**62, "trade__refund": -1},
        {"charges__vat": 2**62, "charges__levies": 1},
    ],
)
async def test_amounts_that_no_account_can_hold_are_strange(
    books: Books, figures: dict[str, Any]
) -> None:
    """What is worked out of an answer stays within bounds too."""
    async with told_market() as node, keeping(books, node) as kept:
        node.settle(START - HOUR, **figures)
        with pytest.raises(StrangeAnswerError):
            await kept.catch_up()
        assert await books.own(MARKET, 0, START) == []


async def test_settlement_is_not_overwritten_by_its_trade(books: Books) -> None:
    """Events may come again, and late."""
    traded = Traded(MARKET, START, voided=False, zone="all", buyers=5, sellers=5, bought=0, sold=7)
    await books.keep_traded(traded, START + HOUR)
    sold = SettledInterval(settled(START, 70, sold=7, price=5), START + HOUR)
    await books.keep_settled(MARKET, [sold])
    await books.keep_traded(traded, START + HOUR)
    (row,) = await books.own(MARKET, START, START + 1)
    assert (row.state, row.sellers, row.buyers) == (RowState.PROVISIONAL, 5, None)
    assert await books.first_provisional(MARKET) == START


async def test_a_price_that_is_known_is_not_forgotten(books: Books) -> None:
    """What the public list hides, one's own event had told."""
    await books.keep_cleared(MARKET, [ZoneCleared(START, voided=False, buyers=5, sellers=5)])
    await books.keep_cleared(MARKET, [ZoneCleared(START, voided=False)])
    await books.keep_published(MARKET, [Published(START, 30, 8, None)])
    (price,) = await books.prices(MARKET, START, START + 1)
    assert (price.sellers, price.volume, price.retail) == (5, None, 30)
    assert await books.clearing_prices(MARKET, START) == [(START, 5)]
    assert await books.last_cleared("square") is None


async def test_books_of_another_time_begin_anew(tmp_path: Path) -> None:
    """All of them can be asked for again."""
    file = tmp_path / "books"
    with sqlite3.connect(file) as database:
        database.execute("pragma user_version = 9")
    database.close()
    books = await Books.open(file)
    assert await books.note("last_event") is None
    await books.close()


async def test_a_disk_that_fails_is_said(tmp_path: Path) -> None:
    """Nothing else than a BooksError comes out."""
    with pytest.raises(BooksError):
        await Books.open(tmp_path / "nowhere" / "books")
    books = await Books.open(tmp_path / "books")
    await books._run(lambda: books._database.execute("drop table own").close())  # noqa: SLF001 - a failing disk
    with pytest.raises(BooksError, match="no such table"):
        await books.own(MARKET, 0, 1)
    await books.close()


async def test_a_price_for_members_alone_is_looked_up(books: Books) -> None:
    """Where the book is gone already, it stays unknown."""
    async with told_market() as node, keeping(books, node) as kept:
        node.clear(START - HOUR, 5)
        node.clear(START, 6)
        for row in node.cleared:
            node.books[row["start"]] = {"figures": {"zones": row["zones"]}}
            row["zones"] = {"all": {"root": "A" * 43}}
        del node.books[START - HOUR]
        await kept.catch_up()
        prices = {one.start: one.sellers for one in await books.prices(MARKET, 0, START + 1)}
        assert prices[START] == 6
        assert prices[START - HOUR] is None


async def test_voided_intervals_have_no_price(books: Books) -> None:
    """They are in the list all the same."""
    async with told_market() as node, keeping(books, node) as kept:
        node.cleared.append({"start": START, "voided": True})
        await kept.catch_up()
        (price,) = await books.prices(MARKET, START, START + 1)
        assert (price.voided, price.sellers) == (True, None)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda node: node.cleared.extend([{"start": START, "voided": True}] * 2),
        lambda node: node.cleared.append({"start": START, "voided": False, "zones": {"all": 5}}),
        lambda node: node.cleared.append(
            {"start": START, "voided": False, "zones": {str(number): {} for number in range(300)}}
        ),
        lambda node: node.settle(START, pays=2**63),
        lambda node: node.settle(START, metered__quality=9),
        lambda node: node.markets.append("No Market"),
        lambda node: setattr(node, "holds", "much"),
        lambda node: setattr(node, "kinds", ("CERTIFICATES",)),
    ],
)
async def test_what_is_not_as_agreed_is_refused(books: Books, spoil: Any) -> None:  # noqa: ANN401
    """A node that talks nonsense changes nothing, and is asked again later."""
    async with told_market() as node, keeping(books, node) as kept:
        spoil(node)
        with pytest.raises(StrangeAnswerError):
            await kept.catch_up()
        assert kept.is_reachable is False
        assert kept.purse is None


async def test_what_the_books_know_needs_no_node(books: Books) -> None:
    """Of rules that this version does not know, nothing is believed."""
    async with told_market() as node, keeping(books, node) as kept:
        await kept.catch_up()
        again = Bookkeeping(books, kept._node, no_log_in, lambda: START)  # noqa: SLF001
        await again.load()
        assert (again.markets, again.purse) == (kept.markets, kept.purse)
        await books.set_note("markets", json.dumps([{"market": MARKET, "versions": []}]))
        await again.load()
        assert again.markets == {}


async def test_events_that_nobody_understands_are_asked_for(books: Books) -> None:
    """They are not heard again and again."""
    async with told_market() as node, keeping(books, node) as kept:
        await kept.catch_up()
        await kept.take(Event(7, "settled", 5, {"market": 5}))
        await kept.take(Event(8, "cleared", 5, {"market": "square", "start": START}))
        node.settle(START)
        assert await books.note("last_event") == "8"
        await kept.catch_up()
        assert [row.start for row in await books.own(MARKET, 0, START + 1)] == [START]


async def test_a_member_is_logged_in_where_it_is_not(books: Books) -> None:
    """A key that is refused is the caller's to tell."""
    logged: list[bool] = []

    async def refused() -> None:
        logged.append(True)
        raise NodeRefusedError("forbidden", "this key does not count")

    async with told_market() as node, member(node.address) as asked:
        kept = Bookkeeping(books, asked, refused, lambda: START)
        with pytest.raises(NodeRefusedError):
            await kept.catch_up()
        assert logged == [True]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (503, b"", NodeAwayError),
        (401, b'{"code":"token-wanted","detail":"log in"}', LoggedOutError),
        (410, b'{"code":"events-expired","detail":"gone","after":17}', NodeRefusedError),
        (404, b"<html>", StrangeAnswerError),
        (200, b"data: {}\n\n", StrangeAnswerError),
        (200, b"data: " + b"x" * 200_000, StrangeAnswerError),
    ],
)
async def test_streams_that_are_none(status: int, body: bytes, error: type[NodeError]) -> None:
    """Each says what it was."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server, member(str(server.make_url("")).rstrip("/")) as node:
        with pytest.raises(error) as found:
            await heard(node)
        if isinstance(found.value, NodeRefusedError):
            assert found.value.after == 17


async def test_a_stream_that_nobody_answers() -> None:
    """A node that is gone breaks it off."""
    async with member("http://127.0.0.1:1") as node:
        with pytest.raises(NodeAwayError):
            await heard(node)


async def test_a_page_goes_forward() -> None:
    """So asking for the rest comes to an end."""
    async with told_market() as node, member(node.address) as asked:
        desk = NodeBooks(asked)
        node.settle(START)
        page = await desk.settled(MARKET, START - 1)
        assert page.after == START
        assert await desk.is_final(MARKET, START) is False
        assert (await desk.settled(MARKET, START)).after is None


def test_a_zone_alone_needs_no_name() -> None:
    """Of several, the home's own counts, and none where it is unknown."""
    one, other = ZoneResult(1, 1, None), ZoneResult(2, 2, 9)
    assert Cleared(START, voided=False, zones={"town": one}).of("all") == one
    assert Cleared(START, voided=False, zones={"town": one, "all": other}).of("all") == other
    assert Cleared(START, voided=False, zones={"town": one, "all": other}).of("mill") is None


def test_intervals_follow_the_version_that_holds() -> None:
    """A longer interval begins where a shorter one ends."""
    quarters, hours = MarketRules(), MarketRules(interval=HOUR, gate=10 * MINUTE)
    calendar = MarketCalendar(MARKET, (Version(START, quarters), Version(START + HOUR, hours)))
    assert calendar.start_of(START + 20 * MINUTE) == START + 15 * MINUTE
    assert calendar.end_of(START + 45 * MINUTE) == START + HOUR
    assert calendar.end_of(START + HOUR) == START + 2 * HOUR
    assert calendar.next_open(START - DAY) == START
    assert calendar.next_open(START + 39 * MINUTE) == START + 45 * MINUTE
    assert calendar.next_open(START + 40 * MINUTE) == START + HOUR
    assert calendar.next_open(START + 50 * MINUTE) == START + 2 * HOUR
    with pytest.raises(NoRulesError):
        calendar.at(START - 1)
    with pytest.raises(BodyError):
        MarketCalendar.read(MARKET, [])


async def test_keeping_goes_on_by_itself(books: Books) -> None:
    """It hears what is pushed, and comes back after the node was away."""
    async with told_market() as node, keeping(books, node) as kept:
        running = asyncio.create_task(kept.run())
        node.is_broken = True
        await _until(lambda: kept.is_reachable is False)
        node.is_broken = False
        await _until(lambda: kept.is_reachable is True)
        await _until(lambda: kept.is_listening)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_what_a_gate_decided_is_asked_for(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has no order in a book is told nothing of it."""
    monkeypatch.setattr(bookkeeping, "_AFTER_GATE", (1, 20))
    monkeypatch.setattr(bookkeeping, "_NO_MARKET", 100)
    async with told_market() as node, member(node.address) as asked:
        just_before = START - 5 * MINUTE - 10
        kept = Bookkeeping(books, asked, no_log_in, lambda: just_before)
        running = asyncio.create_task(kept.run())
        await _until(lambda: kept.is_listening)
        node.clear(START, 6)
        async with asyncio.timeout(PATIENCE):
            while await books.last_cleared(MARKET) is None:
                await asyncio.sleep(0.05)
        node.is_broken = True
        await _until(lambda: kept.is_reachable is False)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def _until(wanted: Any) -> None:  # noqa: ANN401 - any question
    async with asyncio.timeout(PATIENCE):
        while not wanted():
            await asyncio.sleep(0.05)
