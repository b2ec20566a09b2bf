"""Every path of the node, and the application that answers on them."""

from collections.abc import Iterable
from importlib.resources import files
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from settlement_node.api import (
    account_statements,
    accounts,
    coops,
    event_stream,
    invites,
    markets,
    own,
    public_log,
    settlements,
    state_roots,
    statements,
    trading,
    upkeep,
    visitors,
)
from settlement_node.api.context import CONTEXT, Context, check_query
from settlement_node.api.limits import Limits
from settlement_node.api.problems import answer_problems
from settlement_node.hosting.hosting import Hosting

_COOP: Final = "/v1/coops/{coop}"
_MARKET: Final = f"{_COOP}/markets/{{market}}"
_MEMBER: Final = f"{_COOP}/members/{{member}}"
_CHAIN: Final = f"{_MEMBER}/statements/{{stream}}/{{chain}}"

_FILE: Final = "/log/{coop}/{path:(?:[2-9][0-9]*/|1[0-9]+/)?(?:checkpoint|tile/.+)}"


async def describe(_request: web.Request) -> web.Response:
    """Serve the description of all this."""
    return web.Response(
        body=DESCRIPTION,
        content_type="application/json",
        headers={"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"},
    )


DESCRIPTION: Final = (files(__package__) / "openapi.json").read_bytes()

ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("POST", "/v1/statements", statements.take),
    ("GET", "/v1/coops", coops.listed),
    ("GET", _COOP, coops.described),
    ("POST", f"{_COOP}/members", coops.join),
    ("GET", f"{_COOP}/members", own.members),
    ("GET", f"{_COOP}/invites", invites.listed),
    ("POST", f"{_COOP}/challenges", visitors.challenge),
    ("POST", f"{_COOP}/tokens", visitors.token),
    ("GET", _MEMBER, own.standing),
    ("GET", f"{_MEMBER}/head", own.heads),
    ("GET", _CHAIN, own.statements),
    ("GET", f"{_CHAIN}/{{seq}}/receipt", own.receipt),
    ("GET", f"{_CHAIN}/{{seq}}/proof", own.proof),
    ("GET", f"{_MEMBER}/events", own.events),
    ("GET", f"{_MEMBER}/events/stream", event_stream.stream),
    ("GET", f"{_MEMBER}/accounts", accounts.own),
    ("GET", f"{_MEMBER}/accounts/{{account}}/history", accounts.own_history),
    ("GET", f"{_COOP}/markets", markets.listed),
    ("GET", f"{_COOP}/markets/{{market}}/intervals", markets.intervals),
    ("GET", f"{_MEMBER}/terms/{{market}}", markets.terms),
    ("GET", f"{_MARKET}/cleared", trading.cleared),
    ("GET", f"{_MARKET}/cleared/{{start}}", trading.cleared_one),
    ("GET", f"{_MARKET}/cleared/{{start}}/book", trading.book),
    ("GET", f"{_MEMBER}/cleared/{{market}}/{{start}}", trading.own_part),
    ("GET", f"{_MEMBER}/orders/{{market}}", trading.orders),
    ("GET", f"{_MEMBER}/account-statements", account_statements.listed),
    ("GET", f"{_MEMBER}/account-statements/{{number}}/{{form}}", account_statements.file),
    ("GET", f"{_COOP}/markets/{{market}}/settlements", settlements.listed),
    ("GET", f"{_MEMBER}/settlements/{{market}}", settlements.own),
    ("GET", f"{_MEMBER}/settlements/{{market}}/{{start}}", settlements.course),
    ("GET", f"{_COOP}/accounts", accounts.listed),
    ("GET", f"{_COOP}/accounts/{{account}}/history", accounts.history),
    ("GET", f"{_COOP}/transfers/{{transfer}}", accounts.transfer),
    ("GET", f"{_COOP}/payouts", accounts.payouts),
    ("GET", f"{_COOP}/bodies/{{index}}", own.body),
    ("GET", f"{_COOP}/state-roots", state_roots.listed),
    ("GET", f"{_COOP}/state-roots/{{index}}", state_roots.lines),
    ("GET", f"{_COOP}/proofs/inclusion", public_log.inclusion),
    ("GET", f"{_COOP}/proofs/consistency", public_log.consistency),
    ("POST", f"{_COOP}/checkpoints", upkeep.show_checkpoint),
    ("POST", f"{_COOP}/entries", upkeep.offer_entries),
    ("POST", f"{_COOP}/bodies", upkeep.offer_body),
    ("GET", f"{_COOP}/resume", upkeep.standing),
    ("POST", f"{_COOP}/resume", upkeep.resume),
    ("GET", f"{_COOP}/backup", upkeep.backup),
    ("GET", _FILE, public_log.file),
    ("HEAD", _FILE, public_log.file),
    ("GET", "/openapi.json", describe),
    ("HEAD", "/openapi.json", describe),
    ("GET", "/healthz", coops.health),
    ("HEAD", "/healthz", coops.health),
)

_UNCOUNTED: Final = frozenset((event_stream.stream,))
"""Streams last for hours, and have a count of their own."""


@web.middleware
async def _admit(request: web.Request, handler: Handler) -> web.StreamResponse:
    check_query(request)
    if request.match_info.handler in _UNCOUNTED:
        return await handler(request)
    context = request.app[CONTEXT]
    address = context.begin_answer(request)
    try:
        return await handler(request)
    finally:
        context.end_answer(address)


def application(
    hosting: Hosting, limits: Limits | None = None, proxies: Iterable[str] = ()
) -> web.Application:
    """Return the application that answers for these co-ops."""
    limits = limits or Limits()
    app = web.Application(
        middlewares=[answer_problems, _admit], client_max_size=limits.body_bytes + 1
    )
    app[CONTEXT] = Context(hosting, limits, proxies)
    for method, path, handler in ROUTES:
        app.router.add_route(method, path, handler)
    return app
