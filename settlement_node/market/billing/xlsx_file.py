"""A statement of account as a spreadsheet: the rows of its CSV, with numbers as numbers."""

from decimal import Decimal

from settlement_node.market.billing.statement import StatementOfAccount
from settlement_node.market.billing.table import COLUMNS, rows_of
from settlement_node.market.workbooks import Cell, Sheet, write_workbook


def write_xlsx(statement: StatementOfAccount) -> bytes:
    """Write a statement's rows into one sheet."""
    rows: list[tuple[Cell, ...]] = [COLUMNS]
    for row in rows_of(statement):
        amount = Decimal(row.amount) if row.amount else None
        rows.append((row.section, row.line, row.about, row.energy_wh, amount, row.unit))
    sheet = Sheet(str(statement.number), rows, headings=1, widths=(16, 20, 44, 12, 20, 6))
    return write_workbook(sheet)
