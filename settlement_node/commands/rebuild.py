"""`settlement-node rebuild`: make the tables anew from entries and bodies."""

from pathlib import Path

import click

from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.hosting.folder import NodeFolder
from settlement_node.replay.rebuild import rebuild as make_anew
from settlement_node.store.opening import open_store


@click.command()
@data_option
@coop_option
def rebuild(path: Path, coop: str | None) -> None:
    """Make all tables anew that follow from the log; the node must not run meanwhile."""
    count = run(_rebuilt(folder_at(path), coop))
    click.echo(f"made anew from {count} entries")


async def _rebuilt(node: NodeFolder, coop: str | None) -> int:
    folder = node.choose(coop)
    store = await open_store(folder.books, folder.coop)
    try:
        return await make_anew(store)
    finally:
        await store.close()
