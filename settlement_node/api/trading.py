"""What intervals were cleared to: prices for everybody, the book for members, one's own part."""

import asyncio
from typing import Final

from aiohttp import web

from depin_protocol.encoding import to_text
from settlement_node.api.bodies import answer
from settlement_node.api.context import CONTEXT, MAX_NUMBER, whole
from settlement_node.api.markets import market_in
from settlement_node.api.problems import ProblemError, not_found
from settlement_node.api.visitors import official, owner
from settlement_node.coop.coop import Coop
from settlement_node.governance.member import Role
from settlement_node.log.showing import show_line
from settlement_node.market.trading.reading import (
    BOOK_KEPT,
    Line,
    Public,
    Told,
    interval_at,
    intervals_after,
    proof_of,
    told,
)
from settlement_node.market.trading.trader import SIDES, Trader, flat

_MOST_AT_ONCE: Final = 200


async def cleared(request: web.Request) -> web.Response:
    """List what intervals were cleared to, after one."""
    coop = request.app[CONTEXT].coop(request)
    market = market_in(request, coop).name
    after = whole(request.query.get("after", "0"), "after", 0, MAX_NUMBER)
    limit = whole(request.query.get("limit", "100"), "limit", 1, _MOST_AT_ONCE)
    return answer([_public(one) for one in await intervals_after(coop.view, market, after, limit)])


async def cleared_one(request: web.Request) -> web.Response:
    """Say what an interval was cleared to."""
    coop = request.app[CONTEXT].coop(request)
    return answer(_public(await _interval(request, coop)))


async def book(request: web.Request) -> web.Response:
    """Give the book of an interval to members, under its pseudonyms."""
    coop = official(request, *Role)
    public = await _interval(request, coop)
    if coop.position.at >= public.start + BOOK_KEPT:
        detail = "members may read a book for two days; auditors have the bodies"
        raise ProblemError(410, "book-expired", "No longer here", detail, "Ask an auditor.")
    held = await _told(coop, public)
    orders = [
        {name: line[name] for name in ("pseudonym", "zone", "bids", "asks")}
        for line in held.lines
        if "member" in line
    ]
    return answer({**_public(public), "figures": held.figures, "orders": orders})


async def own_part(request: web.Request) -> web.Response:
    """Give a member what it had in the book, what came of it, and the proof."""
    coop, member = owner(request, Role.AUDITOR)
    public = await _interval(request, coop)
    held = await _told(coop, public)
    line = held.own(member)
    if line is None:
        raise not_found("the member had no order in this interval")
    market = market_in(request, coop)
    rules = market.at(public.start)
    proof = await asyncio.to_thread(proof_of, held, member, market.name, rules)
    return answer(
        {
            **_public(public),
            "figures": held.figures,
            "own": line,
            "proof": None if proof is None else to_text(proof),
            **await _shown(coop, held, line),
        }
    )


async def orders(request: web.Request) -> web.Response:
    """Say what a member wants in a market, as it stands."""
    coop, member = owner(request, Role.AUDITOR)
    market = market_in(request, coop)
    trader = coop.state.trading.trader(market.name, member)
    held = Trader(member) if trader is None else trader
    return answer(_wanted(held))


async def _interval(request: web.Request, coop: Coop) -> Public:
    market = market_in(request, coop).name
    start = whole(request.match_info["start"], "start", 0, MAX_NUMBER)
    found = await interval_at(coop.view, market, start)
    if found is None:
        raise not_found("it is not cleared yet, or nobody wanted anything in it")
    return found


async def _told(coop: Coop, public: Public) -> Told:
    found = await told(coop.view, public)
    if found is None:
        raise not_found("the lines of this interval are no longer kept")
    return found


async def _shown(coop: Coop, held: Told, own: Line) -> dict[str, object]:
    """Show a member's line, and that of the figures where these are not public."""
    body = await coop.body(held.public.index)
    if body is None:
        return {"own_line": None, "figures_line": None}
    has_figures = "figures" in held.lines[0]
    own_line = await asyncio.to_thread(show_line, body, held.lines.index(dict(own)))
    figures_line = await asyncio.to_thread(show_line, body, 0) if has_figures else None
    return {"own_line": own_line, "figures_line": figures_line}


def _public(public: Public) -> dict[str, object]:
    return {
        "entry": public.index,
        "at": public.at,
        "voided": public.voided,
        **public.result,
    }


def _wanted(trader: Trader) -> dict[str, object]:
    return {
        "curves": [
            {
                "start": start,
                **{side: None if steps is None else flat(steps) for side, steps in curves.items()},
            }
            for start, curves in sorted(trader.curves.items())
        ],
        "standing": [
            {
                "side": side,
                "since": one.since,
                "steps": flat(one.steps),
                "windows": one.windows,
            }
            for side in SIDES
            for one in trader.standing.get(side, ())
        ],
        "flexible": [
            {**one.order.to_json(), "name": one.name, "since": one.since, "taken": one.taken}
            for one in sorted(trader.flexible.values(), key=lambda one: one.said)
        ],
    }
