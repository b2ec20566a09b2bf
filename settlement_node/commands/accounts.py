"""`settlement-node accounts`: what everybody holds."""

from pathlib import Path

import click

from settlement_node.commands.books import Books, ListedAccount
from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.commands.local_node import operator
from settlement_node.hosting.folder import NodeFolder


@click.command()
@data_option
@coop_option
@click.option("--all", "every", is_flag=True, help="Those that hold nothing too.")
def accounts(path: Path, coop: str | None, *, every: bool) -> None:
    """List accounts with what they hold; a bank's balance is a debit, so below zero."""
    for one in run(_listed(folder_at(path), coop)):
        if every or one.holds or one.leaving or one.limit:
            click.echo(_written(one))


def _written(account: ListedAccount) -> str:
    shown = account.denomination.shown
    marks = [f"{shown(account.leaving)} reserved"] if account.leaving else []
    marks += [f"limit {shown(account.limit)}"] if account.limit else []
    marks += ["closed"] if account.closed else []
    title = f"{account.kind:20}  {account.owner:22}"
    return f"{account.number:>6}  {title}  {shown(account.holds):>22}  {', '.join(marks)}".rstrip()


async def _listed(node: NodeFolder, coop: str | None) -> list[ListedAccount]:
    async with operator(node, node.choose(coop)) as speaker:
        return await (await Books.open(speaker)).accounts()
