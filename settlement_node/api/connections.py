"""Watches over connections, so that a slow or greedy one is cut off before it costs others.

Each connection's bytes pass through a guard on their way to aiohttp, which by itself would wait
for the end of a request's head, and for a reader, as long as they like. Under TLS the guard stands
before the handshake, so that a connection counts from when it is there.
"""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Callable
from typing import Final, cast

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from settlement_node.api.context import Context, household
from settlement_node.api.problems import wait_a_little

_SWEEP: Final = 0.5
_TOO_MANY: Final = msgspec.json.encode(
    wait_a_little(
        503,
        "busy",
        "Too many connections",
        "this address, or all together, have as many connections as the node takes; a proxy that"
        " asks for many has to be named with --proxy",
        10,
    ).document
)
_FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nConnection: close\r\n"
    b"Content-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n%b"
    % (len(_TOO_MANY), _TOO_MANY)
)


class Connections:
    """All connections of a node."""

    def __init__(self, context: Context) -> None:
        """Begin with none."""
        self._context = context
        self._open: dict[asyncio.Transport, _Guard] = {}
        self._of_address: Counter[str] = Counter()

    def factory(
        self, inner: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None = None
    ) -> Callable[[], asyncio.Protocol]:
        """Guard the connections of a server, which begin with a handshake if it speaks TLS."""
        return lambda: _Guard(self, cast("asyncio.Protocol", inner()), tls)

    def admit(self, guard: "_Guard") -> bool:
        """Take one more connection, if there is room for it and its address.

        For this machine's own commands there always is: who looks after a crowd comes in by them.
        """
        limits = self._context.limits
        address = guard.address
        shared = self._context.is_proxy(guard.peer)
        full = len(self._open) >= limits.connections
        greedy = not shared and self._of_address[address] >= limits.connections_per_address
        if address and (full or greedy):
            return False
        self._open[guard.transport] = guard
        self._of_address[address] += 1
        return True

    async def shake_hands(self, guard: "_Guard", tls: ssl.SSLContext) -> asyncio.Transport | None:
        """Return what an admitted connection goes on with, unless it ends in its handshake."""
        loop = asyncio.get_running_loop()
        raw = guard.transport
        try:
            secured = await loop.start_tls(
                raw,
                guard,
                tls,
                server_side=True,
                ssl_handshake_timeout=self._context.limits.head_time,
            )
        except OSError:
            secured = None
        if secured is None or guard.transport not in self._open:
            self.forget(guard)
            return None
        self._open[secured] = self._open.pop(raw)
        return secured

    def forget(self, guard: "_Guard") -> None:
        """Let go of a connection that has ended."""
        if self._open.pop(guard.transport, None) is not None:
            self._of_address[guard.address] -= 1
            if not self._of_address[guard.address]:
                del self._of_address[guard.address]

    async def sweep(self) -> None:
        """Cut off, for as long as this runs, who is too slow."""
        limits = self._context.limits
        while True:
            await asyncio.sleep(_SWEEP)
            now = time.monotonic()
            for guard in list(self._open.values()):
                if guard.is_too_slow(now, limits.head_time, limits.idle_time, limits.stalled_time):
                    guard.transport.abort()

    def middleware(self) -> Middleware:
        """Tell the guard of a request's connection when its answer begins and ends."""

        @web.middleware
        async def tell(request: web.Request, handler: Handler) -> web.StreamResponse:
            guard = self._open.get(request.transport) if request.transport else None
            if guard is None:
                return await handler(request)
            guard.begin_answer()
            try:
                return await handler(request)
            finally:
                guard.end_answer()

        return tell


class _Guard(asyncio.Protocol):
    """One connection: passes all on, and notes when."""

    def __init__(
        self, connections: Connections, inner: asyncio.Protocol, tls: ssl.SSLContext | None
    ) -> None:
        self._connections = connections
        self._inner = inner
        self._tls = tls
        self._handshake: asyncio.Task[None] | None = None
        self._early = b""
        self._refused = False
        self._passing_on = False
        self._answering = False
        self._idle_since = time.monotonic()
        self._head_since: float | None = None
        self._stalled_since: float | None = None
        self.transport: asyncio.Transport
        self.peer = ""
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.peer = peer[0] if isinstance(peer, tuple) else ""
        self.address = household(self.peer)
        if not self._connections.admit(self):
            self._refused = True
            if self._tls is None:
                self.transport.write(_FULL)
            self.transport.close()
        elif self._tls is None:
            self._pass_on()
        else:
            self.transport.pause_reading()
            self._handshake = asyncio.create_task(self._shake_hands(self._tls))

    async def _shake_hands(self, tls: ssl.SSLContext) -> None:
        secured = await self._connections.shake_hands(self, tls)
        if secured is not None:
            self.transport = secured
            self._pass_on()
            if self._early:
                # It came together with the handshake's last bytes.
                self.data_received(self._early)
                self._early = b""

    def _pass_on(self) -> None:
        self._passing_on = True
        self._inner.connection_made(self.transport)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if not self._passing_on:
            self._early += data
            return
        if not self._answering and self._head_since is None:
            self._head_since = time.monotonic()
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._passing_on else None

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.forget(self)
        if self._passing_on:
            self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._stalled_since = time.monotonic()
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._stalled_since = None
        self._inner.resume_writing()

    def begin_answer(self) -> None:
        self._answering = True
        self._head_since = None

    def end_answer(self) -> None:
        self._answering = False
        self._idle_since = time.monotonic()

    def is_too_slow(self, now: float, head: float, idle: float, stalled: float) -> bool:
        """Tell whether somebody waits for the peer longer than it may take."""
        if self._stalled_since is not None:
            return now - self._stalled_since > stalled
        if self._answering:
            return False
        if self._head_since is not None:
            return now - self._head_since > head
        return now - self._idle_since > idle
