"""What keeps a co-op's books whole: backups, and what a restored node regains."""

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from aiohttp import web

from depin_protocol.frames import FrameError, unpack
from depin_protocol.log.errors import LogError
from settlement_node.api.bodies import answer, body_of
from settlement_node.api.context import CONTEXT, MAX_NUMBER, whole
from settlement_node.api.problems import ProblemError, bad_request
from settlement_node.api.visitors import official
from settlement_node.coop.coop import Coop
from settlement_node.coop.regaining import NotRegainedError
from settlement_node.governance.member import Role
from settlement_node.store.backup import backup as write_backup

BYTES_TYPE: Final = "application/octet-stream"

_MOST_NOTE: Final = 2**17
_MOST_ENTRIES: Final = 4_096
_MOST_ENTRIES_BYTES: Final = 2**25
_MOST_BODY: Final = 2**26
_CHUNK: Final = 2**18


async def show_checkpoint(request: web.Request) -> web.Response:
    """Take a checkpoint that somebody holds: one that is larger than the log here stops it."""
    coop = request.app[CONTEXT].coop(request)
    note = await body_of(request, "text/plain", _MOST_NOTE)
    try:
        await coop.show_checkpoint(note)
    except LogError as error:
        raise bad_request(str(error), "Show a checkpoint that this log's key signed.") from None
    return _stands(coop)


async def offer_entries(request: web.Request) -> web.Response:
    """Take entries that a restored node has lost."""
    coop = official(request, Role.OPERATOR)
    start = whole(request.query.get("start", ""), "start", 0, MAX_NUMBER)
    data = await body_of(request, BYTES_TYPE, _MOST_ENTRIES_BYTES)
    try:
        await coop.offer_entries(start, unpack(data, _MOST_ENTRIES))
    except FrameError as error:
        raise bad_request(str(error), "Correct the lengths and send it again.") from None
    except NotRegainedError as error:
        raise _not_regained(error) from None
    return _stands(coop)


async def offer_body(request: web.Request) -> web.Response:
    """Take the body of an entry that a restored node has lost."""
    coop = official(request, Role.OPERATOR)
    body = await body_of(request, BYTES_TYPE, _MOST_BODY)
    try:
        await coop.offer_bodies([body])
    except NotRegainedError as error:
        raise _not_regained(error) from None
    return _stands(coop)


async def standing(request: web.Request) -> web.Response:
    """Say what keeps a restored co-op from growing again."""
    return _stands(official(request, Role.OPERATOR))


async def resume(request: web.Request) -> web.Response:
    """Let a restored co-op grow again."""
    coop = official(request, Role.OPERATOR)
    await coop.resume()
    return _stands(coop)


async def backup(request: web.Request) -> web.StreamResponse:
    """Give all rows as they are now, while statements go on coming in.

    Auditors, who may read every body, follow the log on a machine of their own.
    """
    coop = official(request, Role.OPERATOR, Role.AUDITOR)
    store = request.app[CONTEXT].hosting.stores[coop.facts.coop]
    with TemporaryDirectory(prefix="settlement-node-") as folder:
        path = Path(folder) / "backup"
        await write_backup(store, path)
        response = web.StreamResponse(
            headers={"Content-Type": BYTES_TYPE, "Cache-Control": "no-store"}
        )
        with path.open("rb") as file:
            response.content_length = os.fstat(file.fileno()).st_size
            await response.prepare(request)
            while part := await asyncio.to_thread(file.read, _CHUNK):
                await response.write(part)
        await response.write_eof()
        return response


def _stands(coop: Coop) -> web.Response:
    position = coop.position
    return answer(
        {
            "entries": position.size,
            "read_only": position.read_only,
            "missing": coop.missing,
            "resumable": coop.resumable,
        }
    )


def _not_regained(error: NotRegainedError) -> ProblemError:
    return ProblemError(
        409,
        "not-regained",
        "That is not what the log had",
        str(error),
        "Show the largest checkpoint first, then offer the entries after those that are here.",
    )
