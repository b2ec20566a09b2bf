"""A statement of account in CSV: UTF-8, commas, decimal points, one line a figure."""

import csv
import io
from collections.abc import Iterable

from settlement_node.market.billing.statement import StatementOfAccount
from settlement_node.market.billing.table import COLUMNS, Row, rows_of
from settlement_node.market.text_cells import as_text


def write_csv(statement: StatementOfAccount) -> bytes:
    """Write a statement's rows."""
    return _written(rows_of(statement))


def _written(rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    for row in rows:
        wh = "" if row.energy_wh is None else row.energy_wh
        lines.writerow((row.section, row.line, as_text(row.about), wh, row.amount, row.unit))
    # Spreadsheets take a file without the mark for one in an old encoding.
    return text.getvalue().encode("utf-8-sig")
