"""`settlement-node state`: the roots of a co-op's whole state, and what rests on them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from depin_protocol.statements.membership import Confirmation
from settlement_node.commands.common import (
    bodies_gone,
    coop_option,
    data_option,
    folder_at,
    reason_option,
    run,
)
from settlement_node.commands.far_node import (
    Caller,
    NodeAddress,
    far_node,
    key_option,
    member_option,
)
from settlement_node.commands.local_node import LocalNodeError, Operator, operator
from settlement_node.commands.verify import verified
from settlement_node.coop.clearing_out import deleted_below
from settlement_node.hosting.folder import CoopFolder, NodeFolder
from settlement_node.instants import shown_time
from settlement_node.keeping.following import EraseBodies
from settlement_node.keeping.roots import Roots
from settlement_node.store.opening import open_store

_root = click.argument("index", metavar="ROOT", type=click.IntRange(min=1))


@click.group()
def state() -> None:
    """List, confirm and rely on the roots of the whole state that stand in the log."""


@state.command("list")
@data_option
@coop_option
def list_roots(path: Path, coop: str | None) -> None:
    """List the state roots that are kept, oldest first."""
    roots = run(_listed(folder_at(path), coop))
    if not roots:
        click.echo("no state root yet: one is logged before the first entry of each later day")
    for one in roots:
        auditors = ", ".join(one["confirmed"]) or "nobody"
        at = shown_time(one["at"])
        click.echo(f"{one['index']}  logged at {at}  confirmed by {auditors}{_erasure(one)}")


@state.command()
@data_option
@coop_option
@_root
@key_option
@member_option
@click.option(
    "--node",
    "url",
    type=NodeAddress(),
    help="A node elsewhere, of which the data folder has a copy; see `settlement-node copy`.",
)
def confirm(  # noqa: PLR0913 - one argument for each option
    path: Path,
    coop: str | None,
    *,
    index: int,
    key: bytes | None,
    member: str | None,
    url: str | None,
) -> None:
    """Follow the whole log and, if all follows, sign as an auditor that ROOT is its state."""
    if url is None:
        run(_confirmed(folder_at(path), coop, index, key, member))
    elif key is None:
        raise click.UsageError("name the auditor's own key file with --key")
    else:
        run(_confirmed_elsewhere(folder_at(path), coop, index, Caller(url, key, member)))
    click.echo(f"all follows, and root {index} is confirmed")


@state.command()
@data_option
@coop_option
@_root
@reason_option
def erase(path: Path, coop: str | None, index: int, reason: str) -> None:
    """Erase the bodies of all entries before ROOT, and transfers, for good; backups keep theirs.

    It has to be older than the co-op keeps its books, and confirmed by an auditor.
    """
    run(_erased(folder_at(path), coop, index, reason))
    click.echo(
        "done: it stands in the log. While the node runs it deletes the bodies of the first"
        f" {index} entries; `state list` and the node itself say when they are gone"
    )


def _erasure(root: dict[str, Any]) -> str:
    if root["deleted"]:
        return f"  {bodies_gone(root['index'])}"
    return "  all below it is being deleted" if root["erased"] else ""


async def _listed(node: NodeFolder, coop: str | None) -> list[dict[str, Any]]:
    folder = node.choose(coop)
    if folder.description.is_copy:
        roots, deleted = await _kept_roots(folder)
        return [
            {"index": index, **asdict(root), "deleted": root.erased and index <= deleted}
            for index, root in roots.all.items()
        ]
    async with operator(node, folder) as speaker:
        return await _roots(speaker)


async def _confirmed(
    node: NodeFolder, coop: str | None, index: int, seed: bytes | None, member: str | None
) -> None:
    await verified(node, coop)
    async with operator(node, node.choose(coop), seed, member) as speaker:
        await speaker.tell(Confirmation(await _name(speaker, index)))


async def _confirmed_elsewhere(
    node: NodeFolder, coop: str | None, index: int, caller: Caller
) -> None:
    """Say of the copy that was followed what its root is: the node's word is not asked for it."""
    await verified(node, coop)
    folder = node.choose(coop)
    name = await _name_in(folder, index)
    async with far_node(caller, folder.description.coop) as speaker:
        await speaker.tell(Confirmation(name))
        for one in await _roots(speaker):
            if one["decision"] == name and speaker.member in one["confirmed"]:
                return
    raise LocalNodeError("the node has taken the confirmation, and it has no effect there")


async def _erased(node: NodeFolder, coop: str | None, index: int, reason: str) -> None:
    async with operator(node, node.choose(coop)) as speaker:
        await speaker.act(EraseBodies(await _name(speaker, index)), reason)


async def _roots(speaker: Operator) -> list[dict[str, Any]]:
    roots: list[dict[str, Any]] = await speaker.ask(f"/v1/coops/{speaker.coop}/state-roots")
    return roots


async def _name(speaker: Operator, index: int) -> str:
    for one in await _roots(speaker):
        if one["index"] == index:
            return str(one["decision"])
    raise LocalNodeError(f"no state root {index} is kept: see `settlement-node state list`")


async def _kept_roots(folder: CoopFolder) -> tuple[Roots, int]:
    """Read the roots of books that no node writes to, and below which entry bodies are gone."""
    store = await open_store(folder.books, folder.coop)
    try:
        roots = Roots()
        await roots.load(store)
        return roots, await deleted_below(store)
    finally:
        await store.close()


async def _name_in(folder: CoopFolder, index: int) -> str:
    root = (await _kept_roots(folder))[0].all.get(index)
    if root is None:
        raise LocalNodeError(f"the copy has no state root {index}: fetch it again")
    return root.name
