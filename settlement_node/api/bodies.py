"""Takes the bodies of requests: bounded before they are read, and not for ever."""

import asyncio

import msgspec
from aiohttp import web

from settlement_node.api.arriving import Cut
from settlement_node.api.context import CONTEXT
from settlement_node.api.problems import ProblemError, bad_request, wait_a_little
from settlement_node.foreign_json import ForeignJSONError, read_foreign


async def body_of(request: web.Request, media_type: str, most: int) -> bytes:
    """Read a body of this type, or raise a ProblemError."""
    if request.content_type != media_type:
        raise ProblemError(
            415,
            "unsupported-media-type",
            "Not that type of content",
            f"the content is {request.content_type[:100]}",
            f"Send it as {media_type}.",
        )
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise ProblemError(
            415,
            "unsupported-media-type",
            "Not that type of content",
            f"the content is encoded as {encoding[:100]!r}",
            "Send it without Content-Encoding.",
        )
    if request.content_length is not None and request.content_length > most:
        raise _too_large(most)
    # Most bodies are here as soon as their head, and need neither a clock nor a count.
    content = request.content
    if content.is_eof() and content.exception() is None:
        data = content.read_nowait()
    else:
        data = await _arriving(request, most)
    if len(data) > most:
        raise _too_large(most)
    if not data:
        raise bad_request("there is no content", f"Send it as {media_type}.")
    return data


async def _arriving(request: web.Request, most: int) -> bytes:
    context = request.app[CONTEXT]
    arriving = context.arriving
    parts: list[bytes] = []
    size = 0
    cut: Cut | None = None
    try:
        async with asyncio.timeout(context.limits.body_time) as patience:
            with arriving.awaited(context.address(request), patience) as body:
                try:
                    async for part in request.content.iter_any():
                        size += len(part)
                        if size > most:
                            raise _too_large(most)
                        arriving.grow(body, len(part))
                        parts.append(part)
                finally:
                    cut = body.cut
    except TimeoutError:
        raise _cut_off(cut, size, context.limits.body_time) from None
    except (web.RequestPayloadError, ConnectionError) as error:
        raise bad_request(f"the content breaks off: {error}"[:200], "Send it again.") from None
    return b"".join(parts)


def _cut_off(cut: Cut | None, size: int, seconds: float) -> ProblemError:
    match cut:
        case Cut.FULL:
            return wait_a_little(503, "busy", "Too much waits already", cut.value, 2, close=True)
        case Cut.STOPPING:
            return wait_a_little(503, "stopped", "The node stops", cut.value, 10, close=True)
        case None:
            return ProblemError(
                408,
                "too-slow",
                "The request took too long",
                f"{size} bytes came in {seconds:g} s",
                "Send less at once.",
                headers={"Connection": "close"},
            )


async def json_of[T](request: web.Request, kind: type[T], most: int = 4096) -> T:
    """Read a small JSON object."""
    data = await body_of(request, "application/json", most)
    try:
        return read_foreign(data, kind)
    except ForeignJSONError as error:
        raise bad_request(str(error), "See /openapi.json for the fields.") from None


def answer(value: object, status: int = 200) -> web.Response:
    """Write an answer that nobody on the way may keep."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(value),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _too_large(most: int) -> ProblemError:
    return ProblemError(
        413,
        "too-large",
        "Too large",
        f"the content is longer than {most} bytes",
        "Send it in several requests.",
        headers={"Connection": "close"},
        extensions={"limit": most},
    )
