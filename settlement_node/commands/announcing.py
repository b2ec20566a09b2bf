"""Lets homes of the local network find the node, as `_depin._tcp`."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import ifaddr
from zeroconf import IPVersion, NonUniqueNameException, NotRunningException
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from depin_protocol.encoding import from_text
from depin_protocol.identifiers import ID_LENGTH
from settlement_node.hosting.address import read_ip

SERVICE: Final = "_depin._tcp.local."

_LOOK: Final = 10.0
"""Seconds between looks at this machine's addresses."""

_MOST_HOST: Final = 40
_FAILURES: Final = (OSError, RuntimeError, NonUniqueNameException, NotRunningException)
"""What zeroconf raises where there is no network yet, or none any more."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """Where a node listens, and which co-ops it runs."""

    host: str
    port: int
    coops: Sequence[str]
    tls: bool

    def service(self, addresses: Sequence[str]) -> AsyncServiceInfo:
        """Describe the node at these addresses.

        Nodes of one machine have names of their own: one that goes would else take the other's
        address along.
        """
        host = socket.gethostname().partition(".")[0][:_MOST_HOST]
        name = f"{host}-{from_text(self.coops[0], ID_LENGTH).hex()[:8]}"
        return AsyncServiceInfo(
            SERVICE,
            f"{name}.{SERVICE}",
            port=self.port,
            server=f"{name}.local.",
            parsed_addresses=list(addresses),
            properties={"v": "1", "tls": str(int(self.tls)), "coops": ",".join(self.coops[:8])},
        )


@asynccontextmanager
async def announced(what: Announcement, say: Callable[[str], None]) -> AsyncIterator[None]:
    """Announce the node until the block ends, whenever there is a network."""
    announcing = asyncio.create_task(_announce(what, say))
    try:
        yield
    finally:
        announcing.cancel()
        with suppress(asyncio.CancelledError):
            await announcing


async def _announce(what: Announcement, say: Callable[[str], None]) -> None:
    said = ""
    while True:
        addresses = reachable(what.host, own_addresses())
        news = f"announced at {' and '.join(addresses)}"
        if not addresses:
            news = "not announced yet: this machine has no network"
        else:
            try:
                async with _registered(what.service(addresses)):
                    said = _tell(say, news, said)
                    await _until_elsewhere(what.host, addresses)
                continue
            except _FAILURES as error:
                news = f"not announced yet: {str(error) or type(error).__name__}"
        said = _tell(say, news, said)
        await asyncio.sleep(_LOOK)


async def _until_elsewhere(host: str, addresses: Sequence[str]) -> None:
    while True:
        await asyncio.sleep(_LOOK)
        if reachable(host, own_addresses()) != addresses:
            return


def _tell(say: Callable[[str], None], news: str, said: str) -> str:
    if news != said:
        say(news)
    return news


@asynccontextmanager
async def _registered(service: AsyncServiceInfo) -> AsyncIterator[None]:
    has_ipv6 = bool(service.addresses_by_version(IPVersion.V6Only))
    zeroconf = AsyncZeroconf(ip_version=IPVersion.All if has_ipv6 else IPVersion.V4Only)
    try:
        await (await zeroconf.async_register_service(service, allow_name_change=True))
        yield
    finally:
        await zeroconf.async_unregister_all_services()
        await zeroconf.async_close()


def reachable(host: str, own: Sequence[str]) -> list[str]:
    """Return at which of this machine's addresses a node answers that listens on a host."""
    address = read_ip(host)
    if address is None or not address.is_unspecified:
        return [one for one in own if address is None or one == str(address)]
    return [one for one in own if ip_address(one).version == address.version]


def own_addresses() -> list[str]:
    """Return this machine's addresses that others may reach, in a fixed order."""
    found = [
        str(ip.ip if ip.is_IPv4 else ip.ip[0])
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
    ]
    return sorted(one for one in set(found) if _is_others_to_reach(ip_address(one)))


def _is_others_to_reach(address: IPv4Address | IPv6Address) -> bool:
    link_local = address.version == 6 and address.is_link_local  # noqa: PLR2004 - IPv6
    return not (address.is_loopback or link_local or address.is_unspecified)
