"""The roots of a co-op's whole state: with one a replica begins, and auditors confirm them."""

from aiohttp import web

from settlement_node.api.bodies import answer
from settlement_node.api.context import MAX_NUMBER, whole
from settlement_node.api.problems import not_found
from settlement_node.api.visitors import official
from settlement_node.governance.member import Role


async def listed(request: web.Request) -> web.Response:
    """List the state roots that are kept, oldest first."""
    coop = official(request, Role.AUDITOR, Role.OPERATOR)
    deleted = await coop.deleted_below()
    return answer(
        [
            {
                "index": index,
                "decision": root.name,
                "at": root.at,
                "confirmed": root.confirmed,
                "erased": root.erased,
                "deleted": root.erased and index <= deleted,
            }
            for index, root in coop.state.keeping.roots.all.items()
        ]
    )


async def lines(request: web.Request) -> web.Response:
    """Give the salted lines that a state root stands for."""
    coop = official(request, Role.AUDITOR, Role.OPERATOR)
    found = await coop.state_lines(whole(request.match_info["index"], "index", 0, MAX_NUMBER))
    if found is None:
        raise not_found("no state root that is kept stands there")
    return web.Response(
        body=found,
        content_type="application/octet-stream",
        headers={"Cache-Control": "no-store"},
    )
