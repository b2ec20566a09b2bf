"""A month's statements on the command line: issued, exported, collected and paid by a bank."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from settlement_node.hosting.folder import LOG, OPERATOR, RECEIPTS, Description, NodeFolder
from settlement_node.ledger.actions import OpenBankAccount, ReservePayout
from settlement_node.market.billing.json_file import read_json
from settlement_node.market.billing.months import Month
from tests.node.ledger.camt_files import IBAN
from tests.node.ledger.till import CENT
from tests.node.market.issuing.winter import RAIN, SUN, month_ends, winter
from tests.node.village import LOG_SEED, RECEIPT_SEED
from tests.protocol.spoken import COOP, Home

OTHER_IBAN = "AT611904300234573201"


def last_month() -> Month:
    """Return the month that was over last, in UTC."""
    first = datetime.now(UTC).date().replace(day=1)
    before = first - timedelta(days=1)
    return Month.of(before.year, before.month, ZoneInfo("UTC"))


async def lived(folder: Path, month: Month) -> None:
    """Leave a data folder whose co-op has lived through a month's end."""
    node = NodeFolder(folder)
    founder = Home(1)
    begun = node.begin(Description(COOP, "Sonnenhang", "http://127.0.0.1:8480", founder.member))
    for name, seed in ((LOG, LOG_SEED), (RECEIPTS, RECEIPT_SEED), (OPERATOR, founder.seed)):
        begun.add_key(name, seed)
    async with winter(begun.books, month) as (here, homes):
        await here.act(OpenBankAccount(IBAN))
        await month_ends(here, homes, month)
        await here.act(ReservePayout(SUN.member, IBAN, 31 * CENT))
    node.finish(begun)


def test_a_month_is_billed(tmp_path: Path) -> None:
    month, folder = last_month(), tmp_path / "node"
    asyncio.run(lived(folder, month))
    data = ("--data", folder)
    why = (*data, "--reason", "monthly")
    zone = ("--time-zone", "UTC")
    command("statements", "party", *why, "--address", "Linz", "Sonnenhang eG")
    printed = command("statements", "issue", *why, *zone, month)
    assert "2 statements issued, 1 member had nothing" in printed
    again = command("statements", "issue", *why, *zone, month)
    assert "2 statements not issued" in again
