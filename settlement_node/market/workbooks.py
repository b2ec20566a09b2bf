"""Spreadsheets in XLSX: the same bytes for the same cells, numbers as numbers, texts as texts."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

type Cell = str | int | Decimal | datetime | None

_SAME_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)
_EXACT_DIGITS: Final = 15
"""A spreadsheet keeps 15 digits of a number; a longer one stands as text, unaltered."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet's name, its cells, how many rows at its top are headings, and columns' widths."""

    name: str
    rows: Iterable[Sequence[Cell]]
    headings: int
    widths: tuple[int, ...]


def write_workbook(*sheets: Sheet) -> bytes:
    """Write sheets into a workbook; a datetime is shown as the local time that it says."""
    target = io.BytesIO()
    with Workbook(target, {"in_memory": True, "remove_timezone": True}) as workbook:
        workbook.set_properties({"created": _SAME_MOMENT})
        formats = _Formats(workbook)
        for sheet in sheets:
            _write(workbook.add_worksheet(sheet.name), sheet, formats)
    return target.getvalue()


class _Formats:
    """The forms of cells, each made once."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._made: dict[str, Format] = {}
        self.heading = workbook.add_format({"bold": True, "bottom": 1})

    def number(self, form: str) -> Format:
        """Return the form of a number or a moment."""
        if form not in self._made:
            self._made[form] = self._workbook.add_format({"num_format": form})
        return self._made[form]


def _write(worksheet: Worksheet, sheet: Sheet, formats: _Formats) -> None:
    for column, width in enumerate(sheet.widths):
        worksheet.set_column(column, column, width)
    worksheet.freeze_panes(sheet.headings, 0)
    for row, cells in enumerate(sheet.rows):
        for column, cell in enumerate(cells):
            if row < sheet.headings and isinstance(cell, str):
                worksheet.write_string(row, column, cell, formats.heading)
            else:
                _put(worksheet, row, column, cell, formats)


def _put(worksheet: Worksheet, row: int, column: int, cell: Cell, formats: _Formats) -> None:
    match cell:
        case None:
            pass
        case str():
            worksheet.write_string(row, column, cell)
        case datetime():
            worksheet.write_datetime(row, column, cell, formats.number("yyyy-mm-dd hh:mm"))
        case int() | Decimal() if not _fits(Decimal(cell)):
            worksheet.write_string(
                row, column, format(cell, "f" if isinstance(cell, Decimal) else "")
            )
        case int():
            worksheet.write_number(row, column, cell, formats.number("0"))
        case Decimal():
            exponent = cell.as_tuple().exponent
            decimals = -exponent if isinstance(exponent, int) and exponent < 0 else 0
            form = f"0.{'0' * decimals}" if decimals else "0"
            worksheet.write_number(row, column, float(cell), formats.number(form))


def _fits(number: Decimal) -> bool:
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return len(digits) <= _EXACT_DIGITS
