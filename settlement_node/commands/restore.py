"""`settlement-node restore`: bring a backup's books where there are none."""

from pathlib import Path

import click

from depin_protocol.encoding import to_text
from settlement_node.commands.common import data_option, folder_at, run
from settlement_node.hosting.folder import FolderError, NodeFolder
from settlement_node.store.backup import read_head
from settlement_node.store.opening import restore_into


@click.command()
@data_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(path: Path, file: Path) -> None:
    """Restore FILE into its co-op's folder, which has the keys and coop.json but no books.

    The co-op takes nothing new until it was shown the largest checkpoint that anybody holds, has
    regained what is missing, and `settlement-node resume` was given.
    """
    coop = run(_restored(folder_at(path), file))
    click.echo(
        f"restored {coop}; start the node, let it regain what is missing, then resume: see"
        " `settlement-node resume --help`"
    )


async def _restored(node: NodeFolder, file: Path) -> str:
    header, _ = await read_head(file)
    coop = to_text(header.coop)
    if all(one.description.coop != coop for one in node.coops()):
        raise FolderError(
            f"{node.path} lacks co-op {coop}, whose backup this is: put your copy of its keys and"
            f" coop.json back into {node.path / 'coops' / header.coop.hex()}, then restore again"
        )
    folder = node.choose(coop)
    folder.check_own()
    await restore_into(folder.books, file)
    return folder.description.name
