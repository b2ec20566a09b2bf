"""The log's public files and proofs, for anybody: homes, witnesses, mirrors."""

from hashlib import sha256

from aiohttp import ETag, web

from depin_protocol.encoding import to_text
from depin_protocol.log.errors import ProofError
from settlement_node.api.bodies import answer
from settlement_node.api.context import CONTEXT, MAX_NUMBER, whole
from settlement_node.api.problems import bad_request, not_found
from settlement_node.keeping.succession import generation
from settlement_node.log.shelf import Shelf

_MOST_DIGITS = 9
_TAG_LENGTH = 32


async def file(request: web.Request) -> web.Response:
    """Serve the checkpoint, a tile or a bundle as the file that it is.

    A log that succeeds another has its number before the path; the others stay where they were.
    """
    context = request.app[CONTEXT]
    coop = context.coop(request)
    path = request.match_info["path"]
    number, _, rest = path.partition("/")
    wanted = 1
    if number.isdecimal():
        wanted, path = int(number[:_MOST_DIGITS]), rest
    if wanted == generation(coop.facts.origin):
        shelf: Shelf | None = coop.shelf
    else:
        shelf = context.hosting.archives.shelf(coop.facts.coop, wanted)
    served = None if shelf is None else await shelf.fetch(path)
    if served is None:
        raise not_found("the log has no such file")
    tag = ETag(sha256(served.content).hexdigest()[:_TAG_LENGTH])
    if any(known.value in {tag.value, "*"} for known in request.if_none_match or ()):
        response = web.Response(status=304)
    else:
        response = web.Response(body=served.content)
        response.headers["Content-Type"] = served.content_type
    response.etag = tag
    response.headers["Cache-Control"] = served.cache_control
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


async def inclusion(request: web.Request) -> web.Response:
    """Prove that the log of a size has an entry."""
    coop = request.app[CONTEXT].coop(request)
    index, size = _number(request, "index"), _number(request, "size")
    try:
        proof = await coop.shelf.inclusion(index, size)
    except ProofError as error:
        raise not_found(str(error)) from None
    return answer({"index": index, "size": size, "path": [to_text(hash_) for hash_ in proof]})


async def consistency(request: web.Request) -> web.Response:
    """Prove that the log of one size is the beginning of a larger one."""
    coop = request.app[CONTEXT].coop(request)
    old, new = _number(request, "old"), _number(request, "new")
    try:
        proof = await coop.shelf.consistency(old, new)
    except ProofError as error:
        raise not_found(str(error)) from None
    return answer({"old": old, "new": new, "path": [to_text(hash_) for hash_ in proof]})


def _number(request: web.Request, name: str) -> int:
    if name not in request.query:
        raise bad_request(f"{name} is missing", f"Give {name}, a size or index of the log.")
    return whole(request.query[name], name, 0, MAX_NUMBER)
