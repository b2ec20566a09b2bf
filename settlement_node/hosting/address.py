"""The address that invites name: what nobody could use, and what only this machine can."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from settlement_node.hosting.folder import FolderError


def read_ip(host: str) -> IPv4Address | IPv6Address | None:
    """Read a host that is given by its number; nothing if it has a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def host_in(address: str) -> str:
    """Return the host of an address that an invite can name."""
    return urlsplit(address).hostname or ""


def check_leads_somewhere(address: str) -> None:
    """Refuse what means every address of a machine: it is for listening, and leads nowhere."""
    ip = read_ip(host_in(address))
    if ip is not None and ip.is_unspecified:
        raise FolderError(
            f"homes cannot reach {address}: give the name or the address of this machine as homes"
            " know it, such as https://node.example:8480"
        )


def is_of_one_machine(host: str) -> bool:
    """Tell whether a host means the very machine that asks."""
    ip = read_ip(host)
    return host == "localhost" or host.endswith(".localhost") or (ip is not None and ip.is_loopback)
