"""`settlement-node address`: where homes reach the node, as invites say it."""

from pathlib import Path

import click

from depin_protocol.invite import CODE_LENGTH, Invite, InviteError
from depin_protocol.keys import public_key
from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.hosting.folder import RECEIPTS, CoopFolder, FolderError, NodeFolder


@click.command()
@data_option
@coop_option
@click.argument("new", metavar="[ADDRESS]", required=False)
def address(path: Path, coop: str | None, new: str | None) -> None:
    """Show the address that invites name, or let those that are made from now on name another."""
    click.echo(run(_address(folder_at(path), coop, new)).description.address)


async def _address(node: NodeFolder, coop: str | None, new: str | None) -> CoopFolder:
    folder = node.choose(coop)
    if new is None:
        return folder
    try:
        Invite(
            new, public_key(folder.seeds()[RECEIPTS]), folder.description.coop, bytes(CODE_LENGTH)
        )
    except InviteError as error:
        raise FolderError(f"no invite can name {new}: {error}") from None
    return folder.at_address(new)
