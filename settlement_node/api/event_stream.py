"""Each home's stream of events, pushed as server-sent events.

Server-sent events and not a WebSocket: a plain GET passes every proxy, an interrupted one is
resumed by Last-Event-ID, and a home has nothing to say on it that is not a signed statement.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from aiohttp import web

from depin_protocol.events import Event
from settlement_node.api.context import CONTEXT, Context, whole
from settlement_node.api.problems import wait_a_little
from settlement_node.api.visitors import owner

_MAX_NUMBER = 10**15 - 1
_HEARTBEAT = b": still here\n\n"


async def stream(request: web.Request) -> web.StreamResponse:
    """Push what the member missed, then what comes; a comment in between shows that it lives."""
    context = request.app[CONTEXT]
    coop, member = owner(request)
    last = request.headers.get("Last-Event-ID") or request.query.get("after", "0")
    after = whole(last, "Last-Event-ID", 0, _MAX_NUMBER)
    coop.events.check(after)
    with _counted(context, f"{coop.facts.coop}/{member}"):
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        await response.prepare(request)
        try:
            await response.write(b"retry: 5000\n\n")
            await _push(response, coop.events.listen(member, after), context.limits.heartbeat)
        except ConnectionError:
            # Who has gone away, or was sent away for not reading, comes back when it likes.
            return response
        await response.write_eof()
    return response


async def _push(
    response: web.StreamResponse, events: AsyncIterator[Event], heartbeat: float
) -> None:
    following = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            done, _ = await asyncio.wait({following}, timeout=heartbeat)
            if not done:
                await response.write(_HEARTBEAT)
                continue
            event = following.result()
            if event is None:
                return
            await response.write(_written(event))
            following = asyncio.ensure_future(anext(events, None))
    finally:
        following.cancel()


def _written(event: Event) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.kind.encode(), event.written())


@contextmanager
def _counted(context: Context, member: str) -> Iterator[None]:
    open_now = context.streams.get(member, 0)
    if open_now >= context.limits.streams_per_member:
        detail = f"this member listens {open_now} times already"
        raise wait_a_little(429, "too-many-streams", "Too many streams", detail, 30)
    if sum(context.streams.values()) >= context.limits.streams:
        detail = "as many listen to this node as it can serve"
        raise wait_a_little(503, "busy", "Too many streams", detail, 60)
    context.streams[member] = open_now + 1
    try:
        yield
    finally:
        context.streams[member] -= 1
        if not context.streams[member]:
            del context.streams[member]
