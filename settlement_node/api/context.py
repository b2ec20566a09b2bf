"""What every answer stands on: the co-ops, the limits, who may see what, who is asking."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Final

from aiohttp import web

from depin_protocol.identifiers import is_id
from settlement_node.api.access import Access
from settlement_node.api.arriving import Arriving
from settlement_node.api.limits import Buckets, Limits
from settlement_node.api.listeners import Listeners
from settlement_node.api.problems import bad_request, not_found, wait_a_little
from settlement_node.api.proxies import Proxies, plain
from settlement_node.coop.coop import Coop
from settlement_node.hosting.hosting import Hosting

REQUEST_COST: Final = 10

_IPV6_HOME: Final = 64
"""Bits of an IPv6 address that one home has to itself; the rest it can change at will."""


class Context:
    """What one node's doors share."""

    def __init__(self, hosting: Hosting, limits: Limits, proxies: Iterable[str] = ()) -> None:
        """Begin to answer for these co-ops; `proxies` are believed when they say who asks."""
        self.hosting = hosting
        self.limits = limits
        self.access = Access()
        self.addresses = Buckets(limits.address)
        self.members = Buckets(limits.member)
        self.lasting = Buckets(limits.lasting)
        self.listeners = Listeners(limits)
        self.arriving = Arriving(limits.bodies_bytes)
        self._proxies = Proxies(proxies)
        self._answering: dict[str, int] = {}

    def coop(self, request: web.Request) -> Coop:
        """Return the co-op that the path names."""
        name = request.match_info["coop"]
        found = self.hosting.coops.get(name)
        if found is None:
            raise not_found("this node runs no such co-op")
        return found

    def is_proxy(self, peer: str) -> bool:
        """Tell whether connections from here are those of others."""
        return not peer or peer in self._proxies

    def address(self, request: web.Request) -> str:
        """Name who is asking, or nothing for this machine's own commands."""
        peer = request.remote or ""
        if peer in self._proxies:
            # Only the last name is the proxy's own word; anybody could have written the others.
            peer = request.headers.get("X-Forwarded-For", peer).rpartition(",")[2].strip()
        return household(peer)

    def begin_answer(self, request: web.Request) -> str:
        """Let a request in unless its address asks too much; return whom to end the answer for."""
        address = self.address(request)
        if not address:
            return ""
        if seconds := self.addresses.take(address, REQUEST_COST):
            detail = "this address asks more than its share"
            raise wait_a_little(429, "too-many-requests", "Too many requests", detail, seconds)
        answering = self._answering.get(address, 0)
        if answering >= self.limits.requests_per_address:
            detail = f"{answering} requests of this address are being answered"
            raise wait_a_little(429, "too-many-requests", "Too many requests", detail, 1)
        self._answering[address] = answering + 1
        return address

    def end_answer(self, address: str) -> None:
        """Make room for another request of this address."""
        if not address:
            return
        left = self._answering[address] - 1
        if left:
            self._answering[address] = left
        else:
            del self._answering[address]


CONTEXT: Final = web.AppKey("context", Context)


@lru_cache(maxsize=10_000)
def household(peer: str) -> str:
    """Name what shares one household's limits: an IPv4 address, or half of an IPv6 one."""
    if not peer:
        return ""
    address = plain(peer)
    if address is None:
        return "unreadable"
    if isinstance(address, IPv6Address):
        return f"{int(address) >> _IPV6_HOME:016x}"
    return str(address)


def named(request: web.Request, name: str) -> str:
    """Return a name of 16 bytes from the path."""
    value = request.match_info[name]
    if not is_id(value):
        raise not_found(f"{name} is not a name of 16 bytes in base64url")
    return value


MAX_NUMBER: Final = 10**15 - 1
"""The largest index, number or instant that this protocol writes."""


def check_query(request: web.Request) -> None:
    """Refuse a query that says one thing twice."""
    for name in request.query:
        if len(request.query.getall(name)) > 1:
            raise bad_request(f"{name[:40]} stands twice in the query", "Give it once.")


def whole(text: str, name: str, low: int, high: int) -> int:
    """Read a whole number of a path or query."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(high))):
        raise bad_request(f"{name} is not a whole number", f"Give one from {low} to {high}.")
    value = int(text)
    if not low <= value <= high:
        raise bad_request(f"{name} is {value}", f"Give one from {low} to {high}.")
    return value
