"""`settlement-node resume`: let a restored co-op grow again."""

from pathlib import Path
from typing import Any

import click

from depin_protocol.log.errors import LogError
from depin_protocol.log.notes import Note
from settlement_node.commands.common import chosen, coop_option, data_option, folder_at, run
from settlement_node.commands.local_node import LocalNodeError, operator
from settlement_node.hosting.folder import CoopFolder, NodeFolder


@click.command()
@data_option
@coop_option
@click.option(
    "--checkpoint",
    "held",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The largest checkpoint that anybody holds: a home, a witness, a mirror, an auditor.",
)
@click.option(
    "--nobody-has-more",
    is_flag=True,
    help="Nobody is left to ask, or nobody holds more than what is here.",
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
def resume(
    path: Path, coop: str | None, held: Path | None, *, nobody_has_more: bool, yes: bool
) -> None:
    """Let a restored co-op take statements again, once nobody holds more of its log.

    If somebody does, the node signs two logs under one name: whoever sees both has proof of it, the
    co-op stops for good, and only a new log goes on.
    """
    if nobody_has_more and held is not None:
        raise click.UsageError("give one of them: --checkpoint FILE or --nobody-has-more")
    if not nobody_has_more and held is None:
        raise click.UsageError(
            "show the largest checkpoint that anybody holds with --checkpoint FILE (a mirror or a"
            " home has it under /log/<coop>/checkpoint), or say --nobody-has-more"
        )
    node = folder_at(path)
    folder = chosen(node, coop)
    note = None if held is None else _checkpoint_in(held)
    standing = run(_seen(node, folder, note))
    if standing["read_only"] is None:
        click.echo(f"nothing to resume: it takes statements, and has {standing['entries']} entries")
        return
    if not yes:
        click.echo(
            f"{folder.description.name} goes on from the {standing['entries']} entries that are"
            " here. If somebody holds more of its log, it is signed a second time with other"
            " entries, which cannot be undone."
        )
        click.confirm("Go on?", abort=True)
    click.echo(f"the log goes on from {run(_resumed(node, folder))} entries")


def _checkpoint_in(file: Path) -> bytes:
    note = file.read_bytes()
    try:
        Note.parse(note)
    except LogError as error:
        raise click.UsageError(f"{file} holds no checkpoint: {error}") from None
    return note


async def _seen(node: NodeFolder, folder: CoopFolder, note: bytes | None) -> dict[str, Any]:
    """Show the node the checkpoint, and insist that nothing speaks against going on."""
    async with operator(node, folder) as speaker:
        path = f"/v1/coops/{speaker.coop}"
        standing: dict[str, Any] = await speaker.ask(f"{path}/resume")
        if note is not None:
            standing = await speaker.send(f"{path}/checkpoints", note, "text/plain")
    if standing["missing"] is not None:
        raise LocalNodeError(
            f"{standing['read_only']}. Missing: {standing['missing']}. `settlement-node regain`"
            " takes it from a mirror and an auditor's copy, and homes send theirs while the node"
            " runs; what nobody can give back is given up with `settlement-node succeed`"
        )
    if not standing["resumable"]:
        raise LocalNodeError(f"{standing['read_only']}, with `settlement-node succeed`")
    return standing


async def _resumed(node: NodeFolder, folder: CoopFolder) -> int:
    async with operator(node, folder) as speaker:
        standing = await speaker.ask(f"/v1/coops/{speaker.coop}/resume", {})
        if standing["read_only"] is not None:
            raise LocalNodeError(standing["read_only"])
        return int(standing["entries"])
