"""What everybody may know of a co-op, and joining it."""

from aiohttp import web

from depin_protocol.encoding import to_text
from depin_protocol.joining import MAX_JOIN_REQUEST
from settlement_node.api.bodies import answer, body_of
from settlement_node.api.context import CONTEXT
from settlement_node.coop.coop import Coop

JOIN_TYPE = "application/vnd.depin.join-request"


async def listed(request: web.Request) -> web.Response:
    """List the co-ops that this node runs."""
    return answer([_described(coop) for coop in request.app[CONTEXT].hosting.coops.values()])


async def described(request: web.Request) -> web.Response:
    """Say what a co-op is and where it stands."""
    return answer(_described(request.app[CONTEXT].coop(request)))


async def join(request: web.Request) -> web.Response:
    """Take in who shows an invite's code."""
    context = request.app[CONTEXT]
    coop = context.coop(request)
    joined = await coop.join(await body_of(request, JOIN_TYPE, MAX_JOIN_REQUEST))
    return answer(
        {
            "member": joined.member,
            "index": joined.index,
            "origin": joined.origin,
            "node_key": to_text(joined.node_key),
            "log_key": joined.log_key.format(),
        },
        status=201,
    )


async def health(request: web.Request) -> web.Response:
    """Say whether every co-op of this node works."""
    hosting = request.app[CONTEXT].hosting
    failed = dict.fromkeys(hosting.troubles, "does not run")
    for name, coop in hosting.coops.items():
        position = coop.position
        if position.failure is not None:
            failed[name] = "stopped"
        elif position.read_only is not None:
            failed[name] = "read-only"
    return answer(
        {"status": "failing" if failed else "ok", "coops": len(hosting.coops), "failed": failed},
        status=503 if failed else 200,
    )


def _described(coop: Coop) -> dict[str, object]:
    facts, position = coop.facts, coop.position
    deadlines = coop.state.rules.grid(facts.market).rules_now(position.at).deadlines
    return {
        "coop": facts.coop,
        "name": facts.name,
        "currency": facts.currency,
        "token": facts.token,
        "market": facts.market,
        "gate": deadlines.gate,
        "correction": deadlines.correction,
        "origin": facts.origin,
        "previous": None if facts.previous is None else facts.previous.to_json(),
        "node_key": to_text(facts.receipt_key),
        "log_key": facts.log_verifier().format(),
        "entries": position.size,
        "at": position.at,
        "checkpoint": {"size": position.checkpoint.size, "root": to_text(position.checkpoint.root)},
        "read_only": position.read_only,
    }
