"""`settlement-node withdraw-invite`: let an invite be valid no more."""

from pathlib import Path

import click

from depin_protocol.invite import InviteError, parse_invite
from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.commands.local_node import operator
from settlement_node.governance.actions import WithdrawInvite, invite_hash
from settlement_node.hosting.folder import FolderError, NodeFolder


@click.command("withdraw-invite")
@data_option
@coop_option
@click.argument("invite")
def withdraw_invite(path: Path, coop: str | None, invite: str) -> None:
    """Withdraw INVITE, the string that was given out, unless somebody has joined with it."""
    run(_withdraw(folder_at(path), coop, invite))
    click.echo("done: nobody can join with it")


async def _withdraw(node: NodeFolder, coop: str | None, text: str) -> None:
    try:
        invite = parse_invite(text)
    except InviteError as error:
        raise FolderError(f"this cannot be withdrawn: {error}") from None
    async with operator(node, node.choose(coop or invite.coop)) as speaker:
        await speaker.act(WithdrawInvite(invite_hash(invite.code)), "withdrawn")
