"""`POST /v1/statements`: what homes say, in batches, and a receipt or a problem for each."""

import re
from collections.abc import Collection
from functools import lru_cache
from itertools import compress, groupby
from typing import Final

import msgspec
from aiohttp import web

from depin_protocol.frames import MEDIA_TYPE, FrameError, unpack
from depin_protocol.identifiers import is_id
from depin_protocol.problems import RefusedError, WrongCoopError, problem_document
from depin_protocol.statements.envelope import read_envelope
from settlement_node.api.bodies import body_of
from settlement_node.api.context import CONTEXT
from settlement_node.api.problems import bad_request, wait_a_little
from settlement_node.coop.answers import Answer

# Where the one form of an envelope has the names of its co-op and member, after the signature.
_COOP: Final = slice(64 + 15, 64 + 15 + 22)
_MEMBER: Final = slice(_COOP.stop + 12, _COOP.stop + 12 + 22)
_KIND_ENDS: Final = 64 + 223
"""The kind stands before this, however long the numbers before it are."""
_LASTING: Final = re.compile(rb'"kind":"(chain_opening|key_change)"')
"""Also finds these words within a body, which can only cost the member who wrote them."""


async def take(request: web.Request) -> web.Response:
    """Take a batch for one co-op: the first that a statement names and this node runs."""
    context = request.app[CONTEXT]
    limits = context.limits
    data = await body_of(request, MEDIA_TYPE, limits.body_bytes)
    try:
        wires = unpack(data, limits.batch)
    except FrameError as error:
        raise bad_request(str(error), "Correct the lengths and send it again.") from None
    if not wires:
        raise bad_request("there is no statement", "Send at least one.")
    members = [_text(wire[_MEMBER]) for wire in wires]
    lasting = [_lasting(wire) for wire in wires]
    _keep_to_rates(request, set(members), len(wires))
    _keep_to_lasting_rates(request, lasting)
    running = context.hosting.coops
    name = next(filter(running.__contains__, (_text(wire[_COOP]) for wire in wires)), None)
    if name is None:
        return _written([_refused(wire) for wire in wires])
    coop = running[name]
    answers = await coop.submit(wires)
    # What is known already costs its address alone: anybody may have heard it, and say it again.
    for member, run in groupby(compress(members, answers.entered)):
        context.members.charge(member, sum(1 for _ in run))
    for kind in compress(lasting, answers.entered):
        if kind is not None:
            context.lasting.charge(kind, 1)
    return _written(answers)


def _refused(wire: bytes) -> RefusedError:
    """Say what keeps a statement out that names no co-op of this node where its name belongs."""
    try:
        read_envelope(wire)
    except RefusedError as refused:
        return refused
    return WrongCoopError("signed for a co-op that this node does not run")


def _keep_to_rates(request: web.Request, members: Collection[str], count: int) -> None:
    """Let an address pay for what it sends, and a member for what was taken from it before.

    Who a statement is from is known once its signature was checked, so nobody can use up the
    share of somebody else.
    """
    context = request.app[CONTEXT]
    address = context.address(request)
    seconds = context.addresses.take(address, count) if address else 0
    for member in members:
        seconds = max(seconds, context.members.wait(member))
    if seconds:
        detail = "more statements came from this address or member than its share"
        raise wait_a_little(429, "too-many-requests", "Too many statements", detail, seconds)


def _keep_to_lasting_rates(request: web.Request, kinds: Collection[str | None]) -> None:
    """Let nobody open chains or change keys without end."""
    lasting = request.app[CONTEXT].lasting
    seconds = max((lasting.wait(kind) for kind in kinds if kind is not None), default=0)
    if seconds:
        detail = "the member has opened more chains, or changed its key more often, than its share"
        raise wait_a_little(429, "too-many-requests", "Too many chains or keys", detail, seconds)


def _lasting(wire: bytes) -> str | None:
    """Name the member and kind of what leaves something for ever."""
    kind = _LASTING.search(wire, _MEMBER.stop, _KIND_ENDS)
    return None if kind is None else _text(wire[_MEMBER]) + kind[1].decode()


@lru_cache(maxsize=2**14)
def _text(name: bytes) -> str:
    text = name.decode("ascii", "replace")
    return text if is_id(text) else ""


def _written(answers: list[Answer] | list[RefusedError]) -> web.Response:
    parts = [
        msgspec.json.encode(problem_document(one))
        if isinstance(one, RefusedError)
        else one.written()
        for one in answers
    ]
    return web.Response(
        body=b"[" + b",".join(parts) + b"]",
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
