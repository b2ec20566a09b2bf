"""Each home's stream of events, pushed as server-sent events.

Server-sent events and not a WebSocket: a plain GET passes every proxy, an interrupted one is
resumed by Last-Event-ID, and a home has nothing to say on it that is not a signed statement.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from aiohttp import web

from depin_protocol.events import Event
from settlement_node.api.context import CONTEXT, MAX_NUMBER, whole
from settlement_node.api.problems import ProblemError
from settlement_node.api.visitors import owner
from settlement_node.coop.coop import Coop
from settlement_node.governance.member import Standing

_BEGINNING: Final = b"retry: 5000\n\n"
_HEARTBEAT: Final = b": still here\n\n"
_REPLACED: Final = b"retry: 60000\n: the member listens elsewhere\n\n"
"""Who listens too often takes turns slowly."""


async def stream(request: web.Request) -> web.StreamResponse:
    """Push what the member missed, then what comes; a comment in between shows that it lives."""
    context = request.app[CONTEXT]
    coop, member = _listener(request)
    last = request.headers.get("Last-Event-ID") or request.query.get("after", "0")
    after = whole(last, "Last-Event-ID", 0, MAX_NUMBER)
    coop.check_events(member, after)
    with context.listeners.place(f"{coop.facts.coop}/{member}") as lost:
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        # Who has gone away, or was sent away for not reading, comes back when it likes.
        with suppress(ConnectionError):
            await response.prepare(request)
            await response.write(_BEGINNING)
            events = coop.events.listen(member, after)
            await _push(request, response, events, lost)
            await response.write_eof()
    return response


def _listener(request: web.Request) -> tuple[Coop, str]:
    """Return the co-op and the member that may listen, or raise a ProblemError."""
    coop, member = owner(request)
    found = coop.state.find(member)
    if found is None or found.standing is Standing.LEFT:
        raise ProblemError(
            403,
            "forbidden",
            "Not for this member",
            "nothing is pushed to who has left",
            "Ask for the events.",
        )
    return coop, member


async def _push(
    request: web.Request,
    response: web.StreamResponse,
    events: AsyncIterator[Event],
    lost: asyncio.Event,
) -> None:
    """Push until there is no more, another stream takes the place or the token ends."""
    heartbeat = request.app[CONTEXT].limits.heartbeat
    losing = asyncio.ensure_future(lost.wait())
    following = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            done, _ = await asyncio.wait(
                {following, losing}, timeout=heartbeat, return_when=asyncio.FIRST_COMPLETED
            )
            if losing in done:
                await response.write(_REPLACED)
                return
            try:
                _listener(request)
            except ProblemError:
                return
            if not done:
                await response.write(_HEARTBEAT)
                continue
            event = following.result()
            if event is None:
                return
            await response.write(_written(event))
            following = asyncio.ensure_future(anext(events, None))
    finally:
        losing.cancel()
        following.cancel()


def _written(event: Event) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.kind.encode(), event.written())
