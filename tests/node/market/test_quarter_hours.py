"""Quarter hours go out and come back unchanged; what is wrong is told by row, and nothing taken."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from settlement_node.market.quarter_hours.days import QUARTER, quarters_of
from settlement_node.market.quarter_hours.figures import FigureError, read_wh
from settlement_node.market.quarter_hours.grids import MAX_BYTES
from settlement_node.market.quarter_hours.identities import Doubt, doubts
from settlement_node.market.quarter_hours.importing import read_quarter_hours
from settlement_node.market.quarter_hours.problems import ImportRefusedError, Problem
from settlement_node.market.quarter_hours.sheet_file import write_sheet_csv, write_sheet_xlsx
from settlement_node.market.quarter_hours.table_file import write_table
from settlement_node.market.quarter_hours.values import (
    Channel,
    Code,
    Direction,
    Quality,
    QuarterHour,
    QuarterHourError,
    Series,
    consumer_values,
    producer_values,
)
from settlement_node.market.workbooks import Cell, Sheet, write_workbook
from tests.node.market.worked_month import INTERVALS

VIENNA = ZoneInfo("Europe/Vienna")
HOME = "AT" + "0" * 30 + "7"
ROOF = "AT" + "0" * 30 + "8"
SPRING = date(2026, 3, 29)
AUTUMN = date(2026, 10, 25)
COVERED = Channel(HOME, Direction.CONSUMPTION, Code.COVERED)

type Writer = Callable[[tuple[Series, ...], ZoneInfo], bytes]
WRITERS: tuple[Writer, ...] = (write_table, write_sheet_csv, write_sheet_xlsx)


def day_of_values(day: date, channel: Channel = COVERED, name: str = "Ada") -> Series:
    """Give a day whose first quarter is 1 Wh, the second 2 Wh, and so on."""
    return Series(
        channel,
        name,
        tuple(
            QuarterHour(start, number, Quality.L1)
            for number, start in enumerate(quarters_of(day, VIENNA), 1)
        ),
    )


def refused(data: bytes) -> tuple[Problem, ...]:
    with pytest.raises(ImportRefusedError) as caught:
        read_quarter_hours(data, VIENNA)
    return caught.value.problems


def table(*lines: str, header: str = "start,metering_point,direction,code,kwh,quality") -> bytes:
    return "\n".join((header, *lines)).encode()


def line(when: str, kwh: str = "0.250", quality: str = "L1") -> str:
    return f"{when},{HOME},CONSUMPTION,G.03,{kwh},{quality}"


def day_lines(day: str = "2026-05-01") -> list[str]:
    times = [divmod(15 * number, 60) for number in range(96)]
    return [line(f"{day} {hour:02}:{minute:02}") for hour, minute in times]


@pytest.mark.parametrize(("day", "quarters"), [(SPRING, 92), (AUTUMN, 100), (date(2026, 5, 1), 96)])
@pytest.mark.parametrize("write", WRITERS)
def test_a_day_comes_back_whatever_the_clocks_do(write: Writer, day: date, quarters: int) -> None:
    series = day_of_values(day)
    assert len(series.values) == quarters
    assert read_quarter_hours(write((series,), VIENNA), VIENNA) == (series,)


def test_the_hour_that_comes_twice_is_told_by_order() -> None:
    rows = write_sheet_csv((day_of_values(AUTUMN),), VIENNA).decode("utf-8-sig").splitlines()
    twice = [row for row in rows if row.startswith("25.10.2026 02:00:00")]
    assert twice == ["25.10.2026 02:00:00;0,009;L1", "25.10.2026 02:00:00;0,013;L1"]


quarters = st.one_of(
    st.tuples(st.integers(0, 10**6), st.sampled_from(list(Quality))),
    st.tuples(st.none(), st.sampled_from(list(Quality))),
)
channels = st.sampled_from(
    [
        COVERED,
        Channel(HOME, Direction.CONSUMPTION, Code.OFFERED),
        Channel(ROOF, Direction.GENERATION, Code.SURPLUS),
        Channel("DE" + "1" * 31, Direction.GENERATION, Code.MEASURED_SHARE),
    ]
)
names = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20
)


@st.composite
def many_series(draw: st.DrawFn) -> tuple[Series, ...]:
    series = []
    for channel in sorted(draw(st.sets(channels, min_size=1))):
        starts = quarters_of(draw(st.sampled_from([SPRING, AUTUMN, date(2026, 5, 1)])), VIENNA)
        pool = draw(st.lists(quarters, min_size=1, max_size=8))
        values = tuple(
            QuarterHour(start, *pool[number % len(pool)]) for number, start in enumerate(starts)
        )
        series.append(Series(channel, draw(names), values))
    return tuple(series)


@settings(max_examples=25, deadline=None)
@given(many_series(), st.sampled_from(WRITERS))
def test_what_was_exported_is_imported_the_same(series: tuple[Series, ...], write: Writer) -> None:
    data = write(series, VIENNA)
    assert read_quarter_hours(data, VIENNA) == series
    assert write(series, VIENNA) == data


def test_a_sheet_sums_up_each_channel_and_its_levels() -> None:
    values = day_of_values(date(2026, 5, 1)).values
    partly = Series(
        COVERED,
        "Ada",
        (
            QuarterHour(values[0].start, None, Quality.L3),
            QuarterHour(values[1].start, 5, Quality.L2),
            *values[2:],
        ),
    )
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(write_sheet_xlsx((partly,), VIENNA)))
    head, row = workbook.get_sheet_by_name("Summary").to_python()
    assert dict(zip(head, row, strict=True)) == {
        "MeteringpointID": HOME,
        "Name": "Ada",
        "Energy direction": "CONSUMPTION",
        "Metercode": "G.03",
        "kWh": (sum(range(1, 97)) - 1 - 2 + 5) / 1000,
        "L0": 0,
        "L1": 94,
        "L2": 1,
        "L3": 1,
        "complete": "no",
    }
    cells = workbook.get_sheet_by_name("Energiedaten").to_python()
    assert cells[6][:3] == [date(2026, 5, 1), "", "L3"]
    assert cells[7][:3] == [datetime(2026, 5, 1, 0, 15), 0.005, "L2"]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("cell", "wh"),
    [
        ("0", 0),
        ("0,25", 250),
        ("0.25", 250),
        ("1.234", 1234),
        ("1,2340000", 1234),
        (Decimal("12.345"), 12345),
    ],
)
def test_decimal_commas_and_points_are_read_exactly(cell: str | Decimal, wh: int) -> None:
    assert read_wh(cell, 1000) == wh


@pytest.mark.parametrize(
    "cell",
    [
        "0.2505",
        "1.234,5",
        "1,234.5",
        "-1",
        "1e3",
        "",
        " 1",
        "٣",
        "NaN",
        "0.1.2",
        "9999999",
        Decimal("-0.001"),
    ],
)
def test_what_is_no_whole_watt_hour_is_refused(cell: str | Decimal) -> None:
    with pytest.raises(FigureError):
        read_wh(cell, 1000)


def test_columns_are_found_by_name_in_any_order_and_language() -> None:
    rows = [f"x;G.03;{cell.split(',')[0]};0,25;{HOME};consumption" for cell in day_lines()]
    head = "Anlage;Metercode;Zeitpunkt;Wert (kWh);Zählpunkt;Energierichtung"
    (series,) = read_quarter_hours("\n".join((head, *rows, ";;", "")).encode(), VIENNA)
    assert series.channel == COVERED
    assert series.wh == 96 * 250
    assert series.levels == {Quality.L0: 96}


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


def test_a_settled_interval_gives_the_codes_of_both_sides() -> None:
    ada, bob = INTERVALS[0].members
    # Bob took 1,200 Wh: 1,000 bought and 200 of the 500 that the pool offered him.
    assert consumer_values(bob, offered=1500) == {
        Code.MEASURED_SHARE: 1200,
        Code.OFFERED: 1500,
        Code.COVERED: 1200,
    }
    # Ada gave 1,500 Wh, and 300 of them found nobody.
    assert producer_values(ada) == {Code.MEASURED_SHARE: 1500, Code.SURPLUS: 300}


def test_series_out_of_order_cannot_be() -> None:
    values = day_of_values(SPRING).values
    with pytest.raises(QuarterHourError, match="out of order"):
        Series(COVERED, "Ada", values[::-1])
    assert values[1].start - values[0].start == QUARTER


def test_a_part_that_exceeds_its_whole_is_told() -> None:
    covered = day_of_values(date(2026, 5, 1))
    offered = replace(covered, channel=replace(COVERED, code=Code.OFFERED))
    share = replace(covered, channel=replace(COVERED, code=Code.MEASURED_SHARE))
    assert list(doubts((covered, offered, share))) == []
    start = covered.values[5].start
    less = replace(
        offered,
        values=(*offered.values[:5], QuarterHour(start, 2, Quality.L1), *offered.values[6:]),
    )
    assert list(doubts((covered, less, share))) == [
        Doubt(HOME, start, Code.COVERED, Code.OFFERED, excess_wh=4)
    ]


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
    assert "nothing was taken: 700 problems, the first in row 2" in str(caught.value)


def test_values_that_no_interval_holds_cannot_be() -> None:
    with pytest.raises(QuarterHourError, match="Wh in a quarter"):
        QuarterHour(0, -1, Quality.L1)
