"""`settlement-node transfers`: what happened on an account, with the ids that commands want."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click

from settlement_node.commands.books import Books, ListedAccount
from settlement_node.commands.common import (
    NAMES_BEGIN_WITH_HYPHENS,
    coop_option,
    data_option,
    folder_at,
    run,
)
from settlement_node.commands.local_node import operator
from settlement_node.hosting.folder import NodeFolder
from settlement_node.ledger.codes import Code
from settlement_node.ledger.transfers import Phase

_UNMATCHED: Final = {
    Code.UNMATCHED_IN.name: "WHOSE IS IT?",
    Code.UNMATCHED_OUT.name: "WHO BEARS IT?",
}
_SET_ASIDE: Final = {Phase.RESERVE.name: "set aside", Phase.VOID.name: "released"}


@click.command(context_settings=NAMES_BEGIN_WITH_HYPHENS)
@data_option
@coop_option
@click.argument("account")
def transfers(path: Path, coop: str | None, account: str) -> None:
    """List what happened on an ACCOUNT, oldest first.

    ACCOUNT is a number of those that `accounts --all` lists, a bank account or cash box by its own
    number, a member by identifier or name (its money), or `suspense`.
    """
    found, movements = run(_listed(folder_at(path), coop, account))
    for line in _written(found, movements):
        click.echo(line)


async def _listed(
    node: NodeFolder, coop: str | None, account: str
) -> tuple[ListedAccount, list[dict[str, Any]]]:
    async with operator(node, node.choose(coop)) as speaker:
        books = await Books.open(speaker)
        found = await books.account(account)
        return found, await books.movements(found.number)


def _written(account: ListedAccount, movements: Sequence[dict[str, Any]]) -> Iterator[str]:
    shown = account.denomination.shown
    if not movements:
        yield f"nothing stands in the history of {account.kind} {account.owner}".rstrip()
    dealt_with = {one["transfer"]["about"] for one in movements}
    for one in movements:
        told = one["transfer"]
        amount = told["amount"] if told["credit"] == account.number else -told["amount"]
        words = [_SET_ASIDE[told["phase"]]] if told["phase"] in _SET_ASIDE else []
        if one["at"] != told["at"]:
            words = ["expired"]
        words += [f"ends {told['ends']}"] if told["ends"] else []
        words += [f"about {told['about']}"] if told["about"] else []
        if told["code"] in _UNMATCHED and told["id"] not in dealt_with:
            words += [_UNMATCHED[told["code"]]]
        sums = f"{shown(amount):>16}  {shown(one['holds']):>16}"
        yield f"{told['id']}  {told['code']:20}  {sums}  {', '.join(words)}".rstrip()
