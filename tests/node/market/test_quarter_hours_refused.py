"""What is wrong with a file is told by row and column, and nothing of it is taken."""

import io
import zipfile
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement_node.market.quarter_hours.grids import MAX_BYTES
from settlement_node.market.quarter_hours.importing import read_quarter_hours
from settlement_node.market.quarter_hours.problems import ImportRefusedError
from settlement_node.market.quarter_hours.sheet_file import write_sheet_xlsx
from settlement_node.market.workbooks import Cell, Sheet, write_workbook
from tests.node.market.quarter_hour_files import (
    AUTUMN,
    HOME,
    VIENNA,
    day_lines,
    day_of_values,
    line,
    refused,
    table,
)


def test_each_problem_names_its_row_its_column_and_what_to_do() -> None:
    lines = day_lines()
    lines[3] = line("2026-05-01 00:45", "0,2505")
    lines[4] = line("2026-05-01 01:05")
    lines[5] = line("2026-05-01 01:15", quality="L9")
    lines[6] = lines[7]
    lines[8] = "2026-05-01 02:00,AT12,CONSUMPTION,G.03,1,L1"
    lines[9] = f"2026-05-01 02:15,{HOME},CONSUMPTION,P.01T,1,L1"
    told = refused(table(*(text.replace("0,2505", '"0,2505"') for text in lines)))
    assert [(each.row, each.column) for each in told] == [
        (5, "kwh"),
        (6, "start"),
        (7, "kwh"),
        (9, "start"),
        (10, "metering_point"),
        (11, "metering_point"),
        (0, f"{HOME} G.03"),
    ]
    assert "at most 3 decimals" in told[0].words
    assert "not the start of a quarter" in told[1].words
    assert "no level of quality" in told[2].words
    assert "came before" in told[3].words
    assert "33 capitals" in told[4].words
    assert "lacks 6 quarters of an hour, at 00:45, 01:00, 01:15, 01:30 and on" in told[6].words


def test_a_day_in_part_is_refused() -> None:
    (told,) = refused(table(*day_lines()[:-1]))
    assert told.words == (
        "2026-05-01 lacks 1 quarters of an hour, at 23:45: ask for the whole day, or leave it out"
    )


def test_quarters_that_nobody_has_measured_are_refused() -> None:
    until = day_of_values(date(2026, 5, 1)).values[-1].start
    lines = [*day_lines("1969-05-01"), *day_lines(), *day_lines("0001-01-01")]
    lines.append(line("9999-12-31 23:45"))
    with pytest.raises(ImportRefusedError) as caught:
        read_quarter_hours(table(*lines), VIENNA, until)
    found = caught.value.problems
    assert {each.words for each in found if each.row} == {
        "nobody has measured this quarter of an hour: correct the time"
    }
    rows = [each.row for each in found if each.row]
    assert rows == [*range(2, 98), 2 * 96 + 1, *range(2 * 96 + 2, 3 * 96 + 3)]


def test_times_that_the_clocks_skip_are_refused() -> None:
    told = refused(table(line("29.03.2026 02:30")))
    assert "the clocks skip it" in told[0].words


def test_missing_columns_are_all_named() -> None:
    told = refused(table("1", header="begin,kwh,wh,code,code"))
    assert [(each.row, each.column) for each in told] == [
        (1, "start"),
        (1, "metering_point"),
        (1, "direction"),
        (1, "code"),
        (1, "kwh"),
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"PK\x03\x04 and then nothing", "no workbook"),
        (b'start,code\n"1', "no CSV"),
    ],
)
def test_files_that_are_no_tables_are_refused(data: bytes, words: str) -> None:
    (told,) = refused(data)
    assert words in told.words


def workbook(*rows: tuple[Cell, ...]) -> bytes:
    return write_workbook(Sheet("Energiedaten", rows, headings=0, widths=()))


@pytest.mark.parametrize(("columns", "rows"), [(16_000, 1_000_000), (700, 30_000)])
def test_a_workbook_with_a_cell_far_away_is_refused(columns: int, rows: int) -> None:
    cells: list[tuple[Cell, ...]] = [()] * rows
    cells[0] = ("MeteringpointID", *([None] * columns), "far")
    cells[-1] = ("low",)
    (told,) = refused(workbook(*cells))
    assert "far from all others" in told.words


def test_a_sheets_problems_name_its_columns() -> None:
    first = datetime(2026, 5, 1, 0, 0)  # noqa: DTZ001 - a workbook knows no zones
    heads: list[tuple[Cell, ...]] = [
        ("MeteringpointID", HOME, HOME, HOME),
        ("Energy direction", "CONSUMPTION", "CONSUMPTION", "GENERATION"),
        ("Metercode", "1-1:1.9.0 G.01", "1-1:1.9.0 G.01", "G.02"),
    ]
    values: list[tuple[Cell, ...]] = [
        (first + timedelta(minutes=15 * number), Decimal("0.1")) for number in range(96)
    ]
    values[1] = ("soon", Decimal("0.1"))
    values[2] = (values[2][0], "much")
    told = refused(workbook(*heads, *values))
    assert [(each.row, each.column) for each in told] == [
        (3, "C"),
        (3, "D"),
        (5, "A"),
        (6, "B"),
        (0, f"{HOME} G.01"),
    ]


@settings(max_examples=150, deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_no_table_does_worse_than_be_refused(tail: bytes) -> None:
    assert refused(table(*day_lines()[:3]) + b"\n" + tail)


GOOD_WORKBOOK = write_sheet_xlsx((day_of_values(AUTUMN),), VIENNA)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD_WORKBOOK) - 1), st.integers(1, 255))
def test_no_damaged_workbook_does_worse_than_be_refused(at: int, change: int) -> None:
    damaged = bytearray(GOOD_WORKBOOK)
    damaged[at] ^= change
    try:
        values = read_quarter_hours(bytes(damaged), VIENNA)
    except ImportRefusedError:
        return
    assert values == (day_of_values(AUTUMN),)


def zipped(content: bytes, packing: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", packing, compresslevel=1) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", content)
    return target.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bytes(MAX_BYTES + 1), "are the most"),
        (zipped(bytes(256 * 2**20 + 1), zipfile.ZIP_DEFLATED), "too large when unpacked"),
        (zipped(b"<worksheet/>", zipfile.ZIP_BZIP2), "unusual way"),
        (zipped(b"<worksheet/>", zipfile.ZIP_DEFLATED), "no workbook"),
    ],
    ids=["long", "unpacked", "packing", "parts"],
)
def test_files_that_would_fill_the_memory_are_refused(data: bytes, words: str) -> None:
    (told,) = refused(data)
    assert words in told.words


def sheet(*rows: str) -> bytes:
    heads = (f"MeteringpointID;{HOME};{HOME}", "Energy direction;CONSUMPTION;CONSUMPTION")
    return "\r\n".join((*heads, "Metercode;G.03;QoV", *rows)).encode()


def test_blank_rows_of_a_sheet_and_quarters_that_nobody_told_are_left_alone() -> None:
    times = [divmod(15 * number, 60) for number in range(96)]
    rows = [f"01.05.2026 {hour:02}:{minute:02};0,25;L1" for hour, minute in times]
    (series,) = read_quarter_hours(sheet(";;", *rows, "02.05.2026 00:00;;"), VIENNA)
    assert series.wh == 96 * 250
    (told,) = refused(sheet(*rows, rows[0]))
    assert (told.row, told.column) == (100, "A")
    assert "came before" in told.words


def test_a_sheet_without_its_headings_is_refused() -> None:
    (told,) = refused(f"MeteringpointID;{HOME}\nMetercode;G.03\n".encode())
    assert told.words == "there is no row Energy direction: add it"


def test_cells_of_other_kinds_are_refused_where_they_stand() -> None:
    noon = datetime(2026, 5, 1, 12, 0)  # noqa: DTZ001 - a workbook knows no zones
    told = refused(
        write_workbook(
            Sheet(
                "values",
                [
                    ("start", "metering_point", "direction", "code", "wh"),
                    (noon, HOME, "CONSUMPTION", "G.03", noon),
                    (46143, HOME, "CONSUMPTION", "G.03", 5),
                    (),
                    (noon, HOME, "UP", "G.03", 5),
                ],
                headings=1,
                widths=(),
            )
        )
    )
    assert [(each.row, each.column) for each in told] == [
        (2, "wh"),
        (3, "start"),
        (5, "metering_point"),
    ]


def test_of_very_many_problems_the_rest_is_counted() -> None:
    with pytest.raises(ImportRefusedError) as caught:
        read_quarter_hours(table(*[line("never")] * 700), VIENNA)
    assert (len(caught.value.problems), caught.value.left_out) == (500, 200)
    assert "nothing was taken: 700 problems, the first: row 2" in str(caught.value)
