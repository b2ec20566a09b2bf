"""Statements of account, for the member whose they are and for who looks after the books."""

import asyncio
from typing import Final

from aiohttp import web

from depin_protocol.encoding import from_text
from depin_protocol.identifiers import ID_LENGTH
from settlement_node.api.bodies import answer
from settlement_node.api.problems import not_found
from settlement_node.api.visitors import owner
from settlement_node.governance.member import Role
from settlement_node.market.billing.forms import FORMS
from settlement_node.market.billing.statement import StatementOfAccount
from settlement_node.market.issuing.reading import kept_statements

_NAMES: Final = ", ".join(FORMS)


async def listed(request: web.Request) -> web.Response:
    """List a member's statements, the first one first."""
    return answer([_listed(one) for one in await _statements(request)])


async def file(request: web.Request) -> web.Response:
    """Give one statement, in the form that is asked for."""
    told = await _statements(request)
    number, name = request.match_info["number"], request.match_info["form"]
    form = FORMS.get(name)
    found = next((one for one in told if str(one.number) == number), None)
    if found is None or form is None:
        raise not_found(f"no statement of this member has this number, or this form: {_NAMES}")
    return web.Response(
        body=await asyncio.to_thread(form.write, found),
        content_type=form.media_type,
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{number}.{name}"',
        },
    )


async def _statements(request: web.Request) -> list[StatementOfAccount]:
    coop, member = owner(request, Role.OPERATOR, Role.AUDITOR)
    kept = await kept_statements(coop.view, from_text(member, ID_LENGTH))
    return [one.statement for one in kept]


def _listed(statement: StatementOfAccount) -> dict[str, object]:
    return {
        "number": str(statement.number),
        "month": str(statement.month),
        "issued": statement.issued.isoformat(),
        "sha256": statement.sha256,
        "opening": statement.opening,
        "closing": statement.closing,
        "at_bank": statement.at_bank,
    }
