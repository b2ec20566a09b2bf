"""A month's statements on the command line: issued, exported, collected and paid by a bank."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from depin_protocol.durations import HOUR
from settlement_node.hosting.folder import LOG, OPERATOR, RECEIPTS, Description, NodeFolder
from settlement_node.ledger.actions import OpenBalance, OpenBankAccount, ReservePayout
from settlement_node.market.billing.json_file import read_json
from settlement_node.market.billing.months import Month
from settlement_node.market.billing.statement import StatementOfAccount
from tests.node.api.neighbour import Neighbour, ask
from tests.node.ledger.camt_files import IBAN
from tests.node.ledger.till import CENT
from tests.node.market.issuing.winter import RAIN, SUN, hour, month_ends, time_passes, winter
from tests.node.village import LOG_SEED, RECEIPT_SEED
from tests.protocol.spoken import COOP, Home
from tests.system.node_process import command, refused, running

OTHER_IBAN = "AT611904300234573201"


def last_month(back: int = 1) -> Month:
    """Return the month that was over last, in UTC, or one before it."""
    first = datetime.now(UTC).date().replace(day=1)
    for _ in range(back):
        before = first - timedelta(days=1)
        first = before.replace(day=1)
    return Month.of(first.year, first.month, ZoneInfo("UTC"))


async def lived(folder: Path, month: Month, following: Month | None = None) -> None:
    """Leave a data folder whose co-op has lived through a month's end, or the next one's too."""
    node = NodeFolder(folder)
    founder = Home(1)
    begun = node.begin(Description(COOP, "Sonnenhang", "http://127.0.0.1:8480", founder.member))
    for name, seed in ((LOG, LOG_SEED), (RECEIPTS, RECEIPT_SEED), (OPERATOR, founder.seed)):
        begun.add_key(name, seed)
    async with winter(begun.books, month) as (here, homes):
        await here.act(OpenBankAccount(IBAN))
        await here.act(OpenBalance(100 * CENT, account=IBAN))
        await month_ends(here, homes, month)
        await here.act(ReservePayout(SUN.member, IBAN, 31 * CENT))
        if following is not None:
            await hour(here, homes, month.ends + 3 * HOUR, 900, 900)
            await time_passes(here, following.ends + 3 * HOUR)
    node.finish(begun)


def values(file: Path, name: str) -> list[str]:
    """Return the texts of the elements of a name."""
    return [element.text or "" for element in ET.parse(file).iter() if element.tag.endswith(name)]  # noqa: S314 - our own file


@dataclass(frozen=True)
class Billed:
    """A data folder whose co-op has issued a month's statements."""

    folder: Path
    month: Month
    told: dict[str, StatementOfAccount]
    """By member."""

    @property
    def data(self) -> tuple[object, ...]:
        return "--data", self.folder


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Billed:
    """Issue the statements of the month that was over last, and export them."""
    month, folder = last_month(), tmp_path_factory.mktemp("billed") / "node"
    asyncio.run(lived(folder, month))
    data = ("--data", folder)
    why = (*data, "--reason", "monthly")
    command("statements", "party", *why, "--address", "Linz", "Sonnenhang eG")
    issue = ("statements", "issue", *why, "--time-zone", "UTC", month)
    assert "2 statements issued, 1 member had nothing" in command(*issue)
    assert "2 statements not issued" in refused(*issue)
    files = folder.parent / "files"
    forms = ("--form", "pdf", "--form", "json")
    assert "4 files" in command("statements", "export", *data, *forms, files)
    assert "0 files" in command("statements", "export", *data, *forms, files)
    assert all(file.read_bytes().startswith(b"%PDF") for file in files.glob("*.pdf"))
    told = [read_json(file.read_bytes()) for file in files.glob("*.json")]
    return Billed(folder, month, {one.member.member: one for one in told})


def test_statements_are_listed_by_their_numbers(billed: Billed) -> None:
    listed = command("statements", "show", *billed.data, "--month", billed.month)
    year = datetime.now(UTC).year
    assert [line.split()[0] for line in listed.splitlines()] == [f"{year}-000001", f"{year}-000002"]
    assert billed.told[SUN.member].coop.name == "Sonnenhang eG"
    command("verify", *billed.data)


def test_a_member_reads_its_own_in_every_form(billed: Billed) -> None:
    told = billed.told[SUN.member]
    with running(billed.folder) as (port, _):
        sun = Neighbour(COOP, SUN.seed)
        token = sun.token(port)
        (only,) = ask(port, f"{sun.path}/account-statements", Authorization=token).json
        assert (only["number"], only["month"]) == (str(told.number), str(billed.month))
        assert only["sha256"] == told.sha256
        path = f"{sun.path}/account-statements/{only['number']}"
        for form, begins in (("pdf", b"%PDF"), ("xlsx", b"PK"), ("csv", b"section")):
            reply = ask(port, f"{path}/{form}", Authorization=token)
            assert begins in reply.content[:20], form
        assert read_json(ask(port, f"{path}/json", Authorization=token).content) == told
        assert ask(port, f"{path}/doc", Authorization=token).status == 404
        assert ask(port, f"{path[:-1]}9/pdf", Authorization=token).status == 404
        assert ask(port, f"{path[:-3]}/pdf", Authorization=token).status == 404
        assert ask(port, f"{path}/pdf").status == 401
        rain = Neighbour(COOP, RAIN.seed).token(port)
        assert ask(port, f"{path}/pdf", Authorization=rain).status == 403


def test_a_bank_collects_and_pays(billed: Billed, tmp_path: Path) -> None:
    told, data, year = billed.told, billed.data, datetime.now(UTC).year
    table = tmp_path / "members.csv"
    rows = [f"{RAIN.member},Regina Müller,{OTHER_IBAN},M-1,2026-01-15"]
    table.write_text("\n".join(["member,name,iban,mandate,signed", *rows]), "utf-8")
    ours = ("--account", IBAN, "--due", f"{year + 1}-01-15")
    debits, credits_ = tmp_path / "debits.xml", tmp_path / "credits.xml"
    creditor = ("--creditor-id", "DE98ZZZ09999999999")
    collect = (
        "bank",
        "debits",
        *data,
        "--month",
        billed.month,
        "--mandates",
        table,
        *ours,
        *creditor,
    )
    typo = tuple("AT611904300234573201" if one == IBAN else one for one in collect)
    assert "has no open bank account AT611904300234573201" in refused(*typo, debits)
    assert not debits.exists()
    command(*collect, debits)
    assert "is there already" in refused(*collect, debits)
    owed = -told[RAIN.member].at_bank // CENT
    assert owed == 7
    assert values(debits, "InstdAmt") == [f"0.{owed:02}"]
    assert values(debits, "EndToEndId") == [
        f"{told[RAIN.member].member.reference}-{told[RAIN.member].number}"
    ]
    paid = ("money", "deposit", *data, "--reason", "cash", "--account", IBAN)
    command(*paid, RAIN.member, "0.05")
    again = tmp_path / "again.xml"
    command(*collect, again)
    assert values(again, "InstdAmt") == ["0.02"]
    payees = ("bank", "credits", *data, "--payees", table, *ours)
    assert "nothing to pay" in refused(*payees, credits_)
    rows.append(f"{SUN.member},Ada,{OTHER_IBAN[:-1]}2,,")
    table.write_text("\n".join(["member,name,iban,mandate,signed", *rows]), "utf-8")
    assert "line 3" in refused(*payees, credits_)
    rows[-1] = f"{SUN.member},Ada,{OTHER_IBAN},,"
    table.write_text("\n".join(["member,name,iban,mandate,signed", *rows]), "utf-8")
    command(*payees, credits_)
    assert values(credits_, "InstdAmt") == ["0.31"]


def test_a_statement_that_is_carried_on_is_collected_with_the_next(tmp_path: Path) -> None:
    first, second = last_month(2), last_month()
    folder, table = tmp_path / "node", tmp_path / "members.csv"
    asyncio.run(lived(folder, first, second))
    data = ("--data", folder)
    row = f"{RAIN.member},Regina Müller,{OTHER_IBAN},M-1,2026-01-15"
    table.write_text(f"member,name,iban,mandate,signed\n{row}\n", "utf-8")
    due = f"{datetime.now(UTC).year + 1}-01-15"
    ours = ("--account", IBAN, "--due", due, "--creditor-id", "DE98ZZZ09999999999")
    collect = ("bank", "debits", *data, "--mandates", table, *ours, "--month")
    issue = ("statements", "issue", *data, "--reason", "monthly", "--time-zone", "UTC")

    command(*issue, first)
    before, carried, both = tmp_path / "1.xml", tmp_path / "2.xml", tmp_path / "3.xml"
    command(*collect, first, before)
    assert values(before, "InstdAmt") == ["0.07"]
    command(*issue, second)
    why = refused(*collect, first, carried)
    assert "whose" in why
    assert "is carried on by" in why
    assert "there is nothing to pay" in why
    assert not carried.exists()

    command(*collect, second, both)
    files = tmp_path / "files"
    command("statements", "export", *data, "--month", second, "--form", "json", files)
    told = [read_json(file.read_bytes()) for file in files.glob("*.json")]
    (rain,) = [one for one in told if one.member.member == RAIN.member]
    # The 7 cents of the month before are in it, once.
    assert -rain.opening // CENT >= 7
    owed = -rain.at_bank // CENT
    assert owed > 7
    assert values(both, "InstdAmt") == [f"0.{owed:02}"]
    assert values(both, "EndToEndId") == [f"{rain.member.reference}-{rain.number}"]
    # Who paid the first of them since has less to pay, and pays no part of it twice.
    paid = ("money", "deposit", *data, "--reason", "cash", "--account", IBAN)
    command(*paid, RAIN.member, "0.07")
    after = tmp_path / "4.xml"
    command(*collect, second, after)
    assert values(after, "InstdAmt") == [f"0.{owed - 7:02}"]


def test_a_sheet_of_quarters_needs_quarters(billed: Billed, tmp_path: Path) -> None:
    points = tmp_path / "points.csv"
    points.write_text(f"metering_point,member\n{'AT' + '0' * 31},{RAIN.member}\n", "utf-8")
    sheet = (
        "quarters",
        "export",
        *billed.data,
        "--points",
        points,
        billed.month,
        tmp_path / "q.xlsx",
    )
    assert "longer than a quarter" in refused(*sheet)
