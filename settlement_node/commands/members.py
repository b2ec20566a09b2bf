"""`settlement-node members`: who belongs to the co-op."""

from pathlib import Path
from typing import Any

import click

from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.commands.local_node import operator
from settlement_node.hosting.folder import NodeFolder
from settlement_node.output import shown


@click.command()
@data_option
@coop_option
def members(path: Path, coop: str | None) -> None:
    """List the members with their roles and standing."""
    for one in run(_listed(folder_at(path), coop)):
        held = " orders held" if one["orders_held"] else ""
        roles = ",".join(one["roles"])
        click.echo(f"{one['member']}  {one['standing']:9}  {roles:15}  {shown(one['name'])}{held}")


async def _listed(node: NodeFolder, coop: str | None) -> list[dict[str, Any]]:
    async with operator(node, node.choose(coop)) as speaker:
        listed: list[dict[str, Any]] = await speaker.ask(f"/v1/coops/{speaker.coop}/members")
        return listed
