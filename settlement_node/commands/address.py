"""`settlement-node address`: where homes reach the node, as invites say it."""

from pathlib import Path

import click

from depin_protocol.invite import CODE_LENGTH, Invite, InviteError
from depin_protocol.keys import public_key
from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.commands.reaching import ONLY_HERE
from settlement_node.hosting.address import check_leads_somewhere, host_in, is_of_one_machine
from settlement_node.hosting.folder import RECEIPTS, CoopFolder, FolderError, NodeFolder


@click.command()
@data_option
@coop_option
@click.argument("new", metavar="[ADDRESS]", required=False)
def address(path: Path, coop: str | None, new: str | None) -> None:
    """Show the address that invites name, or let those that are made from now on name another."""
    named = run(_address(folder_at(path), coop, new)).description.address
    click.echo(named)
    if is_of_one_machine(host_in(named)):
        click.echo(f"WARNING: {ONLY_HERE}", err=True)


async def _address(node: NodeFolder, coop: str | None, new: str | None) -> CoopFolder:
    folder = node.choose(coop)
    folder.check_own()
    if new is None:
        return folder
    try:
        Invite(
            new, public_key(folder.seeds()[RECEIPTS]), folder.description.coop, bytes(CODE_LENGTH)
        )
    except InviteError as error:
        raise FolderError(f"no invite can name {new}: {error}") from None
    check_leads_somewhere(new)
    return folder.at_address(new)
