"""A node's market as a test tells it over real sockets: prices, settlements, money, events."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestServer

from custom_components.depin.protocol.durations import HOUR
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.rules.market_rules import MarketRules
from custom_components.depin.protocol.settlement.charges import Charges, Fees, Taxed, Vat

MARKET: Final = "street"
RULES: Final = MarketRules(
    interval=HOUR,
    charges=Charges(traded=Fees(41_000, 7_000, 500), vat=Vat(20, 100, Taxed.EVERYTHING)),
)

_NOTHING: Final = (
    *("terms.retail", "terms.feed_in", "traded.bought", "traded.sold", "metered.imported"),
    *("metered.exported", "trade.delivered_in", "trade.delivered_out", "pool.taken"),
    *("trade.undelivered", "trade.unused"),
    *("pool.given", "grid.imported", "grid.exported", "pays", "receives"),
    *("trade.purchase", "trade.shortfall", "trade.handed_back", "trade.sale", "trade.refund"),
    *("trade.cover", "pool.cost", "pool.revenue", "grid.cost", "grid.revenue"),
    *("charges.grid_fee", "charges.levies", "charges.coop_fee", "charges.vat"),
)


class ToldMarket:
    """What the node would say; lists are given from `after` on, as nodes do."""

    def __init__(self) -> None:
        self.address = ""
        self.markets = [MARKET]
        self.cleared: list[dict[str, Any]] = []
        self.settled: list[dict[str, Any]] = []
        self.sums: dict[int, dict[str, int] | None] = {}
        """What all members did together, by interval; None of too few."""
        self.holds, self.reserved = 12_340_000_000, 1_000_000_000
        self.kinds: tuple[str, ...] = ("CERTIFICATES", "MEMBER_MONEY")
        self.books: dict[int, dict[str, Any]] = {}
        """The books that members may read, by interval."""
        self.is_broken = False
        self.asked: list[str] = []
        self._events: list[dict[str, Any]] = []
        self._news = asyncio.Condition()

    def clear(self, start: int, price: int, volume: int = 400) -> None:
        """Clear an interval, for everybody to see."""
        zone = {"root": "A" * 43, "price": price, "bought": volume, "sold": volume}
        self.cleared.append(
            {"market": MARKET, "start": start, "voided": False, "zones": {"all": zone}}
        )

    def settle(self, start: int, *, final: bool = False, **figures: int) -> None:
        """Settle an interval of the home's, with these figures by name: `traded__sold`."""
        named = {name.replace("__", "."): value for name, value in figures.items()}
        prices: dict[str, int | None] = dict.fromkeys(
            ("prices.trade", "prices.cover", "prices.back")
        )
        whole = {**prices, **dict.fromkeys(_NOTHING, 0), "metered.quality": 2, **named}
        row = {"market": MARKET, "start": start, "entry": 7, "final": final, "zone": "all"}
        kept = [one for one in self.settled if one["start"] != start]
        self.settled = sorted([*kept, {**row, "figures": whole}], key=lambda one: one["start"])

    async def push(self, event: str, at: int, **data: object) -> None:
        """Tell the home something that happened at an instant."""
        self._events.append({"id": self._newest + 10, "kind": event, "at": at, "data": data})
        async with self._news:
            self._news.notify_all()

    @property
    def _newest(self) -> int:
        return max((one["id"] for one in self._events), default=0)

    def _is_newer(self, seen: int) -> bool:
        return self._newest > seen

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer by the end of the path."""
        self.asked.append(request.path)
        if self.is_broken:
            return web.Response(status=503)
        if request.path.endswith("/events/stream"):
            return await self._stream(request)
        answered = self._answered(request)
        if answered is None:
            problem = {"code": "not-found", "detail": "it is not here", "action": "look elsewhere"}
            return web.json_response(problem, status=404)
        return web.json_response(answered)

    def _answered(self, request: web.Request) -> object:
        *_, before, last = request.path.split("/")
        query = {name: int(value) for name, value in request.query.items()}
        versions = [{"start": HOUR, "rules": RULES.to_json()}]
        answers: dict[str, Callable[[], object]] = {
            "challenges": lambda: {"challenge": to_text(bytes(56))},
            "tokens": lambda: {"token": "x"},
            "accounts": lambda: {"accounts": [self._account(kind) for kind in self.kinds]},
            "markets": lambda: [{"market": one, "versions": versions} for one in self.markets],
            "intervals": lambda: _intervals(query["start"], query["limit"]),
            "book": lambda: self.books.get(int(before)),
            "terms": lambda: {"zone": "all"},
            "cleared": lambda: _after(self.cleared, query),
            "settlements": lambda: _after(self.settled, query),
        }
        answer = answers.get(last) or answers.get(before)
        if answer is None:
            return None
        if last == "settlements":
            return _after([self._public(row) for row in self.settled], query)
        # All that is told of trades is told of one market.
        is_listed = {before, last} & {"cleared", "settlements"}
        is_other = is_listed and MARKET not in {before, last}
        return [] if is_other else answer()

    def _public(self, row: dict[str, Any]) -> dict[str, Any]:
        """Tell of a settled interval what is for everybody."""
        start = row["start"]
        return {**row, "end": start + HOUR, "figures": self.sums.get(start)}

    def _account(self, kind: str) -> dict[str, object]:
        money = {"holds": self.holds, "leaving": self.reserved, "limit": -5_000_000_000}
        return {"kind": kind, "asset": "EUR", "decimals": 9, **money}

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        after = int(request.headers["Last-Event-ID"])
        if after > 10**14:
            problem = {"code": "events-expired", "detail": "none so far", "after": 1}
            return web.json_response(problem, status=410)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"retry: 5000\n\n")
        while True:
            for event in [one for one in self._events if one["id"] > after]:
                after = event["id"]
                data = json.dumps(event, separators=(",", ":"))
                lines = f"id: {after}\nevent: {event['kind']}\ndata: {data}\n\n"
                await response.write(lines.encode())
            async with self._news:
                await self._news.wait_for(partial(self._is_newer, after))


@asynccontextmanager
async def told_market() -> AsyncIterator[ToldMarket]:
    """Run one."""
    market = ToldMarket()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", market.answer)
    async with TestServer(app) as server:
        market.address = str(server.make_url("")).rstrip("/")
        yield market


def _after(rows: list[dict[str, Any]], query: Mapping[str, int]) -> list[dict[str, Any]]:
    later = [one for one in rows if one["start"] > query["after"]]
    return sorted(later, key=lambda one: one["start"])[: query["limit"]]


def _intervals(start: int, count: int) -> list[dict[str, Any]]:
    first = start // HOUR * HOUR
    return [
        {
            "start": at,
            "end": at + HOUR,
            "gate": at - RULES.gate,
            "band": list(RULES.band),
            "retail": 300_000,
            "feed_in": 80_000,
            "pool_price": 110_000,
        }
        for at in range(first, first + count * HOUR, HOUR)
    ]
