"""Import a grid operator's quarter hours: by header name, with a report, whole or not at all."""

from zoneinfo import ZoneInfo

from depin_protocol.statements.fields import MAX_TIME
from settlement_node.market.quarter_hours.gathering import Gathering
from settlement_node.market.quarter_hours.grids import GridError, read_grid
from settlement_node.market.quarter_hours.problems import ImportRefusedError, Problem, Report
from settlement_node.market.quarter_hours.reading_sheet import is_sheet, read_sheet
from settlement_node.market.quarter_hours.reading_table import read_table
from settlement_node.market.quarter_hours.sheet_file import SHEET
from settlement_node.market.quarter_hours.values import Series


def read_quarter_hours(data: bytes, zone: ZoneInfo, until: int = MAX_TIME) -> tuple[Series, ...]:
    """Read a quarter-hour sheet or a table of values, CSV or XLSX; local times are the zone's.

    Quarters have to be over at `until`: nobody has measured what is still to come.
    If one thing is wrong, nothing is taken: `ImportRefusedError` then says all that is.
    """
    try:
        rows = read_grid(data, SHEET)
    except GridError as error:
        raise ImportRefusedError((Problem(0, "", str(error)),), 0) from None
    gathering = Gathering(zone, Report(), until)
    if is_sheet(rows):
        read_sheet(rows, gathering)
    else:
        read_table(rows, gathering)
    return gathering.series()
