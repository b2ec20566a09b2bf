"""The grid operator's quarter hours as an operator imports them: told whole, or refused whole."""

from datetime import date
from pathlib import Path

import pytest

from depin_protocol.invite import parse_invite
from settlement_node.market.quarter_hours.sheet_file import write_sheet_xlsx
from settlement_node.market.quarter_hours.table_file import write_table
from settlement_node.market.quarter_hours.values import Channel, Code, Direction
from tests.node.api.neighbour import Neighbour
from tests.node.market.quarter_hour_files import HOME, ROOF, VIENNA, Writer, day_of_values
from tests.system.node_process import command, new_coop, refused, running

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
