"""Whether the address that invites name plainly leads elsewhere than to where the node listens."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from settlement_node.commands.announcing import reachable
from settlement_node.hosting.address import host_in, is_of_one_machine, read_ip

ONLY_HERE = "only this machine itself can reach that: homes elsewhere need another address"


def leads_elsewhere(
    address: str, host: str, port: int, own: Sequence[str], *, tls: bool
) -> str | None:
    """Say what of it does not fit; nothing where it fits, or where only who asks could tell.

    `own` are this machine's addresses that others may reach.
    """
    scheme = "https" if tls else "http"
    named = urlsplit(address)
    differs = [
        f"the node speaks {scheme}" if named.scheme != scheme else None,
        f"the node listens on port {port}"
        if (named.port or (443 if named.scheme == "https" else 80)) != port
        else None,
        _host_elsewhere(host_in(address), host, own),
    ]
    return "; ".join(filter(None, differs)) or None


def _host_elsewhere(there: str, host: str, own: Sequence[str]) -> str | None:
    listening = read_ip(host)
    hears_all = listening is not None and listening.is_unspecified
    if is_of_one_machine(there):
        heard = hears_all or listening is None or listening.is_loopback
        return None if heard else f"the node listens on {host} alone"
    if is_of_one_machine(host):
        return f"the node listens on {host}, for this machine alone"
    # Where a name leads to, only who asks for it knows.
    if read_ip(there) is None or listening is None or there in reachable(host, own):
        return None
    if hears_all:
        return f"this machine has no address {there} that the node listens on"
    return f"the node listens on {host} alone"
