"""The quarter-hour sheet of Austria's communities: a column a channel, a row a quarter hour."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from settlement_node.market.quarter_hours.days import QUARTER, local
from settlement_node.market.quarter_hours.figures import kwh
from settlement_node.market.quarter_hours.values import Quality, QuarterHour, Series
from settlement_node.market.text_cells import as_text
from settlement_node.market.workbooks import Cell, Sheet, write_workbook

SHEET: Final = "Energiedaten"
POINT: Final = "MeteringpointID"
NAME: Final = "Name"
DIRECTION: Final = "Energy direction"
BEGINS: Final = "Period start"
ENDS: Final = "Period end"
CODE: Final = "Metercode"
HEADINGS: Final = (POINT, NAME, DIRECTION, BEGINS, ENDS, CODE)
QUALITY: Final = "QoV"
"""What stands for the code above a column of quality levels, which are its left neighbour's."""

_DAY_FIRST: Final = "%d.%m.%Y %H:%M:%S"


def write_sheet_xlsx(series: tuple[Series, ...], zone: ZoneInfo) -> bytes:
    """Write a workbook of two sheets: the values, and a summary of each channel."""
    values = Sheet(
        SHEET,
        [_cells(row) for row in _rows(series, zone)],
        headings=len(HEADINGS),
        widths=(20, *((36, 6) * len(series))),
    )
    levels = tuple(Quality)
    summary: list[tuple[Cell, ...]] = [
        (POINT, NAME, DIRECTION, CODE, "kWh", *levels, "complete"),
        *(
            (
                each.channel.point,
                each.name,
                each.channel.direction,
                each.channel.code,
                kwh(each.wh),
                *(each.levels[level] for level in levels),
                "yes" if each.complete else "no",
            )
            for each in series
        ),
    ]
    widths = (36, 24, 16, 10, 14, 7, 7, 7, 7, 10)
    return write_workbook(values, Sheet("Summary", summary, headings=1, widths=widths))


def write_sheet_csv(series: tuple[Series, ...], zone: ZoneInfo) -> bytes:
    """Write the values with semicolons and decimal commas, as spreadsheets there open them."""
    text = io.StringIO()
    lines = csv.writer(text, delimiter=";", lineterminator="\r\n")
    for row in _rows(series, zone):
        lines.writerow([_text(cell) for cell in row])
    return text.getvalue().encode("utf-8-sig")


def _rows(series: tuple[Series, ...], zone: ZoneInfo) -> Iterator[list[Cell]]:
    """Write the headings, then each quarter of which any channel has a value."""
    starts = sorted({value.start for each in series for value in each.values})
    first = local(starts[0], zone) if starts else None
    after = local(starts[-1] + QUARTER, zone) if starts else None
    yield [POINT, *_twice([each.channel.point for each in series])]
    yield [NAME, *_twice([as_text(each.name) for each in series])]
    yield [DIRECTION, *_twice([each.channel.direction.value for each in series])]
    yield [BEGINS, *([first] * 2 * len(series))]
    yield [ENDS, *([after] * 2 * len(series))]
    yield [CODE, *(cell for each in series for cell in (each.channel.code.value, QUALITY))]
    known = [{value.start: value for value in each.values} for each in series]
    for start in starts:
        row: list[Cell] = [local(start, zone)]
        for values in known:
            row += _pair(values.get(start))
        yield row


def _pair(value: QuarterHour | None) -> tuple[Cell, Cell]:
    if value is None:
        return None, None
    return None if value.wh is None else kwh(value.wh), value.quality.value


def _twice(texts: list[str]) -> Iterator[str]:
    for text in texts:
        yield text
        yield text


def _cells(row: list[Cell]) -> list[Cell]:
    """Take the zones off, which a workbook does not know: it holds the local time."""
    return [cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell for cell in row]


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.strftime(_DAY_FIRST)
        case Decimal():
            return str(cell).replace(".", ",")
        case _:
            return str(cell)
