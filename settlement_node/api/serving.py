"""Serves the node's co-ops on an address, and on a socket for this machine's own commands."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from settlement_node.api.connections import Connections
from settlement_node.api.context import CONTEXT
from settlement_node.api.door import Door
from settlement_node.api.limits import Limits
from settlement_node.api.proxies import ProxyError
from settlement_node.api.routes import application
from settlement_node.hosting.hosting import Hosting
from settlement_node.hosting.socket_path import short_path

_BACKLOG: Final = 256
"""Connections that are taken at once, before it is looked at whether there is room for them."""

_LAST_ANSWERS: Final = 4.0
"""Seconds that answers under way get when the node stops; who looks after it may kill it at 10."""


class ServingError(Exception):
    """The node cannot listen; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen; no host means the socket alone."""

    socket: Path
    host: str | None = None
    port: int = 0
    tls: ssl.SSLContext | None = None


def _logger() -> logging.Logger:
    """Return a log for what goes wrong here; what others send wrong is answered, not logged."""
    logger = logging.getLogger("settlement_node.http")
    logger.addFilter(_is_our_own)
    return logger


def _is_our_own(record: logging.LogRecord) -> bool:
    return record.exc_info is None or not isinstance(
        record.exc_info[1], (HttpProcessingError, web.RequestPayloadError)
    )


@asynccontextmanager
async def serving(
    hosting: Hosting,
    where: Listening,
    limits: Limits | None = None,
    proxies: Iterable[str] = (),
) -> AsyncIterator[int]:
    """Answer until the block ends, and give the port; what was taken by then is durable."""
    try:
        app = application(hosting, limits, proxies)
    except ProxyError as error:
        raise ServingError(str(error)) from error
    connections = Connections(app[CONTEXT])
    app.middlewares.insert(0, connections.middleware())
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=_LAST_ANSWERS,
    )
    await runner.setup()
    if runner.server is None:
        raise RuntimeError("aiohttp has made no server")
    loop = asyncio.get_running_loop()
    door = partial(
        Door,
        runner.server,
        loop=loop,
        access_log=None,  # type: ignore[arg-type] # as its own runner gives it
        logger=_logger(),
        auto_decompress=False,  # a body is bounded by the bytes that it has, and is what was signed
    )
    servers: list[asyncio.Server] = []
    own = 0
    sweeping = asyncio.create_task(connections.sweep())
    try:
        where.socket.unlink(missing_ok=True)
        try:
            with short_path(where.socket) as path:
                servers.append(
                    await loop.create_unix_server(connections.factory(door), path, backlog=_BACKLOG)
                )
            where.socket.chmod(0o600)
            own = where.socket.stat().st_ino
            if where.host is not None:
                servers.append(
                    await loop.create_server(
                        connections.factory(door, where.tls),
                        where.host,
                        where.port,
                        backlog=_BACKLOG,
                    )
                )
        except OSError as error:
            raise ServingError(
                f"cannot listen on {where.host} port {where.port} and {where.socket}:"
                f" {error.strerror or error}; choose another with --host and --port"
            ) from error
        port = servers[-1].sockets[0].getsockname()[1] if where.host is not None else 0
        yield port
    finally:
        await _close(servers)
        _remove(where.socket, own)
        app[CONTEXT].arriving.stop()
        await hosting.stop()
        await runner.cleanup()
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping


async def _close(servers: Sequence[asyncio.Server]) -> None:
    """Let nobody in any more."""
    loop = asyncio.get_running_loop()
    for server in servers:
        for socket in server.sockets:
            loop.remove_reader(socket)
    # Python trips over whom it has accepted if the server is closed before they have come in.
    await asyncio.sleep(0)
    for server in servers:
        server.close()


def _remove(socket: Path, own: int) -> None:
    """Remove the socket, unless it is that of a node which has taken over meanwhile."""
    with suppress(FileNotFoundError):
        if socket.stat().st_ino == own:
            socket.unlink()
