"""Read a quarter-hour sheet: a column a channel, headings by name in the first column."""

from collections.abc import Sequence
from typing import Final

from settlement_node.market.quarter_hours.figures import KWH
from settlement_node.market.quarter_hours.gathering import Gathering
from settlement_node.market.quarter_hours.grids import Given
from settlement_node.market.quarter_hours.sheet_file import (
    CODE,
    DIRECTION,
    HEADINGS,
    NAME,
    POINT,
    QUALITY,
)
from settlement_node.market.quarter_hours.values import Channel

_NEEDED: Final = (POINT, DIRECTION, CODE)
_MOST_HEADINGS: Final = 20
_LETTERS: Final = 26


def is_sheet(rows: Sequence[Sequence[Given]]) -> bool:
    """Tell a sheet from a table: it begins with the metering points, and codes stand below."""
    first = [_heading(row) for row in rows[:_MOST_HEADINGS]]
    return first[0] == POINT.casefold() and CODE.casefold() in first


def read_sheet(rows: Sequence[Sequence[Given]], gathering: Gathering) -> None:
    """Read the headings, then a value of each channel from each row."""
    headings = _headings(rows)
    missing = [heading for heading in _NEEDED if heading not in headings]
    for heading in missing:
        gathering.report.add(0, "A", f"there is no row {heading}: add it")
    if missing:
        return
    columns = _columns(rows, headings, gathering)
    taken: set[int] = set()
    for number in range(max(headings.values()) + 1, len(rows)):
        row = rows[number]
        if not any(cell != "" for cell in row):
            continue
        start = gathering.start(row[0], taken, number + 1, "A")
        if start is None:
            continue
        taken.add(start)
        for channel, place, level in columns:
            energy, quality = _cell(row, place), "" if level is None else _cell(row, level)
            if energy == "" and quality == "":
                continue
            value = gathering.value(start, (energy, KWH), quality, number + 1, letters(place))
            if value is not None:
                gathering.name(channel, "")[start] = value


def _headings(rows: Sequence[Sequence[Given]]) -> dict[str, int]:
    """Find the rows of the headings."""
    known = {heading.casefold(): heading for heading in HEADINGS}
    return {
        known[_heading(row)]: number
        for number, row in enumerate(rows[:_MOST_HEADINGS])
        if _heading(row) in known
    }


def _columns(
    rows: Sequence[Sequence[Given]], headings: dict[str, int], gathering: Gathering
) -> list[tuple[Channel, int, int | None]]:
    """Find each channel's column, and its levels' where the next one holds them."""
    columns: list[tuple[Channel, int, int | None]] = []
    codes = rows[headings[CODE]]
    for place in range(1, len(codes)):
        if codes[place] in {"", QUALITY}:
            continue
        named = (
            _cell(rows[headings[POINT]], place),
            _cell(rows[headings[DIRECTION]], place),
            codes[place],
        )
        row = headings[CODE] + 1
        channel = gathering.channel(named, row, letters(place))
        if channel is None:
            continue
        if gathering.is_known(channel):
            words = f"{channel.point} {channel.code} has a column already: leave one of them"
            gathering.report.add(row, letters(place), words)
            continue
        gathering.name(channel, _cell(rows[headings[NAME]], place) if NAME in headings else "")
        levels = place + 1 if _cell(codes, place + 1) == QUALITY else None
        columns.append((channel, place, levels))
    return columns


def letters(place: int) -> str:
    """Name a column as spreadsheets do."""
    name = ""
    place += 1
    while place:
        place, letter = divmod(place - 1, _LETTERS)
        name = chr(ord("A") + letter) + name
    return name


def _heading(row: Sequence[Given]) -> str:
    return str(_cell(row, 0)).casefold()


def _cell(row: Sequence[Given], place: int) -> Given:
    return row[place] if place < len(row) else ""
