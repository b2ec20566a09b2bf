"""`settlement-node quarters export`: a month of settled quarter hours, for community and grid."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from depin_protocol.metering import Quality
from depin_protocol.settlement.pool import Key
from settlement_node.commands.books import Books
from settlement_node.commands.common import coop_option, counted, data_option, folder_at, run
from settlement_node.commands.local_node import LocalNodeError, Operator, operator
from settlement_node.commands.months import read_month, zone_option
from settlement_node.hosting.folder import NodeFolder
from settlement_node.market.billing.months import Month
from settlement_node.market.quarter_hours.days import QUARTER
from settlement_node.market.quarter_hours.of_settled import Figures, offers, series_of, whole_days
from settlement_node.market.quarter_hours.sheet_file import write_sheet_csv, write_sheet_xlsx
from settlement_node.market.quarter_hours.table_file import write_table
from settlement_node.market.quarter_hours.values import QuarterHourError, Series
from settlement_node.market.settling.telling import PointsError, read_points
from settlement_node.output import shown

_AT_ONCE: Final = 200
_FORMS: Final[dict[str, Callable[[tuple[Series, ...], ZoneInfo], bytes]]] = {
    "xlsx": write_sheet_xlsx,
    "csv": write_sheet_csv,
    "table": write_table,
}
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@data_option
@coop_option
@click.option(
    "--points",
    required=True,
    type=_FILE,
    help="Whose each metering point is: CSV with metering_point and member.",
)
@zone_option
@click.option("--market", help="Which market, if not the first.")
@click.option(
    "--form",
    type=click.Choice(list(_FORMS)),
    default="xlsx",
    show_default=True,
    help="The communities' sheet as workbook or CSV, or a table with a line a value.",
)
@click.argument("month")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(  # noqa: PLR0913, PLR0917 - each is an argument or option
    path: Path,
    coop: str | None,
    points: Path,
    zone: ZoneInfo,
    market: str | None,
    form: str,
    month: str,
    file: Path,
) -> None:
    """Write what was settled in a MONTH, such as 2026-11, into a FILE of quarter hours."""
    try:
        known = read_points(points.read_text(encoding="utf-8-sig"))
    except (PointsError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{points.name}: {error}") from error
    wanted = (market, read_month(month, zone), zone)
    series, left_out = run(_settled(folder_at(path), coop, wanted, known))
    file.write_bytes(_FORMS[form](series, zone))
    click.echo(f"{file} is written: {counted(len(series), 'channel')}")
    for name, days in left_out.items():
        click.echo(f"  {shown(name)}: left out, settled in part only: {', '.join(map(str, days))}")


async def _settled(
    node: NodeFolder,
    coop: str | None,
    which: tuple[str | None, Month, ZoneInfo],
    points: dict[str, str],
) -> tuple[tuple[Series, ...], dict[str, list[date]]]:
    """Give the channels of whole days, and by members' names the days that are left out."""
    name, month, zone = which
    async with operator(node, node.choose(coop)) as speaker:
        books = await Books.open(speaker)
        whose = {point: books.members.named(text) for point, text in points.items()}
        market, versions = await _market(speaker, name)
        _require_quarters(versions, month)
        members = {
            member: await _figures(speaker, member, market, (month, versions))
            for member in books.members.chosen(())
        }
    keys = {one.start: _key(versions, one.start) for figures in members.values() for one in figures}
    offered = offers(members, keys)
    left_out: dict[str, list[date]] = {}
    for member in dict.fromkeys(whose.values()):
        members[member], in_part = whole_days(members[member], zone)
        if in_part:
            left_out[books.members.name(member)] = in_part
    try:
        found = tuple(
            series
            for point, member in whose.items()
            for series in series_of(
                point,
                books.members.name(member),
                members[member],
                {one.start: offered[member, one.start] for one in members[member]},
            )
        )
    except QuarterHourError as error:
        raise click.ClickException(str(error)) from error
    return found, left_out


async def _market(speaker: Operator, name: str | None) -> tuple[str, list[dict[str, Any]]]:
    for one in await speaker.ask(f"/v1/coops/{speaker.coop}/markets"):
        if name in {None, one["market"]}:
            return one["market"], one["versions"]
    raise LocalNodeError(f"there is no market {name}: `settlement-node market show` lists all")


def _require_quarters(versions: list[dict[str, Any]], month: Month) -> None:
    for version in versions:
        if version["start"] < month.ends and version["rules"]["interval"] > QUARTER:
            raise LocalNodeError("the market's intervals are longer than a quarter of an hour")


def _key(versions: list[dict[str, Any]], start: int) -> Key | None:
    pool = [one["rules"]["pool"] for one in versions if one["start"] <= start][-1]
    return None if pool is None else Key(pool["key"])


async def _figures(
    speaker: Operator, member: str, market: str, when: tuple[Month, list[dict[str, Any]]]
) -> list[Figures]:
    """Ask for a member's month, by portions of intervals."""
    month, versions = when
    shortest = min(one["rules"]["interval"] for one in versions)
    path = f"/v1/coops/{speaker.coop}/members/{member}/settlements/{market}?limit={_AT_ONCE}"
    found: dict[int, Figures] = {}
    after = month.begins - 1
    while after < month.ends:
        for one in await speaker.ask(f"{path}&after={after}"):
            if month.holds(one["start"]):
                found[one["start"]] = _read(one["start"], one["figures"])
        after += _AT_ONCE * shortest
    return [found[start] for start in sorted(found)]


def _read(start: int, figures: dict[str, int]) -> Figures:
    return Figures(
        start,
        figures["metered.imported"],
        figures["metered.exported"],
        figures["trade.delivered_in"],
        figures["trade.delivered_out"],
        figures["pool.taken"],
        figures["pool.given"],
        figures["terms.pool_weight"],
        figures["terms.participation"],
        Quality(figures["metered.quality"]),
    )
