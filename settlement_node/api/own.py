"""What a member may read of itself: standing, heads, statements, receipts, proofs, events."""

from aiohttp import web

from depin_protocol.encoding import to_text
from depin_protocol.keys import fingerprint
from depin_protocol.statements.bodies import Stream
from settlement_node.api.bodies import answer
from settlement_node.api.context import CONTEXT, MAX_NUMBER, named, whole
from settlement_node.api.problems import not_found, wait_a_little
from settlement_node.api.visitors import official, owner
from settlement_node.coop.coop import Coop
from settlement_node.governance.member import Member, Role
from settlement_node.intake.streams import STREAMS, Place

_MOST_AT_ONCE = 200


async def standing(request: web.Request) -> web.Response:
    """Say how a member stands."""
    coop, name = owner(request, Role.OPERATOR, Role.AUDITOR)
    return answer(_described(_found(coop, name)))


async def members(request: web.Request) -> web.Response:
    """List all members, for those who look after them."""
    coop = official(request, Role.OPERATOR, Role.AUDITOR)
    return answer([_described(member) for member in coop.state.community.members.values()])


async def heads(request: web.Request) -> web.Response:
    """Say where a member's chains stand that may go on."""
    coop, name = owner(request, Role.OPERATOR, Role.AUDITOR)
    return answer(
        {
            stream: [head.to_json() for head in coop.heads(name).get(stream, [])]
            for stream in STREAMS
        }
    )


async def statements(request: web.Request) -> web.Response:
    """Give back what was said in a chain, after a number."""
    coop, name = owner(request, Role.AUDITOR)
    stream, chain = _stream(request), named(request, "chain")
    after = whole(request.query.get("after", "0"), "after", 0, MAX_NUMBER)
    limit = whole(request.query.get("limit", "100"), "limit", 1, _MOST_AT_ONCE)
    found = await coop.statements(name, stream, chain, after=after, limit=limit)
    return answer(
        [{"seq": one.seq, "index": one.index, "statement": to_text(one.wire)} for one in found]
    )


async def receipt(request: web.Request) -> web.Response:
    """Give a receipt once more."""
    coop, place = _place(request)
    given = await coop.receipt(place)
    if given is None:
        raise not_found("no receipt was given for this place")
    return web.Response(
        body=given.written(),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def proof(request: web.Request) -> web.Response:
    """Give the proof that a statement is in the log, or in one that this log succeeds."""
    coop, place = _place(request)
    said = await coop.statement(place)
    if said is None:
        archives = request.app[CONTEXT].hosting.archives
        written = await archives.proof_file(coop.facts.coop, place)
        if written is None:
            raise not_found("no statement is held at this place")
    else:
        written = await coop.proof_file(said.index)
    if written is None:
        detail = "no checkpoint holds this statement yet"
        raise wait_a_little(404, "not-yet", "Not yet", detail, 5)
    return web.Response(
        body=written,
        headers={"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"},
    )


async def events(request: web.Request) -> web.Response:
    """Give what a member was told after an event."""
    coop, name = owner(request)
    after = whole(request.query.get("after", "0"), "after", 0, MAX_NUMBER)
    limit = whole(request.query.get("limit", "100"), "limit", 1, _MOST_AT_ONCE)
    coop.check_events(name, after)
    found = await coop.events.since(name, after, limit)
    body = b"[" + b",".join(event.written() for event in found) + b"]"
    return web.Response(
        body=body, content_type="application/json", headers={"Cache-Control": "no-store"}
    )


async def body(request: web.Request) -> web.Response:
    """Give the body of an entry to who executes everything again."""
    coop = official(request, Role.AUDITOR, Role.OPERATOR)
    found = await coop.body(whole(request.match_info["index"], "index", 0, MAX_NUMBER))
    if found is None:
        raise not_found("the log has no such entry, or its body is no longer kept")
    return web.Response(
        body=found,
        content_type="application/octet-stream",
        headers={"Cache-Control": "no-store"},
    )


def _place(request: web.Request) -> tuple[Coop, Place]:
    coop, name = owner(request, Role.AUDITOR)
    seq = whole(request.match_info["seq"], "seq", 1, MAX_NUMBER)
    return coop, Place(name, _stream(request), named(request, "chain"), seq)


def _stream(request: web.Request) -> Stream:
    for stream in STREAMS:
        if stream == request.match_info["stream"]:
            return stream
    raise not_found(f"a stream is {' or '.join(STREAMS)}")


def _found(coop: Coop, name: str) -> Member:
    member = coop.state.find(name)
    if member is None:
        raise not_found("nobody here has this name")
    return member


def _described(member: Member) -> dict[str, object]:
    return {
        "member": member.id,
        "name": member.name,
        "standing": member.standing,
        "roles": sorted(member.roles),
        "key": to_text(member.key),
        "fingerprint": fingerprint(member.key),
        "tier": member.tiers[-1],
        "joined": member.joined_index,
        "orders_held": member.orders_held,
    }
