"""`settlement-node statements`: statements of account, issued by the operator, one a member."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click

from settlement_node.commands.books import Books
from settlement_node.commands.common import (
    coop_option,
    counted,
    data_option,
    folder_at,
    reason_option,
    run,
)
from settlement_node.commands.issued import IssuedStatement, issued_statements
from settlement_node.commands.local_node import NoEffectError, operator
from settlement_node.commands.months import read_month, zone_option
from settlement_node.governance.objections import Objection
from settlement_node.hosting.folder import NodeFolder
from settlement_node.market.billing.forms import FORMS
from settlement_node.market.billing.months import Month
from settlement_node.market.issuing.actions import DescribeParty, IssueStatement
from settlement_node.market.issuing.party import Party
from settlement_node.output import shown

_month_option: Final = click.option("--month", help="Of this month alone, such as 2026-11.")
_members_option: Final = click.option(
    "--member", "members", multiple=True, help="Of this member alone, by name or identifier."
)


@click.group()
def statements() -> None:
    """Issue members' statements of account, and read them.

    A month can be told once it is final: when its correction window has closed.
    """


@statements.command()
@data_option
@coop_option
@reason_option
@click.option("--member", help="Who it is; without it, the co-op itself.")
@click.option("--address", multiple=True, help="A line below the name; give several.")
@click.option("--vat-id", default="", help="The number for VAT.")
@click.argument("name")
def party(  # noqa: PLR0913, PLR0917 - each is an argument or option
    path: Path,
    coop: str | None,
    reason: str,
    member: str | None,
    address: tuple[str, ...],
    vat_id: str,
    name: str,
) -> None:
    """Say under which NAME and address somebody stands on statements from now on."""

    async def describing(node: NodeFolder) -> None:
        async with operator(node, node.choose(coop)) as speaker:
            books = await Books.open(speaker)
            whom = None if member is None else books.members.named(member)
            await speaker.act(DescribeParty(whom, Party(name, address, vat_id)), reason)

    run(describing(folder_at(path)))
    click.echo("done: it stands in the log")


@statements.command()
@data_option
@coop_option
@reason_option
@zone_option
@_members_option
@click.argument("month")
def issue(  # noqa: PLR0913, PLR0917 - each is an argument or option
    path: Path,
    coop: str | None,
    reason: str,
    zone: ZoneInfo,
    members: tuple[str, ...],
    month: str,
) -> None:
    """Issue the statements of a MONTH, such as 2026-11; who had nothing in it gets none."""
    done, without, refused = run(
        _issued(folder_at(path), coop, reason, (read_month(month, zone), zone), members)
    )
    click.echo(f"{counted(done, 'statement')} issued, {counted(without, 'member')} had nothing")
    for name, why in refused:
        click.echo(f"  {shown(name)}: {why}", err=True)
    if refused:
        raise click.ClickException(f"{counted(len(refused), 'statement')} not issued")


@statements.command("show")
@data_option
@coop_option
@_month_option
@_members_option
def show(path: Path, coop: str | None, month: str | None, members: tuple[str, ...]) -> None:
    """List statements by number, with what each closes at and what a bank moves."""
    found, books = run(_listed(folder_at(path), coop, month, members))
    for one in found:
        amounts = (books.currency.shown(amount) for amount in (one.closing, one.at_bank))
        closing, at_bank = (f"{amount:>18}" for amount in amounts)
        click.echo(f"{one.number}  {one.month}  {one.member}  {closing}  {at_bank}")


@statements.command()
@data_option
@coop_option
@_month_option
@_members_option
@click.option(
    "--form",
    "forms",
    multiple=True,
    type=click.Choice(list(FORMS)),
    default=("pdf",),
    show_default=True,
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export(  # noqa: PLR0913, PLR0917 - each is an argument or option
    path: Path,
    coop: str | None,
    month: str | None,
    members: tuple[str, ...],
    forms: tuple[str, ...],
    folder: Path,
) -> None:
    """Write statements into a FOLDER, one file each; files that are there stay as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    made = run(_exported(folder_at(path), coop, (month, members), (folder, forms)))
    click.echo(f"{counted(made, 'file')} written")


async def _issued(
    node: NodeFolder,
    coop: str | None,
    reason: str,
    when: tuple[Month, ZoneInfo],
    members: Sequence[str],
) -> tuple[int, int, list[tuple[str, str]]]:
    month, zone = when
    done = without = 0
    refused: list[tuple[str, str]] = []
    async with operator(node, node.choose(coop)) as speaker:
        books = await Books.open(speaker)
        for member in books.members.chosen(members):
            today = datetime.now(zone).date()
            try:
                await speaker.act(IssueStatement(member, month, today), reason)
            except NoEffectError as error:
                if error.code == Objection.NOTHING_TO_DO:
                    without += 1
                else:
                    refused.append((books.members.name(member), error.detail))
            else:
                done += 1
    return done, without, refused


async def _listed(
    node: NodeFolder, coop: str | None, month: str | None, members: Sequence[str]
) -> tuple[list[IssuedStatement], Books]:
    async with operator(node, node.choose(coop)) as speaker:
        books = await Books.open(speaker)
        return await issued_statements(books, month, members), books


async def _exported(
    node: NodeFolder,
    coop: str | None,
    which: tuple[str | None, Sequence[str]],
    where: tuple[Path, Sequence[str]],
) -> int:
    folder, forms = where
    made = 0
    async with operator(node, node.choose(coop)) as speaker:
        for one in await issued_statements(await Books.open(speaker), *which):
            for form in forms:
                file = folder / f"{one.number}.{form}"
                if not file.exists():
                    file.write_bytes(await speaker.fetch(f"{one.path}/{form}"))
                    made += 1
    return made
