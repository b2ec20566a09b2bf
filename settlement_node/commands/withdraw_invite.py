"""`settlement-node withdraw-invite`: let an invite be valid no more."""

import re
from pathlib import Path

import click

from depin_protocol.encoding import from_text
from depin_protocol.identifiers import HASH_LENGTH, HASH_PATTERN
from depin_protocol.invite import InviteError, parse_invite
from settlement_node.commands.common import (
    NAMES_BEGIN_WITH_HYPHENS,
    coop_option,
    data_option,
    folder_at,
    run,
)
from settlement_node.commands.local_node import operator
from settlement_node.governance.actions import WithdrawInvite, invite_hash
from settlement_node.hosting.folder import FolderError, NodeFolder


@click.command("withdraw-invite", context_settings=NAMES_BEGIN_WITH_HYPHENS)
@data_option
@coop_option
@click.argument("invite")
def withdraw_invite(path: Path, coop: str | None, invite: str) -> None:
    """Withdraw an INVITE, unless somebody has joined with it.

    INVITE is the string that was given out, or the name by which `invites` lists it.
    """
    run(_withdraw(folder_at(path), coop, invite))
    click.echo("done: nobody can join with it")


async def _withdraw(node: NodeFolder, coop: str | None, text: str) -> None:
    if re.fullmatch(HASH_PATTERN, text):
        name = from_text(text, HASH_LENGTH)
    else:
        try:
            invite = parse_invite(text)
        except InviteError as error:
            raise FolderError(f"this cannot be withdrawn: {error}") from None
        name, coop = invite_hash(invite.code), coop or invite.coop
    async with operator(node, node.choose(coop)) as speaker:
        await speaker.act(WithdrawInvite(name), "withdrawn")
