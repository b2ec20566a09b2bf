"""`settlement-node market interval` and `book`: what holds in an interval, and what came of it."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from settlement_node.commands.books import Books
from settlement_node.commands.common import coop_option, counted, data_option, folder_at, run
from settlement_node.commands.local_node import LocalNodeError, NotFoundError, operator
from settlement_node.commands.moments import Moment, written
from settlement_node.hosting.folder import NodeFolder
from settlement_node.ledger.assets import Denomination
from settlement_node.output import shown

_KWH: Final = 1000
_MOST: Final = 200

_market: Final = click.argument("market_name", metavar="MARKET")

type _Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Course:
    """An interval as everybody may know it, and what it was cleared and settled to, if it was."""

    market: str
    currency: Denomination
    holds: _Figures
    cleared: _Figures | None
    settled: _Figures | None


@click.command()
@data_option
@coop_option
@click.option("--count", type=click.IntRange(1, _MOST), default=8, help="How many.")
@_market
@click.argument("start", type=Moment(), required=False)
def interval(path: Path, coop: str | None, count: int, market_name: str, start: int | None) -> None:
    """Tell of the interval in which START lies: its gate, its prices, and what came of it.

    START is an instant like 2026-12-01T12:00+01:00. Without it, the intervals of the MARKET that
    trade next are listed. What is told is what everybody may know.
    """
    if start is None:
        listed, currency = run(_coming(folder_at(path), coop, market_name, count))
        for line in _table(listed, currency):
            click.echo(line)
        return
    for line in _told(run(_course(folder_at(path), coop, market_name, start))):
        click.echo(line)


@click.command()
@data_option
@coop_option
@_market
@click.argument("start", type=Moment())
def book(path: Path, coop: str | None, market_name: str, start: int) -> None:
    """List the orders of the interval in which START lies, under their pseudonyms.

    Members may read a book for two days, so its operator may too. Prices are without fees and VAT.
    """
    course, orders = run(_book(folder_at(path), coop, market_name, start))
    click.echo(f"{_headed(course)}: orders of {counted(len(orders), 'member')}, a kWh")
    for line in _ordered(orders, course.currency):
        click.echo(line)
    for line in _cleared(course):
        click.echo(line)


def _table(intervals: list[_Figures], currency: Denomination) -> Iterator[str]:
    names = ("orders from", "to", "retail", "feed-in", "pool")
    yield f"{f'{currency.code} a kWh':25}  {'gate':25}" + "".join(f"  {one:>11}" for one in names)
    for one in intervals:
        prices = (*one["band"], one["retail"], one["feed_in"], one["pool_price"])
        cells = (_number(price, currency) for price in prices)
        begin = f"{written(one['start']):25}  {written(one['gate']):25}"
        yield begin + "".join(f"  {cell:>11}" for cell in cells)


def _headed(course: _Course) -> str:
    start, end = course.holds["start"], course.holds["end"]
    return f"{shown(course.market)}, {written(start)} to {written(end)[11:16]}"


def _told(course: _Course) -> Iterator[str]:
    holds, currency = course.holds, course.currency
    low, high = (_price(price, currency) for price in holds["band"])
    yield _headed(course)
    yield f"  gate      {written(holds['gate'])}"
    yield f"  orders    from {low} to {high}"
    yield f"  retail    {_price(holds['retail'], currency)}"
    yield f"  feed-in   {_price(holds['feed_in'], currency)}"
    pool = holds["pool_price"]
    yield f"  pool      {'none' if pool is None else _price(pool, currency)}"
    yield from _cleared(course)
    yield from _settled(course)


def _cleared(course: _Course) -> Iterator[str]:
    told, currency = course.cleared, course.currency
    if told is None:
        yield "  cleared   no: its gate is still to come, or nobody wanted anything"
        return
    if told["voided"]:
        yield f"  cleared   no: it ended first, and is voided by entry {told['entry']}"
        return
    yield f"  cleared   by entry {told['entry']}"
    for zone, figures in told["zones"].items():
        yield f"    {shown(zone)}: {_zone(figures, currency)}"


def _zone(figures: _Figures, currency: Denomination) -> str:
    prices = [figures[name] for name in ("price", "buyers", "sellers") if name in figures]
    if not prices:
        return "too few members had orders for its price to be public"
    if None in prices:
        return "no price, nothing was traded"
    told = " for buyers, for sellers ".join(_price(price, currency) for price in prices)
    if "bought" not in figures:
        return f"{told}; too few members had orders for the rest to be public"
    return f"{told}; {figures['bought']} Wh bought, {figures['sold']} Wh sold"


def _settled(course: _Course) -> Iterator[str]:
    told = course.settled
    if told is None:
        yield "  settled   not yet"
        return
    stands = "final" if told["final"] else "provisional"
    yield f"  settled   by entry {told['entry']}, {stands}"
    figures: _Figures | None = told["figures"]
    energies = ("imported", "exported", "produced", "bought", "delivered", "pooled", "certified")
    if figures is None:
        yield "    too few members took part for their sums to be public"
        return
    yield f"    {counted(figures['members'], 'member')}, {figures['missing']} without a value"
    yield "    " + ", ".join(f"{figures[name]} Wh {name}" for name in energies)


def _ordered(orders: list[_Figures], currency: Denomination) -> Iterator[str]:
    """Give a line for each step: by zone and side, best price first."""
    rows: list[tuple[str, str, int, int, str]] = []
    for one in orders:
        for side, sign in (("bids", -1), ("asks", 1)):
            steps = one[side]
            for price, energy in zip(steps[::2], steps[1::2], strict=True):
                rows.append((one["zone"], side, sign * price, energy, one["pseudonym"]))
    # Bids before asks, as a book is read.
    rows.sort(key=lambda row: (row[0], row[1] == "asks", *row[2:]))
    for zone, side, ranked, energy, pseudonym in rows:
        price = -ranked if side == "bids" else ranked
        told = f"{shown(zone):16}  {side[:-1]}  {_number(price, currency):>11}"
        yield f"  {told}  {energy:>9} Wh  {pseudonym}"


def _number(price: int | None, currency: Denomination) -> str:
    return "none" if price is None else currency.shown(price * _KWH).split()[0]


def _price(price: int, currency: Denomination) -> str:
    return f"{currency.shown(price * _KWH)} a kWh"


@asynccontextmanager
async def _asking(
    node: NodeFolder, coop: str | None, market: str
) -> AsyncIterator[tuple[Books, str]]:
    """Give the books, and the path below which a market is asked for."""
    async with operator(node, node.choose(coop)) as speaker:
        markets = await speaker.ask(f"/v1/coops/{speaker.coop}/markets")
        if market not in {one["market"] for one in markets}:
            raise LocalNodeError(
                f"there is no market {shown(market)}: `settlement-node market show` lists all"
            )
        yield await Books.open(speaker), f"/v1/coops/{speaker.coop}/markets/{market}"


async def _coming(
    node: NodeFolder, coop: str | None, market: str, count: int
) -> tuple[list[_Figures], Denomination]:
    async with _asking(node, coop, market) as (books, path):
        listed = await books.speaker.ask(f"{path}/intervals?limit={count}")
        return listed, books.currency


async def _course(node: NodeFolder, coop: str | None, market: str, instant: int) -> _Course:
    async with _asking(node, coop, market) as (books, path):
        ask = books.speaker.ask
        (holds,) = await ask(f"{path}/intervals?start={instant}&limit=1")
        start = holds["start"]
        try:
            cleared = await ask(f"{path}/cleared/{start}")
        except NotFoundError:
            cleared = None
        settled = await ask(f"{path}/settlements?after={start - 1}&limit=1")
        of_it = next((one for one in settled if one["start"] == start), None)
        return _Course(market, books.currency, holds, cleared, of_it)


async def _book(
    node: NodeFolder, coop: str | None, market: str, instant: int
) -> tuple[_Course, list[_Figures]]:
    async with _asking(node, coop, market) as (books, path):
        (holds,) = await books.speaker.ask(f"{path}/intervals?start={instant}&limit=1")
        told = await books.speaker.ask(f"{path}/cleared/{holds['start']}/book")
        # Who may read the book may read all figures, however few the members are.
        cleared = {**told, **told["figures"]}
        return _Course(market, books.currency, holds, cleared, None), told["orders"]
