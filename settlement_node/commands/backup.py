"""`settlement-node backup`: write all books into one file, while the node runs or not."""

from pathlib import Path

import click

from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.commands.local_node import operator
from settlement_node.hosting.folder import NodeFolder


@click.command()
@data_option
@coop_option
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(path: Path, coop: str | None, file: Path) -> None:
    """Write a co-op's books into FILE, which appears once it is whole. Keys are not in it."""
    run(_written(folder_at(path), coop, file))
    click.echo(f"written: {file}, {file.stat().st_size:,} bytes; keep the keys elsewhere")


async def _written(node: NodeFolder, coop: str | None, file: Path) -> None:
    async with operator(node, node.choose(coop)) as speaker:
        await speaker.download_backup(file)
