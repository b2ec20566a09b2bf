"""The proxies that are believed when they say who asks."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


class ProxyError(Exception):
    """What was given is no address and no network; the message says what to do."""


class Proxies:
    """Addresses and networks of proxies."""

    def __init__(self, names: Iterable[str]) -> None:
        """Believe these, or raise a ProxyError."""
        try:
            self._networks = [ip_network(name) for name in names]
        except ValueError as error:
            raise ProxyError(
                f"{error}: give a proxy by its address, 192.0.2.7, or its network, 192.0.2.0/24"
            ) from None

    def __contains__(self, peer: str) -> bool:
        """Tell whether a connection comes from one of them."""
        address = plain(peer) if self._networks else None
        return address is not None and any(address in network for network in self._networks)


def plain(peer: str) -> IPv4Address | IPv6Address | None:
    """Read an address, as IPv4 if that is what it is under IPv6; nothing if it is none."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
