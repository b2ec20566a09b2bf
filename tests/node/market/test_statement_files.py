"""One statement, four files: each says the same figures to whoever reads it back."""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import jsonschema_rs
import pypdf
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from settlement_node.market.billing.corrections import Correction
from settlement_node.market.billing.csv_file import write_csv
from settlement_node.market.billing.issuing import AccountMonth, statement_of_account
from settlement_node.market.billing.json_file import (
    StatementFileError,
    json_schema,
    read_json,
    write_json,
)
from settlement_node.market.billing.pdf_file import write_pdf
from settlement_node.market.billing.statement import Movement, StatementOfAccount
from settlement_node.market.billing.summed_corrections import summed
from settlement_node.market.billing.table import COLUMNS, Row, Section, rows_of
from settlement_node.market.billing.wording import rate_words
from settlement_node.market.billing.xlsx_file import write_xlsx
from settlement_node.market.text_cells import from_text
from tests.node.market.drawn_statements import drawn_statements
from tests.node.market.worked_month import (
    ADA,
    BOB,
    CENT,
    EUR,
    NOVEMBER,
    OCTOBER,
    books,
    issue_of,
    month_of,
)

DOCS = Path(__file__).parents[3] / "docs"
STATEMENT = statement_of_account(issue_of(BOB, 2), books(10 * CENT, month_of(1)), None)
SELLERS = statement_of_account(issue_of(ADA, 1), books(0, month_of(0, 1300)), None)


def from_csv(data: bytes) -> list[Row]:
    lines = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert tuple(lines.fieldnames or ()) == COLUMNS
    return [
        Row(
            Section(line["section"]),
            line["line"],
            from_text(line["about"]),
            int(line["energy_wh"]) if line["energy_wh"] else None,
            line["amount"],
            line["unit"],
        )
        for line in lines
    ]


def from_xlsx(data: bytes, statement: StatementOfAccount) -> list[Row]:
    """Read the numbers as a spreadsheet holds them, and write them with their decimals."""
    (name,) = (book := CalamineWorkbook.from_filelike(io.BytesIO(data))).sheet_names
    assert name == str(statement.number)
    head, *rows = book.get_sheet_by_name(name).to_python()
    assert tuple(head) == COLUMNS
    found = []
    for section, line, about, wh, amount, unit in rows:
        written = ""
        if amount != "":
            exact = Decimal(amount if isinstance(amount, str) else f"{amount:.15g}")
            written = f"{exact:.9f}"
        energy = int(wh) if isinstance(wh, (int, float)) else None
        found.append(Row(Section(str(section)), str(line), str(about), energy, written, str(unit)))
    return found


def balance_of(rows: Iterable[Row]) -> tuple[Decimal, Decimal]:
    """Add up what a file tells, and read the closing balance that it tells."""
    told = closing = Decimal(0)
    for row in rows:
        if (row.section, row.line) == (Section.BALANCE, "closing"):
            closing = Decimal(row.amount)
        elif (
            row.section
            in {
                Section.BALANCE,
                Section.MONEY,
                Section.MOVEMENTS,
                Section.CORRECTIONS,
            }
            and row.amount
        ):
            told += Decimal(row.amount)
    return told, closing


@settings(max_examples=60, deadline=None)
@given(drawn_statements())
@example(STATEMENT)
@example(SELLERS)
def test_every_file_says_the_same_and_adds_up(statement: StatementOfAccount) -> None:
    rows = list(rows_of(statement))
    data = write_json(statement)
    assert read_json(data) == statement
    assert list(rows_of(read_json(data))) == rows
    assert from_csv(write_csv(statement)) == rows
    workbook = from_xlsx(write_xlsx(statement), statement)
    assert workbook == rows
    for each in (rows, from_csv(write_csv(statement)), workbook):
        told, closing = balance_of(each)
        assert told == closing == Decimal(EUR.written(statement.closing))


def text_of(data: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    return "\n".join(page.extract_text() for page in pages)


@settings(max_examples=20, deadline=None)
@given(drawn_statements())
@example(STATEMENT)
@example(SELLERS)
def test_the_paper_shows_every_amount_as_text(statement: StatementOfAccount) -> None:
    text = text_of(write_pdf(statement))
    amounts = [
        statement.opening,
        statement.closing,
        *(line.amount for line in statement.money),
        *(movement.amount for movement in statement.movements),
        *(one.amount for one in summed(statement.corrections)),
        *(line.accrued for line in statement.taxes),
        *(line.carried for line in statement.taxes),
        *(reward.amount for reward in statement.rewards),
    ]
    for amount in amounts:
        assert EUR.written(amount) in text
    for energy in statement.energy:
        assert f"{Decimal(energy.wh) / 1000:.3f}" in text
    for tax in statement.taxes:
        assert rate_words(tax.rate) in text
    assert str(statement.number) in text
    assert statement.sha256 in text
    assert statement.member.reference in text.replace(" ", "")


def test_a_usual_month_is_one_page_with_its_number_and_names_in_any_alphabet() -> None:
    for statement in (STATEMENT, SELLERS):
        reader = pypdf.PdfReader(io.BytesIO(write_pdf(statement)))
        (page,) = reader.pages
        text = page.extract_text()
        assert "Page 1 of 1" in text
        assert statement.member.name in text
        assert statement.coop.name in text
        assert reader.metadata is not None
        assert reader.metadata.title == f"Statement of account {statement.number}"
    for name in ("Ωμέγα Παπαδόπουλος", "Дмитро Шевченко", "Şükrü Öztürk", "Gő Žižka"):
        renamed = replace(STATEMENT, member=replace(BOB, name=name))
        assert name in unicodedata.normalize("NFC", text_of(write_pdf(renamed)))


def test_a_long_month_goes_on_over_pages_and_counts_them() -> None:
    movements = tuple(Movement(OCTOBER.begins + day, "DEPOSIT", CENT) for day in range(90))
    account = replace(books(0, month_of(1), 90 * CENT), movements=movements)
    statement = statement_of_account(issue_of(BOB, 1), account, None)
    pages = pypdf.PdfReader(io.BytesIO(write_pdf(statement))).pages
    assert len(pages) == 3
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of 3" in page.extract_text()


def test_a_month_of_corrections_is_told_on_one_page() -> None:
    told, (became, *_) = month_of(1)[0], month_of(1)[1:]
    first = statement_of_account(issue_of(BOB, 1), books(0, month_of(1)), None)
    corrections = tuple(
        Correction(replace(told, start=OCTOBER.begins + number), became.lines, first.number, why)
        for why in ("as the grid operator told", "found late")
        for number in range(1_000)
    )
    issue = issue_of(BOB, 2, date(2026, 12, 3))
    month = AccountMonth(NOVEMBER, first.closing, first.closing, corrections=corrections)
    statement = statement_of_account(issue, month, first)
    (page,) = pypdf.PdfReader(io.BytesIO(write_pdf(statement))).pages
    text = page.extract_text()
    assert text.count("1,000 intervals") == 2
    assert sum(one.amount for one in summed(statement.corrections)) == statement.closing - (
        first.closing
    )


def test_letters_that_the_font_lacks_do_not_stop_a_statement() -> None:
    renamed = replace(STATEMENT, member=replace(BOB, name="田中 Tanaka"))
    assert "?? Tanaka" in text_of(write_pdf(renamed))
    assert read_json(write_json(renamed)).member.name == "田中 Tanaka"


def test_a_formula_as_a_name_stays_a_text() -> None:
    renamed = replace(STATEMENT, member=replace(BOB, name='=HYPERLINK("http://x.example")'))
    assert b"'=HYPERLINK" in write_csv(renamed)
    (row,) = (row for row in from_csv(write_csv(renamed)) if row.line == "member_name")
    assert row.about == renamed.member.name
    (cell,) = (row for row in from_xlsx(write_xlsx(renamed), renamed) if row.line == "member_name")
    assert cell.about == renamed.member.name


def test_the_same_statement_gives_the_same_bytes() -> None:
    again = read_json(write_json(STATEMENT))
    for write in (write_json, write_csv, write_xlsx, write_pdf):
        assert write(again) == write(STATEMENT)


def test_the_json_file_is_as_its_schema_says() -> None:
    schema = json_schema()
    jsonschema_rs.meta.validate(schema)
    checker = jsonschema_rs.validator_for(schema)
    for statement in (STATEMENT, SELLERS):
        checker.validate(json.loads(write_json(statement)))
    assert not checker.is_valid({"sha256": STATEMENT.sha256})
    documented = json.loads((DOCS / "statement.schema.json").read_text())
    assert documented == json.loads(json.dumps(schema))


DATA = write_json(STATEMENT)


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_an_altered_statement_is_refused(at: int, change: int) -> None:
    altered = bytearray(DATA)
    altered[at] ^= change
    with pytest.raises(StatementFileError):
        read_json(bytes(altered))


def test_a_statement_altered_with_its_hash_still_has_to_add_up() -> None:
    told = json.loads(DATA)
    told["statement"]["closing"] += 1
    with pytest.raises(StatementFileError, match="misses its closing balance"):
        read_json(json.dumps(told).encode())
    with pytest.raises(StatementFileError, match="not as it was issued"):
        read_json(DATA.replace(b'"Bob', b'"Rob'))


def test_an_amount_that_a_spreadsheet_would_alter_stands_as_text() -> None:
    statement = statement_of_account(issue_of(BOB, 1), books(12_345_678_901_234_567, ()), None)
    book = CalamineWorkbook.from_filelike(io.BytesIO(write_xlsx(statement)))
    amounts = {tuple(row[:2]): row[4] for row in book.get_sheet_by_index(0).to_python()}
    assert amounts["balance", "opening"] == "12345678.901234567"
    assert amounts["bank", "at_bank"] == 12_345_678.90


def test_a_long_name_is_cut_on_paper_only() -> None:
    renamed = replace(STATEMENT, coop=replace(STATEMENT.coop, name="Sonnenhang " * 12 + "eG"))
    assert "…" in text_of(write_pdf(renamed))
    assert read_json(write_json(renamed)).coop.name == renamed.coop.name
