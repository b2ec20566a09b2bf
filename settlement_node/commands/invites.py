"""`settlement-node invites`: which invites are still open."""

from pathlib import Path
from typing import Any

import click

from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.commands.local_node import operator
from settlement_node.hosting.clock import now
from settlement_node.hosting.folder import NodeFolder
from settlement_node.instants import shown_time


@click.command()
@data_option
@coop_option
def invites(path: Path, coop: str | None) -> None:
    """List the invites that somebody may still join with, soonest to expire first.

    The node does not know their codes: each has a name, by which `withdraw-invite` takes it back.
    """
    # The log's time is that of its last entry, which may be some while ago.
    listed = [one for one in run(_listed(folder_at(path), coop)) if one["expires"] > now()]
    for one in listed:
        click.echo(f"{one['invite']}  {one['role']:8}  until {shown_time(one['expires'])}")
    if not listed:
        click.echo("no invite is open")


async def _listed(node: NodeFolder, coop: str | None) -> list[dict[str, Any]]:
    async with operator(node, node.choose(coop)) as speaker:
        listed: list[dict[str, Any]] = await speaker.ask(f"/v1/coops/{speaker.coop}/invites")
        return listed
