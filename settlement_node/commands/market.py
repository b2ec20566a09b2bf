"""`settlement-node market`: what the operator does with a market's rules, signed and in the log."""

import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import click

from depin_protocol.bounds import MAX_PRICE
from depin_protocol.encoding import EncodingError, decode_json
from depin_protocol.rules.market_rules import SERIES, MarketRules
from depin_protocol.rules.member_terms import WHOLE
from depin_protocol.statements.fields import BodyError
from depin_protocol.statements.money import DatedPrice
from settlement_node.commands.books import Books
from settlement_node.commands.common import (
    NAMES_BEGIN_WITH_HYPHENS,
    coop_option,
    data_option,
    folder_at,
    reason_option,
    run,
)
from settlement_node.commands.local_node import operator
from settlement_node.commands.market_intervals import book, interval
from settlement_node.commands.moments import Moment, read_moment, written
from settlement_node.governance.actions import Action
from settlement_node.hosting.folder import NodeFolder
from settlement_node.ledger.assets import Denomination
from settlement_node.market.rules.actions import (
    MAX_VALUES,
    DeclareSeries,
    PlaceMember,
    SetMarket,
)
from settlement_node.market.rules.places import Place

_KWH: Final = 1000
_PERCENT: Final = WHOLE // 100
_MAX_FILE: Final = 2**20

type _Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_market: Final[_Decorator] = click.argument("market_name", metavar="MARKET")


_start: Final[_Decorator] = click.option(
    "--from", "start", type=Moment(), help="From when; as early as may be if not given."
)


@click.group()
def market() -> None:
    """See and set what holds in the co-op's markets.

    Rules are a JSON file: see docs/market.md. Changes take effect after 8 days.
    """


market.add_command(interval)
market.add_command(book)


@market.command()
@data_option
@coop_option
@click.argument("market_name", metavar="MARKET", required=False)
def show(path: Path, coop: str | None, market_name: str | None) -> None:
    """List the markets; of one MARKET, write the newest rules as a file for `set`."""
    markets = run(_markets(folder_at(path), coop))
    if market_name is None:
        for name, versions in markets.items():
            for version in versions:
                click.echo(f"{name:32}  from {written(version['start'])}")
        return
    if market_name not in markets:
        raise click.ClickException(f"there is no market {market_name}: `market show` lists all")
    click.echo(json.dumps(markets[market_name][-1]["rules"], indent=2))


@market.command("set")
@data_option
@coop_option
@reason_option
@_start
@_market
@click.argument("file", type=click.File("rb"))
def set_(  # noqa: PLR0913, PLR0917 - each is an argument or option
    path: Path, coop: str | None, reason: str, start: int | None, market_name: str, file: io.BytesIO
) -> None:
    """Give a MARKET the rules in a FILE; a market that is not there yet begins."""
    rules = read_rules(file.read(_MAX_FILE))
    _act(path, coop, reason, lambda _: SetMarket(market_name, rules, start))


@market.command()
@data_option
@coop_option
@reason_option
@_market
@click.argument("series", type=click.Choice(SERIES))
@click.argument("file", type=click.File("rb"))
def series(  # noqa: PLR0913, PLR0917 - each is an argument or option
    path: Path, coop: str | None, reason: str, market_name: str, series: str, file: io.BytesIO
) -> None:
    """Tell values of a MARKET's series: a CSV FILE with the columns start and price.

    Each holds from its start (2026-12-01T00:00+01:00) until the next; prices are for a kWh, in
    the co-op's currency.
    """
    text = file.read(_MAX_FILE)
    _act(
        path,
        coop,
        reason,
        lambda books: DeclareSeries(market_name, series, read_series(text, books.currency)),
    )


@market.command(context_settings=NAMES_BEGIN_WITH_HYPHENS)
@data_option
@coop_option
@reason_option
@_start
@click.option("--zone", required=True, help="The zone whose book its orders are in.")
@click.option("--weight", type=click.IntRange(0), default=0, help="Its weight in a static key.")
@click.option(
    "--participation", default="100", help="The part of its meter, in percent.", show_default=True
)
@click.option("--seller-vat", default="0", help="VAT on what it supplies, in percent.")
@_market
@click.argument("member")
def place(  # noqa: PLR0913, PLR0917 - each is an argument or option
    path: Path,
    coop: str | None,
    reason: str,
    start: int | None,
    zone: str,
    weight: int,
    participation: str,
    seller_vat: str,
    market_name: str,
    member: str,
) -> None:
    """Give a MEMBER its place in a MARKET."""
    held = Place(zone, weight, _percent(participation), _percent(seller_vat))
    _act(
        path,
        coop,
        reason,
        lambda books: PlaceMember(books.members.named(member), market_name, held, start),
    )


def read_rules(data: bytes) -> MarketRules:
    """Read a file of rules; every parameter stands in it."""
    try:
        return MarketRules.read(decode_json(data))
    except (BodyError, EncodingError) as error:
        raise click.ClickException(f"the rules: {error}") from error


def read_series(data: bytes, currency: Denomination) -> tuple[DatedPrice, ...]:
    """Read dated prices for a kWh as prices for a Wh, or name the line that is wrong."""
    try:
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise click.ClickException(f"the file is no CSV in UTF-8: {error}") from error
    if not rows or not {"start", "price"} <= rows[0].keys():
        raise click.ClickException("the file has no rows under the columns start and price")
    if len(rows) > MAX_VALUES:
        raise click.ClickException(f"the file has more than {MAX_VALUES} rows: divide it")
    values = []
    for number, row in enumerate(rows, 2):
        try:
            values.append((read_moment(row["start"]), _price(row["price"], currency)))
        except (ValueError, InvalidOperation, TypeError) as error:
            raise click.ClickException(f"line {number}: {error}") from error
    return tuple(values)


def _price(text: str, currency: Denomination) -> int:
    price = Decimal(text) * 10**currency.decimals / _KWH
    if price != int(price) or abs(price) > MAX_PRICE:
        raise ValueError(f"{text[:40]} is no price of whole smallest units for a Wh")
    return int(price)


def _percent(text: str) -> int:
    try:
        points = Decimal(text) * _PERCENT
        if points == int(points) and 0 <= points <= WHOLE:
            return int(points)
    except (InvalidOperation, ValueError, OverflowError):
        pass
    raise click.UsageError(f"{text[:40]!r} is no percentage from 0 to 100 with two decimals")


async def _markets(node: NodeFolder, coop: str | None) -> dict[str, list[dict[str, Any]]]:
    async with operator(node, node.choose(coop)) as speaker:
        told = await speaker.ask(f"/v1/coops/{speaker.coop}/markets")
        return {one["market"]: one["versions"] for one in told}


def _act(path: Path, coop: str | None, reason: str, action: Callable[[Books], Action]) -> None:
    start = run(_acted(folder_at(path), coop, reason, action))
    click.echo("done: it stands in the log" + (f", from {written(start)}" if start else ""))


async def _acted(
    node: NodeFolder, coop: str | None, reason: str, action: Callable[[Books], Action]
) -> int | None:
    async with operator(node, node.choose(coop)) as speaker:
        wanted = action(await Books.open(speaker))
        index = await speaker.act(wanted, reason)
        if isinstance(wanted, SetMarket):
            told = await speaker.ask(f"/v1/coops/{speaker.coop}/markets")
            (versions,) = (one["versions"] for one in told if one["market"] == wanted.market)
            return int(versions[-1]["start"])
        if isinstance(wanted, PlaceMember):
            (line,) = await speaker.decided_on(index)
            return int(line["start"])
        return None
