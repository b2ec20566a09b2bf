"""Files of quarter hours for tests: days whose values are known, tables line by line, refusals."""

from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from settlement_node.market.quarter_hours.days import quarters_of
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
    Series,
)

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
