"""The invites that somebody may still join with; their codes are known only to who has them."""

from aiohttp import web

from depin_protocol.encoding import to_text
from settlement_node.api.bodies import answer
from settlement_node.api.visitors import official
from settlement_node.governance.member import Role


async def listed(request: web.Request) -> web.Response:
    """List the invites that are neither used nor expired by the log's time, soonest first."""
    coop = official(request, Role.OPERATOR)
    return answer(
        [
            {"invite": to_text(name), "expires": expires, "role": role}
            for expires, name, role in coop.state.community.open_invites(coop.position.at)
        ]
    )
