"""`settlement-node accounts`: what everybody holds."""

from pathlib import Path

import click

from settlement_node.commands.books import Books, ListedAccount, WaitingPayout
from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.commands.local_node import operator
from settlement_node.commands.naming import Members
from settlement_node.hosting.folder import NodeFolder
from settlement_node.ledger.assets import Denomination
from settlement_node.output import shown as printable


@click.command()
@data_option
@coop_option
@click.option("--all", "every", is_flag=True, help="Those that hold nothing too.")
def accounts(path: Path, coop: str | None, *, every: bool) -> None:
    """List accounts with what they hold, then the payouts that wait for the bank.

    A bank's balance is a debit, so below zero.
    """
    listed, payouts, currency, members = run(_listed(folder_at(path), coop))
    shown = [one for one in listed if every or one.holds or one.leaving or one.limit]
    for one in shown:
        click.echo(_written(one, members))
    if not shown:
        click.echo("no account holds anything: --all lists those that hold nothing too")
    if payouts:
        click.echo("payouts that wait for the bank, each with the end-to-end id to pay it with:")
    for payout in payouts:
        told = f"{payout.id}  {payout.member}  {currency.shown(payout.amount):>16}"
        click.echo(f"  {told}  from {payout.account}  {payout.end_to_end}")


def _written(account: ListedAccount, members: Members) -> str:
    shown = account.denomination.shown
    marks = [printable(members.name(account.owner))] if members.is_known(account.owner) else []
    marks += [f"{shown(account.leaving)} reserved"] if account.leaving else []
    marks += [f"limit {shown(account.limit)}"] if account.limit else []
    marks += ["closed"] if account.closed else []
    title = f"{account.kind:20}  {account.owner:22}"
    return f"{account.number:>6}  {title}  {shown(account.holds):>22}  {', '.join(marks)}".rstrip()


async def _listed(
    node: NodeFolder, coop: str | None
) -> tuple[list[ListedAccount], list[WaitingPayout], Denomination, Members]:
    async with operator(node, node.choose(coop)) as speaker:
        books = await Books.open(speaker)
        return await books.accounts(), await books.payouts(), books.currency, books.members
