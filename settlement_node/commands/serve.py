"""`settlement-node serve`: run the node."""

import asyncio
import resource
import signal
import ssl
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from settlement_node.api.limits import Limits
from settlement_node.api.serving import Listening, ServingError, serving
from settlement_node.commands.announcing import Announcement, announced, own_addresses
from settlement_node.commands.common import bodies_gone, data_option, folder_at, run
from settlement_node.commands.reaching import ONLY_HERE, leads_elsewhere
from settlement_node.hosting.address import host_in, is_of_one_machine
from settlement_node.hosting.collecting import pass_over_what_is_loaded
from settlement_node.hosting.folder import FolderError, NodeFolder
from settlement_node.hosting.hosting import Hosting, hosting

_LOOK: Final = 0.5
"""Seconds between looks at whether every co-op still works."""

_OWN_FILES: Final = 400
"""Open files besides the connections: the books, and connections that are about to be refused."""


@dataclass(frozen=True, slots=True)
class _Wish:
    node: NodeFolder
    host: str
    port: int
    certificate: Path | None
    key: Path | None
    proxies: Sequence[str]
    announce: bool
    take_over: bool
    clock_is_right: bool


@click.command()
@data_option
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")  # noqa: S104 - homes are to reach it
@click.option("--port", type=click.IntRange(0, 65_535), default=8480, show_default=True)
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate chain, PEM.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its private key, PEM.")
@click.option(
    "--proxy",
    multiple=True,
    help="Address or network of a proxy, believed when it says who asks. Repeatable.",
)
@click.option("--announce", is_flag=True, help="Let homes of this network find the node.")
@click.option("--take-over", is_flag=True, help="Shut out another owner of the database's books.")
@click.option("--clock-is-right", is_flag=True, help="Start though the log ended a month ago.")
def serve(  # noqa: PLR0913, PLR0917 - each is an option
    path: Path,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    proxy: tuple[str, ...],
    *,
    announce: bool,
    take_over: bool,
    clock_is_right: bool,
) -> None:
    """Run all co-ops of the data folder until SIGTERM or Ctrl-C, which lose nothing."""
    node = folder_at(path)
    flags = announce, take_over, clock_is_right
    run(_serve(_Wish(node, host, port, tls_cert, tls_key, proxy, *flags)))


async def _serve(wish: _Wish) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    folders = wish.node.coops()
    if not folders:
        raise FolderError(
            f"{wish.node.path} holds no co-op: make one with `settlement-node init --data ...`"
        )
    if wish.announce and is_of_one_machine(wish.host):
        raise ServingError(
            f"--announce with --host {wish.host}: homes cannot reach that; listen on 0.0.0.0, or"
            " on an address of the local network"
        )
    tls = _tls(wish.certificate, wish.key)
    where = Listening(wish.node.socket, wish.host, wish.port, tls)
    async with hosting(
        folders, take_over=wish.take_over, clock_is_right=wish.clock_is_right
    ) as hosted:
        for trouble in hosted.troubles.values():
            click.echo(f"not running: {trouble}", err=True)
        if not hosted.coops:
            raise FolderError("no co-op of this folder can run")
        pass_over_what_is_loaded()
        async with serving(hosted, where, _limits(), wish.proxies) as port:
            scheme = "https" if tls else "http"
            host = f"[{wish.host}]" if ":" in wish.host else wish.host
            click.echo(f"listening on {scheme}://{host}:{port}")
            for name, coop in hosted.coops.items():
                click.echo(f"  {coop.facts.name}: {name}")
                address = hosted.folders[name].description.address
                for line in _where(address, wish.host, port, tls=tls is not None):
                    click.echo(f"    {line}")
                for flaw in hosted.flaws[name]:
                    click.echo(f"  {coop.facts.name}: {flaw}", err=True)
            coops = list(hosted.coops)
            what = Announcement(wish.host, port, coops, tls is not None)
            async with announced(what, click.echo) if wish.announce else nullcontext():
                failed = await _work(hosted, stopping)
            click.echo("stopping")
    if failed:
        raise ServingError("no co-op of this node works any more; see above why")
    click.echo("stopped")


def _where(address: str, host: str, port: int, *, tls: bool) -> Iterator[str]:
    """Say what invites name, and whether that plainly leads elsewhere."""
    yield f"invites name {address}"
    if is_of_one_machine(host_in(address)):
        yield f"WARNING: {ONLY_HERE}; see `settlement-node address`"
    elsewhere = leads_elsewhere(address, host, port, own_addresses(), tls=tls)
    if elsewhere is not None:
        advice = "unless a proxy leads from there, see `settlement-node address`"
        yield f"WARNING: {elsewhere}; {advice}"


def _limits() -> Limits:
    """Return the limits that this process has room for: each connection is an open file."""
    limits = Limits()
    wanted = limits.connections + _OWN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return limits
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    room = max(soft - _OWN_FILES, soft // 2)
    return replace(limits, connections=min(limits.connections, room))


async def _work(hosted: Hosting, stopping: asyncio.Event) -> bool:
    """Wait until the node is to stop, and say when a co-op has; tell whether all have."""
    failed: set[str] = set()
    read_only: dict[str, str | None] = {}
    troubles: dict[str, str | None] = {}
    erased: dict[str, int | None] = {}
    while len(failed) < len(hosted.coops):
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK):
                await stopping.wait()
                return False
        for name, coop in hosted.coops.items():
            position = coop.position
            if position.failure is not None and name not in failed:
                failed.add(name)
                click.echo(f"{coop.facts.name}: {position.failure}", err=True)
            if position.read_only is not None and position.read_only != read_only.get(name):
                click.echo(f"{coop.facts.name} takes nothing new: {position.read_only}")
            read_only[name] = position.read_only
            if position.trouble is not None and position.trouble != troubles.get(name):
                click.echo(f"{coop.facts.name}: {position.trouble}", err=True)
            troubles[name] = position.trouble
            if position.erased is not None and position.erased != erased.get(name):
                click.echo(f"{coop.facts.name}: {bodies_gone(position.erased)}")
            erased[name] = position.erased
    return True


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        if key is not None:
            raise ServingError("--tls-key wants --tls-cert too")
        return None
    if key is None:
        raise ServingError("--tls-cert wants --tls-key too: the certificate's private key")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ServingError(f"the certificate {certificate} cannot be used: {error}") from error
    return context
