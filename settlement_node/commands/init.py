"""`settlement-node init`: make a co-op."""

import re
import socket
from pathlib import Path
from typing import BinaryIO, Final

import click

from depin_protocol.rules.market_rules import MarketRules
from settlement_node.commands.common import data_option, folder_at, run
from settlement_node.commands.local_node import is_running
from settlement_node.commands.market import read_rules
from settlement_node.commands.reaching import ONLY_HERE
from settlement_node.governance.facts import MAX_RETENTION_YEARS, RETENTION_YEARS
from settlement_node.hosting.address import check_leads_somewhere, host_in, is_of_one_machine
from settlement_node.hosting.folder import FolderError, described_keys
from settlement_node.hosting.founding import Wish, found

_PORT: Final = 8480


@click.command()
@data_option
@click.option("--name", help="What the co-op is called.")
@click.option("--currency", help="Three capital letters, such as EUR or CHF.")
@click.option(
    "--token", default="SUN", help="The co-op's token, 2 to 11 capital letters or digits."
)
@click.option("--market", help="The first market; made from the name if not given.")
@click.option("--address", help="Where homes reach the node, such as https://node.example:8480.")
@click.option("--operator", default="Operator", help="What the first operator is called.")
@click.option("--database", help="A PostgreSQL URL; without it the books are a file.")
@click.option(
    "--retention-years",
    type=click.IntRange(1, MAX_RETENTION_YEARS),
    default=RETENTION_YEARS,
    show_default=True,
    help="For how long bodies are kept at least; it can't be changed later.",
)
@click.option(
    "--rules",
    type=click.File("rb"),
    help="The first market's rules: a JSON file, see docs/market.md.",
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
def init(  # noqa: PLR0913, PLR0917 - each is an option
    path: Path,
    name: str | None,
    currency: str | None,
    token: str,
    market: str | None,
    address: str | None,
    operator: str,
    database: str | None,
    retention_years: int,
    rules: BinaryIO | None,
    *,
    yes: bool,
) -> None:
    """Make a co-op: keys, books, token, first market. On a folder that has one, another."""
    if yes and None in {name, currency}:
        missing = "--name" if name is None else "--currency"
        raise click.UsageError(f"--yes asks nothing, and {missing} is missing: give it")
    name = click.prompt("Name of the co-op", type=str) if name is None else name
    currency = click.prompt("Currency (EUR, CHF, ...)", type=str) if currency is None else currency
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise click.ClickException(
            f"--currency takes three capital letters, as EUR: not {currency!r}"
        )
    node = folder_at(path)
    address = address or f"http://{_host()}:{_PORT}"
    try:
        others = node.coops()
        check_leads_somewhere(address)
    except FolderError as error:
        raise click.ClickException(str(error)) from None
    if any(other.description.name == name for other in others):
        raise click.ClickException(
            f"{node.path} holds a co-op called {name} already, and commands choose by name: give"
            " this one another --name"
        )
    if is_of_one_machine(host_in(address)):
        click.echo(f"WARNING: invites would name {address}, and {ONLY_HERE}", err=True)
    wish = Wish(
        name=name,
        currency=currency,
        token=token,
        market=market or _market(name),
        address=address,
        operator=operator,
        database=database,
        retention_years=retention_years,
        rules=MarketRules() if rules is None else read_rules(rules.read()),
    )
    if not yes:
        click.echo(f"A co-op {name} ({currency}, {token}), market {wish.market}, in {node.path};")
        click.echo(f"homes will reach it at {address}.")
        for other in others:
            click.echo(f"The folder holds {other.description.name} already; it stays as it is.")
        click.confirm("Make it?", default=True, abort=True)
    made = run(found(node, wish))
    click.echo(f"Made {name}: {made.description.coop}")
    for use, fingerprint in described_keys(made):
        click.echo(f"  key {use:10} {fingerprint}")
    click.echo(f"Homes will reach it at {address}: that is what invites say.")
    click.echo(f"Another: settlement-node address --data {path} --coop {made.description.coop} ...")
    click.echo(f"Keep a copy of {made.path / 'keys'}: backups do not hold the keys.")
    if run(is_running(node)):
        click.echo(f"Next: stop the node that runs on this folder and start it anew, for {name}.")
    else:
        click.echo(f"Next: settlement-node serve --data {path}")


def _market(name: str) -> str:
    """Make a market's name: small letters, digits and hyphens."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold().encode("ascii", "ignore").decode("ascii"))
    return plain.strip("-")[:32].strip("-") or "main"


def _host() -> str:
    name = socket.gethostname().casefold()
    return name if re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name) else "localhost"
