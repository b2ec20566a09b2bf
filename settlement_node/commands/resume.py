"""`settlement-node resume`: let a restored co-op grow again."""

from pathlib import Path

import click

from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.commands.local_node import operator
from settlement_node.hosting.folder import NodeFolder


@click.command()
@data_option
@coop_option
def resume(path: Path, coop: str | None) -> None:
    """Let a restored co-op take statements again, once nobody holds more of its log."""
    size = run(_resumed(folder_at(path), coop))
    click.echo(f"the log goes on from {size} entries")


async def _resumed(node: NodeFolder, coop: str | None) -> int:
    async with operator(node, node.choose(coop)) as speaker:
        standing = await speaker.ask(f"/v1/coops/{speaker.coop}/resume", {})
        return int(standing["entries"])
