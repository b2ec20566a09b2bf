"""Lets homes of the local network find the node, as `_depin._tcp`."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

SERVICE = "_depin._tcp.local."


@asynccontextmanager
async def announced(port: int, coops: Sequence[str], *, tls: bool) -> AsyncIterator[None]:
    """Announce the node until the block ends."""
    name = socket.gethostname().partition(".")[0]
    info = AsyncServiceInfo(
        SERVICE,
        f"{name}.{SERVICE}",
        port=port,
        server=f"{name}.local.",
        parsed_addresses=_own_addresses(),
        properties={"v": "1", "tls": str(int(tls)), "coops": ",".join(coops[:8])},
    )
    zeroconf = AsyncZeroconf(ip_version=IPVersion.V4Only)
    try:
        await (await zeroconf.async_register_service(info, allow_name_change=True))
        yield
    finally:
        await zeroconf.async_unregister_all_services()
        await zeroconf.async_close()


def _own_addresses() -> list[str]:
    """Return the address that this machine has towards others; no packet is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ["127.0.0.1"]
        return [str(probe.getsockname()[0])]
