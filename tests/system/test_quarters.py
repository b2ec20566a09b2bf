"""The grid operator's quarter hours as an operator imports them: told whole, or refused whole."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from depin_protocol.invite import parse_invite
from settlement_node.commands.local_node import operator
from settlement_node.hosting.folder import NodeFolder
from settlement_node.market.quarter_hours.sheet_file import write_sheet_xlsx
from settlement_node.market.quarter_hours.table_file import write_table
from settlement_node.market.quarter_hours.values import Channel, Code, Direction, Series
from settlement_node.market.settling.actions import TellQuarterHours
from settlement_node.market.settling.telling import tellings
from tests.node.api.neighbour import Neighbour
from tests.node.market.quarter_hour_files import HOME, ROOF, VIENNA, Writer, day_of_values
from tests.system.node_process import command, new_coop, refused, running, serving

DAY = date(2026, 11, 2)
TAKEN = Channel(HOME, Direction.CONSUMPTION, Code.MEASURED)
GIVEN = Channel(ROOF, Direction.GENERATION, Code.MEASURED)
COVERED = Channel(HOME, Direction.CONSUMPTION, Code.COVERED)


@pytest.mark.parametrize("write", [write_table, write_sheet_xlsx])
def test_a_file_is_told_whole_or_not_at_all(write: Writer, tmp_path: Path) -> None:
    node = tmp_path / "node"
    coop = new_coop(node)
    with running(node) as (port, _):
        home = Neighbour(coop)
        code = parse_invite(command("invite", "--data", node)).code
        assert home.join(port, code).status == 201
    file = tmp_path / "values"
    file.write_bytes(write((day_of_values(DAY, TAKEN), day_of_values(DAY, GIVEN)), VIENNA))
    points = tmp_path / "points.csv"
    told = ("quarters", "import", "--data", node, "--reason", "as told", "--points", points, file)

    points.write_text(f"metering_point,member\n{HOME},{home.member}\n")
    assert f"{ROOF}: nobody is listed" in refused(*told)
    stranger = Neighbour(coop).member
    points.write_text(f"metering_point,member\n{HOME},{home.member}\n{ROOF},{stranger}\n")
    assert f"nobody here is {stranger}" in refused(*told)
    points.write_text(f"metering_point,member\n{HOME},{home.member}\n{ROOF},{home.member}\n")
    assert "told: 192 quarter hours" in command(*told)
    listed = command("members", "--data", node).splitlines()
    (name,) = [line.split(maxsplit=3)[3] for line in listed if line.startswith(home.member)]
    points.write_text(f"metering_point,member\n{HOME},{name}\n{ROOF},{home.member}\n")
    assert "told: 192 quarter hours" in command(*told)

    file.write_bytes(write((day_of_values(DAY, COVERED),), VIENNA))
    assert "it has no G.01" in refused(*told)
    points.write_text("point,who\n")
    assert "the first line has to be" in refused(*told)


MONTH = [date(2026, 9, 1) + timedelta(day) for day in range(60)]
POINTS = ("AT" + "1" * 31, "AT" + "2" * 31, HOME)


def two_months(point: str) -> Series:
    """Give so many quarter hours of a metering point that few fit into one statement."""
    channel = Channel(point, Direction.CONSUMPTION, Code.MEASURED)
    days = [day_of_values(day, channel) for day in MONTH]
    return Series(channel, "", tuple(value for day in days for value in day.values))


async def tell(node: NodeFolder, *parts: TellQuarterHours) -> None:
    """Tell parts of an import, each of which must be heard."""
    async with operator(node, node.choose(None)) as speaker:
        for part in parts:
            await speaker.act(part, "as told")


def parts_and_quarters(node: Path) -> tuple[int, int]:
    """Count what waits in the books of a node that does not run."""
    (books,) = node.glob("coops/*/books.sqlite")
    with closing(sqlite3.connect(books)) as opened:
        (parts,) = opened.execute("SELECT count(*) FROM begun_import").fetchone()
        (quarters,) = opened.execute("SELECT count(*) FROM told_quarter").fetchone()
    return int(parts), int(quarters)


def test_a_node_that_dies_between_two_parts_of_a_file_has_told_nothing(tmp_path: Path) -> None:
    node = tmp_path / "node"
    coop = new_coop(node)
    homes = []
    with running(node) as (port, _):
        for _ in POINTS:
            home = Neighbour(coop)
            code = parse_invite(command("invite", "--data", node)).code
            assert home.join(port, code).status == 201
            homes.append(home.member)
    series = [two_months(point) for point in POINTS]
    parts = tellings(series, dict(zip(POINTS, homes, strict=True)))
    assert len(parts) > 1

    with serving(node) as (_, process):
        asyncio.run(tell(NodeFolder(node), *parts[:-1]))
        process.kill()
    assert "all follows" in command("verify", "--data", node)
    assert parts_and_quarters(node) == (len(parts) - 1, 0)
    # It can be gone on with, and begun anew by giving the file.
    with serving(node) as (_, process):
        asyncio.run(tell(NodeFolder(node), parts[-1]))
        asyncio.run(tell(NodeFolder(node), parts[0]))
        process.kill()
    everything = sum(len(one.values) for one in series)
    assert parts_and_quarters(node) == (1, everything)
    file, points = tmp_path / "values.csv", tmp_path / "points.csv"
    file.write_bytes(write_table(tuple(series), VIENNA))
    listed = "".join(f"{point},{home}\n" for point, home in zip(POINTS, homes, strict=True))
    points.write_text(f"metering_point,member\n{listed}")
    with running(node):
        printed = command(
            *("quarters", "import", "--data", node, "--reason", "as told", "--points", points, file)
        )
    assert f"told: {everything} quarter hours" in printed
    assert parts_and_quarters(node) == (0, everything)
    assert "all follows" in command("verify", "--data", node)
    assert command("rebuild", "--data", node)
    assert "all follows" in command("verify", "--data", node)
