"""`settlement-node state`: the roots of a co-op's whole state, and what rests on them."""

from pathlib import Path
from typing import Any

import click

from depin_protocol.encoding import EncodingError, from_text
from depin_protocol.statements.membership import Confirmation
from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.commands.local_node import LocalNodeError, Operator, operator
from settlement_node.commands.verify import verified
from settlement_node.hosting.folder import SEED_LENGTH, FolderError, NodeFolder
from settlement_node.keeping.following import EraseBodies

_root = click.argument("index", metavar="ROOT", type=click.IntRange(min=1))


@click.group()
def state() -> None:
    """List, confirm and rely on the roots of the whole state that stand in the log."""


@state.command("list")
@data_option
@coop_option
def list_roots(path: Path, coop: str | None) -> None:
    """List the state roots that are kept, oldest first."""
    for one in run(_listed(folder_at(path), coop)):
        erased = "  nothing below it has a body" if one["erased"] else ""
        auditors = ", ".join(one["confirmed"]) or "nobody"
        click.echo(f"{one['index']}  logged at {one['at']}  confirmed by {auditors}{erased}")


@state.command()
@data_option
@coop_option
@_root
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The auditor's key file; without it the operator's key, if that is an auditor too.",
)
def confirm(path: Path, coop: str | None, index: int, key: Path | None) -> None:
    """Follow the whole log and, if all follows, sign as an auditor that ROOT is its state."""
    run(_confirmed(folder_at(path), coop, index, key))
    click.echo(f"all follows, and root {index} is confirmed")


@state.command()
@data_option
@coop_option
@_root
@click.option("--reason", required=True, help="Why; it stands with the action.")
def erase(path: Path, coop: str | None, index: int, reason: str) -> None:
    """Erase the bodies of all entries before ROOT, for good; backups keep theirs.

    It has to be older than the co-op keeps its books, and confirmed by an auditor.
    """
    run(_erased(folder_at(path), coop, index, reason))
    click.echo("done: it stands in the log, and the node deletes them while it runs")


async def _listed(node: NodeFolder, coop: str | None) -> list[dict[str, Any]]:
    async with operator(node, node.choose(coop)) as speaker:
        return await _roots(speaker)


async def _confirmed(node: NodeFolder, coop: str | None, index: int, key: Path | None) -> None:
    seed = None if key is None else _read_key(key)
    await verified(node, coop)
    async with operator(node, node.choose(coop), seed) as speaker:
        await speaker.tell(Confirmation(await _name(speaker, index)))


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


def _read_key(file: Path) -> bytes:
    try:
        return from_text(file.read_text("ascii").strip(), SEED_LENGTH)
    except (OSError, UnicodeDecodeError, EncodingError) as error:
        raise FolderError(f"{file} holds no key: name the auditor's own key file") from error
