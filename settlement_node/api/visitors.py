"""Who is asking: challenges, tokens, and what a token opens."""

import msgspec
from aiohttp import web

from depin_protocol.access import CHALLENGE_LENGTH
from depin_protocol.encoding import EncodingError, from_text, to_text
from depin_protocol.identifiers import is_id
from depin_protocol.keys import SIGNATURE_LENGTH
from settlement_node.api.access import AccessError
from settlement_node.api.bodies import answer, json_of
from settlement_node.api.context import CONTEXT, named
from settlement_node.api.problems import ProblemError, bad_request
from settlement_node.coop.coop import Coop
from settlement_node.governance.member import Role


class Asking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who wants a challenge."""

    member: str


class Answered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A challenge with its signature."""

    member: str
    challenge: str
    signature: str


async def challenge(request: web.Request) -> web.Response:
    """Give something to sign; whether there is such a member shows later."""
    context = request.app[CONTEXT]
    coop = context.coop(request)
    member = _member((await json_of(request, Asking)).member)
    given, expires = context.access.challenge(coop.facts.coop, member)
    return answer({"challenge": to_text(given), "expires": expires}, status=201)


async def token(request: web.Request) -> web.Response:
    """Give a token for a signed challenge."""
    context = request.app[CONTEXT]
    coop = context.coop(request)
    asked = await json_of(request, Answered)
    member = _member(asked.member)
    try:
        given, expires = context.access.token(
            coop.key_in_force(member),
            coop.facts.coop,
            member,
            from_text(asked.challenge, CHALLENGE_LENGTH),
            from_text(asked.signature, SIGNATURE_LENGTH),
        )
    except EncodingError as error:
        raise bad_request(str(error), "Write it in base64url without padding.") from None
    except AccessError as error:
        raise ProblemError(
            403, "challenge-refused", "No token for this", str(error), "Ask for a new challenge."
        ) from None
    return answer({"token": given, "expires": expires}, status=201)


def visitor(request: web.Request) -> tuple[Coop, str]:
    """Return the co-op, and the member whose token the request has."""
    context = request.app[CONTEXT]
    coop = context.coop(request)
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise _unknown("this is not for everybody, and the request has no token")
    try:
        return coop, context.access.who(given.strip(), coop.facts.coop, coop.key_in_force)
    except AccessError as error:
        raise _unknown(str(error)) from None


def owner(request: web.Request, *others: Role) -> tuple[Coop, str]:
    """Return the co-op and the member of the path, to itself or to who acts in these roles."""
    coop, who = visitor(request)
    member = named(request, "member")
    if who != member:
        _need(coop, who, others)
    return coop, member


def official(request: web.Request, *roles: Role) -> Coop:
    """Return the co-op to who acts in one of these roles."""
    coop, who = visitor(request)
    _need(coop, who, roles)
    return coop


def _need(coop: Coop, who: str, roles: tuple[Role, ...]) -> None:
    if not coop.roles(who).intersection(roles):
        allowed = " or ".join(roles) or "the member itself"
        raise ProblemError(
            403,
            "forbidden",
            "Not for this member",
            f"only {allowed} may ask for this",
            "Ask with the token of somebody who may.",
        )


def _member(name: str) -> str:
    if not is_id(name):
        raise bad_request("member is not a name of 16 bytes", "Write it in base64url.")
    return name


def _unknown(detail: str) -> ProblemError:
    return ProblemError(
        401,
        "token-wanted",
        "A token is wanted",
        detail,
        "Ask for a challenge, sign it, and send the token as Authorization: Bearer.",
        headers={"WWW-Authenticate": 'Bearer realm="depin"'},
    )
