"""`settlement-node quarters`: the grid operator's quarter hours in, settled ones out."""

from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click

from settlement_node.commands.common import (
    coop_option,
    counted,
    data_option,
    folder_at,
    reason_option,
    run,
)
from settlement_node.commands.local_node import LocalNodeError, operator
from settlement_node.commands.moments import written
from settlement_node.commands.months import zone_option
from settlement_node.commands.naming import Members
from settlement_node.commands.quarters_export import export
from settlement_node.hosting.clock import now
from settlement_node.hosting.folder import NodeFolder
from settlement_node.market.quarter_hours.identities import doubts
from settlement_node.market.quarter_hours.importing import read_quarter_hours
from settlement_node.market.quarter_hours.problems import ImportRefusedError
from settlement_node.market.quarter_hours.values import Series
from settlement_node.market.settling.telling import (
    PointsError,
    count_of,
    read_points,
    tellings,
)
from settlement_node.output import shown

_MOST_DOUBTS: Final = 20


_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def quarters() -> None:
    """Tell what the grid operator measured, and write what was settled, by quarter hours."""


quarters.add_command(export)


@quarters.command("import")
@data_option
@coop_option
@click.option(
    "--points",
    required=True,
    type=_FILE,
    help="Whose each metering point is: CSV with metering_point and member.",
)
@zone_option
@reason_option
@click.argument("file", type=_FILE)
def import_(  # noqa: PLR0913, PLR0917 - each is an option of the command
    path: Path, coop: str | None, points: Path, zone: ZoneInfo, reason: str, file: Path
) -> None:
    """Tell the quarter hours of a FILE, CSV or XLSX; they go before what homes said.

    All of it counts, or nothing: a file has at most 100,000 quarter hours. What was settled already
    is corrected. The same file twice changes nothing.
    """
    try:
        known = read_points(points.read_text(encoding="utf-8-sig"))
        series = read_quarter_hours(file.read_bytes(), zone, now())
        told = run(_told(folder_at(path), coop, (series, known), reason))
    except ImportRefusedError as refused:
        for problem in refused.problems:
            click.echo(f"  {shown(str(problem))}", err=True)
        raise click.ClickException("nothing was taken: mend what stands above") from refused
    except (PointsError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{points.name}: {error}") from error
    click.echo(f"told: {counted(told, 'quarter hour')}")
    _show_doubts(series)


def _show_doubts(series: tuple[Series, ...]) -> None:
    """Name values that exceed what they are a part of, for somebody to ask about."""
    found = list(doubts(series))
    for doubt in found[:_MOST_DOUBTS]:
        words = f"{doubt.part} exceeds {doubt.whole} by {doubt.excess_wh} Wh"
        click.echo(f"  ask about {doubt.point} at {written(doubt.start)}: {words}")
    if len(found) > _MOST_DOUBTS:
        click.echo(f"  and {len(found) - _MOST_DOUBTS} more like these")


async def _told(
    node: NodeFolder,
    coop: str | None,
    given: tuple[tuple[Series, ...], dict[str, str]],
    reason: str,
) -> int:
    """Tell a file's values, whose points are these; return how many they are."""
    series, points = given
    async with operator(node, node.choose(coop)) as speaker:
        members = await Members.ask(speaker)
        actions = tellings(series, {one: members.named(text) for one, text in points.items()})
        for done, action in enumerate(actions):
            try:
                await speaker.act(action, reason)
            except LocalNodeError as error:
                raise LocalNodeError(
                    f"part {done + 1} of {len(actions)}: {error}; nothing of the file counts"
                    " before its last part: give it again when that is mended"
                ) from error
    return count_of(actions)
