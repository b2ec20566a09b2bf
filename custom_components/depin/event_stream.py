"""The stream of a node's events: server-sent events, gone on with after the last one seen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import ClientError, ClientResponse, ClientTimeout

from .node import MemberNode, NodeAwayError, NodeError, StrangeAnswerError, refusal
from .protocol.events import MAX_EVENT, Event, EventError

_HEARTBEATS_MISSED: Final = 75
"""A node says every 20 seconds that it is there: after so many of silence it is not."""

_TIMEOUT: Final = ClientTimeout(total=None, connect=15, sock_read=_HEARTBEATS_MISSED)
_CHUNK: Final = 2**14
_MOST_WAITING: Final = 2 * MAX_EVENT
_DATA: Final = b"data: "
_OK: Final = 200


@asynccontextmanager
async def listening(node: MemberNode, after: int) -> AsyncIterator[AsyncIterator[Event]]:
    """Open the stream of what a member missed and what comes, until the node ends it.

    It ends now and then in good order, as with its token. What breaks it is a NodeError.
    """
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
    if node.token is not None:
        headers["Authorization"] = f"Bearer {node.token}"
    try:
        async with node.node.session.get(
            f"{node.node.address}{node.path}/events/stream",
            headers=headers,
            timeout=_TIMEOUT,
            allow_redirects=False,
        ) as response:
            if response.status != _OK:
                raise await _refused(node, response)
            yield _events(response)
    except (ClientError, TimeoutError, OSError) as error:
        raise NodeAwayError(f"the stream of events broke off: {error!r}") from error


async def _events(response: ClientResponse) -> AsyncIterator[Event]:
    async for line in _lines(response):
        if line.startswith(_DATA):
            yield _event(line.removeprefix(_DATA))


async def _lines(response: ClientResponse) -> AsyncIterator[bytes]:
    waiting = b""
    async for part in response.content.iter_chunked(_CHUNK):
        *lines, waiting = (waiting + part).split(b"\n")
        if len(waiting) > _MOST_WAITING:
            msg = "an event is too long"
            raise StrangeAnswerError(msg)
        for line in lines:
            yield line


def _event(data: bytes) -> Event:
    try:
        return Event.read(data)
    except EventError as error:
        raise StrangeAnswerError(f"an event is not as agreed: {error}") from error


async def _refused(node: MemberNode, response: ClientResponse) -> NodeError:
    wait = response.headers.get("Retry-After", "")
    return node.heed(refusal(response.status, wait, await response.content.read(_MOST_WAITING)))
