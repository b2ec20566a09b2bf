"""Quarter hours go out and come back unchanged, exactly, whatever the clocks do."""

import io
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from settlement_node.market.quarter_hours.days import QUARTER, quarters_of
from settlement_node.market.quarter_hours.figures import FigureError, read_wh
from settlement_node.market.quarter_hours.identities import Doubt, doubts
from settlement_node.market.quarter_hours.importing import read_quarter_hours
from settlement_node.market.quarter_hours.sheet_file import write_sheet_csv, write_sheet_xlsx
from settlement_node.market.quarter_hours.values import (
    Channel,
    Code,
    Direction,
    Quality,
    QuarterHour,
    QuarterHourError,
    Series,
)
from tests.node.market.quarter_hour_files import (
    AUTUMN,
    COVERED,
    HOME,
    ROOF,
    SPRING,
    VIENNA,
    WRITERS,
    Writer,
    day_lines,
    day_of_values,
)


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


def test_what_flows_the_other_way_at_a_point_is_no_whole_of_a_part() -> None:
    share = day_of_values(SPRING, replace(COVERED, code=Code.MEASURED_SHARE))
    nothing = tuple(replace(value, wh=0) for value in share.values)
    given = Channel(HOME, Direction.GENERATION, Code.MEASURED_SHARE)
    assert list(doubts((day_of_values(SPRING), share, Series(given, "Ada", nothing)))) == []


def test_values_that_no_interval_holds_cannot_be() -> None:
    with pytest.raises(QuarterHourError, match="Wh in a quarter"):
        QuarterHour(0, -1, Quality.L1)
