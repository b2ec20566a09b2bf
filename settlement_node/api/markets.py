"""What everybody may know of a market's rules, and a member of its own terms."""

from dataclasses import asdict
from typing import Final

from aiohttp import web

from depin_protocol.statements.fields import MAX_TIME
from settlement_node.api.bodies import answer
from settlement_node.api.context import CONTEXT, whole
from settlement_node.api.problems import not_found
from settlement_node.api.visitors import owner
from settlement_node.coop.coop import Coop
from settlement_node.governance.member import Role
from settlement_node.market.rules.market import Market

_MOST_AT_ONCE: Final = 200


async def listed(request: web.Request) -> web.Response:
    """List the markets, each with every version of its rules."""
    rules = request.app[CONTEXT].coop(request).state.rules
    return answer(
        [
            {
                "market": name,
                "versions": [
                    {"start": version.start, "rules": version.rules.to_json()}
                    for version in rules.grid(name).versions
                ],
            }
            for name in rules.markets()
        ]
    )


async def intervals(request: web.Request) -> web.Response:
    """Say of intervals when their books close and which prices hold in them."""
    coop = request.app[CONTEXT].coop(request)
    market = market_in(request, coop)
    start = _start(request, market, coop)
    limit = whole(request.query.get("limit", "100"), "limit", 1, _MOST_AT_ONCE)
    found = []
    for _ in range(limit):
        found.append(_interval(market, start))
        start = market.next(start)
    return answer(found)


async def terms(request: web.Request) -> web.Response:
    """Say on which terms a member takes part in an interval, as they are known now."""
    coop, member = owner(request, Role.OPERATOR, Role.AUDITOR)
    market = market_in(request, coop)
    start = _start(request, market, coop)
    held = coop.state.rules.terms(member, market.name, start)
    return answer({"market": market.name, "start": start, **asdict(held)})


def _interval(market: Market, start: int) -> dict[str, object]:
    rules = market.at(start)
    return {
        "start": start,
        "end": start + rules.interval,
        "gate": market.gate_of(start),
        "band": list(rules.band),
        "retail": rules.references.retail,
        "feed_in": rules.references.feed_in,
        "pool_price": None if rules.pool is None else rules.pool.price,
    }


def market_in(request: web.Request, coop: Coop) -> Market:
    """Return the market that the path names."""
    name = request.match_info["market"]
    if name not in coop.state.rules.markets():
        raise not_found("the co-op has no market of this name")
    return coop.state.rules.grid(name)


def _start(request: web.Request, market: Market, coop: Coop) -> int:
    """Return the interval that is asked for: of no instant, the one that trades next."""
    if "start" not in request.query:
        return market.open_from(coop.position.at)
    instant = whole(request.query["start"], "start", 1, MAX_TIME)
    if instant < market.versions[0].start:
        raise not_found(f"the market has no interval before {market.versions[0].start}")
    return market.start_of(instant)
