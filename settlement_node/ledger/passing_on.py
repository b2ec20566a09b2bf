"""What a log that succeeds another has to know of the transfers in the one before it."""

from settlement_node.ledger.about import About
from settlement_node.ledger.beginning import BEGINNING, Beginning, beginning
from settlement_node.ledger.codes import NAMED_LATER
from settlement_node.ledger.rows import Standing, TransferRow, transfer_of
from settlement_node.ledger.tables import ABOUT, TRANSFER
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Row, Table


async def passed_on(view: View) -> list[tuple[Table, Row]]:
    """Give the transfers that somebody may still name, as if entry 0 had made them all.

    The order in which they were made is kept: their places in the old log mean nothing any more.
    """
    begin = await beginning(view)
    rows = [TransferRow._make(row) async for row in every_row(view, TRANSFER)]
    named = [row for row in rows if _is_named(row, begin)]
    named.sort(key=lambda row: (row.entry, row.position))
    moved = [row._replace(entry=0, position=place) for place, row in enumerate(named)]
    about = About().note(moved)
    return [
        *((TRANSFER, row) for row in moved),
        *((ABOUT, row) for row in about),
        *((BEGINNING, row) for row in begin._replace(entry=0).rows()),
    ]


def _is_named(row: TransferRow, begin: Beginning) -> bool:
    standing, transfer = transfer_of(row)
    if begin.is_after(row.id):
        return standing is Standing.RESERVED
    return transfer is None or standing is Standing.RESERVED or transfer.code in NAMED_LATER
