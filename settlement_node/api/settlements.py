"""What was settled: sums for everybody, and each member's own figures with their proofs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from depin_protocol.statements.fields import MAX_TIME
from settlement_node.api.bodies import answer
from settlement_node.api.context import CONTEXT, whole
from settlement_node.api.problems import not_found
from settlement_node.api.visitors import owner
from settlement_node.coop.coop import Coop
from settlement_node.governance.member import Role
from settlement_node.log.showing import show_line
from settlement_node.market.settling.reading import Told, course_of, intervals, roofs_of, settled_at

_MOST_AT_ONCE: Final = 200


async def listed(request: web.Request) -> web.Response:
    """List the settled intervals of a market that begin after an instant."""
    coop = request.app[CONTEXT].coop(request)
    market = _market(request, coop)
    return answer([found async for found in _listed(request, coop, market)])


async def own(request: web.Request) -> web.Response:
    """List a member's settled intervals that begin after an instant, each as it stands."""
    coop, member = owner(request, Role.OPERATOR, Role.AUDITOR)
    market = _market(request, coop)
    found: list[dict[str, object]] = []
    async for public in _listed(request, coop, market):
        match public:
            case {"start": int(start)}:
                told = await settled_at(coop.view, market, start, member)
                found += [] if told is None else [_written(told, coop)]
    return answer(found)


async def course(request: web.Request) -> web.Response:
    """Tell how a member's interval was settled and corrected, and whose energy it received."""
    coop, member = owner(request, Role.OPERATOR, Role.AUDITOR)
    market = _market(request, coop)
    start = whole(request.match_info["start"], "start", 0, MAX_TIME)
    told = await course_of(coop.view, market, start, member)
    if not told:
        raise not_found("no interval of the member's that begins then is settled")
    roofs = await roofs_of(coop.view, market, start, member)
    return answer(
        {
            "course": [_written(one, coop) | await _proof(coop, one) for one in told],
            "roofs": {roof.home: roof.wh for roof in roofs},
        }
    )


async def _listed(
    request: web.Request, coop: Coop, market: str
) -> AsyncIterator[dict[str, object]]:
    after = whole(request.query.get("after", "0"), "after", 0, MAX_TIME)
    limit = whole(request.query.get("limit", "100"), "limit", 1, _MOST_AT_ONCE)
    final = coop.state.settling.final_before(market)
    async for entry, public in intervals(coop.view, market, after + 1, MAX_TIME, limit):
        start = public["start"]
        yield {**public, "entry": entry, "final": isinstance(start, int) and start < final}


def _written(told: Told, coop: Coop) -> dict[str, object]:
    settled = told.settled
    line = settled.line()
    figures: dict[str, object] = dict(settled.named())
    return {
        "market": told.market,
        "start": told.start,
        "entry": told.entry,
        "final": told.start < coop.state.settling.final_before(told.market),
        "zone": settled.terms.zone,
        "figures": figures,
        "meters": line["meters"],
        "told": line.get("told"),
        "preferred": dict(settled.preferred),
    }


async def _proof(coop: Coop, told: Told) -> dict[str, object]:
    """Prove a line, unless the entry's body was erased."""
    body = await coop.body(told.entry)
    if body is None:
        return {"proof": None}
    # A large co-op's entry has as many leaves as it has homes.
    return {"proof": await asyncio.to_thread(show_line, body, told.position)}


def _market(request: web.Request, coop: Coop) -> str:
    name = request.match_info["market"]
    if name not in coop.state.rules.markets():
        raise not_found("the co-op has no market of this name")
    return name
