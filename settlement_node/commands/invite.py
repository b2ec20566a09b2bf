"""`settlement-node invite`: let somebody join."""

import secrets
import sys
from pathlib import Path

import click
import segno

from depin_protocol.durations import DAY
from depin_protocol.encoding import from_text
from depin_protocol.identifiers import HASH_LENGTH
from depin_protocol.invite import CODE_LENGTH, Invite
from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.commands.local_node import operator
from settlement_node.governance.actions import MAX_INVITE_LIFE, GiveInvite, invite_hash
from settlement_node.governance.member import Role
from settlement_node.hosting.clock import now
from settlement_node.hosting.folder import NodeFolder


@click.command()
@data_option
@coop_option
@click.option(
    "--role", type=click.Choice([str(role) for role in Role]), default="member", show_default=True
)
@click.option(
    "--days",
    type=click.IntRange(1, MAX_INVITE_LIFE // DAY),
    default=14,
    show_default=True,
    help="For how long it is valid.",
)
@click.option("--qr/--no-qr", default=True, help="Show it as a picture too.")
def invite(path: Path, coop: str | None, role: str, days: int, *, qr: bool) -> None:
    """Make a one-time invite: a string for the home to paste, and a QR code."""
    node = folder_at(path)
    invitation = run(_give(node, coop, Role(role), days))
    if qr:
        # Where half blocks cannot be printed, blanks in two colours can.
        segno.make(str(invitation), error="l").terminal(compact=_prints("\u2580\u2584\u2588"))
    click.echo(str(invitation))


def _prints(marks: str) -> bool:
    try:
        marks.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return True


async def _give(node: NodeFolder, coop: str | None, role: Role, days: int) -> Invite:
    folder = node.choose(coop)
    code = secrets.token_bytes(CODE_LENGTH)
    expires = now() + days * DAY
    async with operator(node, folder) as speaker:
        facts = await speaker.ask(f"/v1/coops/{speaker.coop}")
        await speaker.act(GiveInvite(invite_hash(code), expires, role), "invite")
    node_key = from_text(facts["node_key"], HASH_LENGTH)
    return Invite(folder.description.address, node_key, folder.description.coop, code)
