"""Shapes of homes that the user gives: one CSV file a home."""

import csv
from pathlib import Path
from typing import Final

import numpy as np

from settlement_node.simulation.shapes import DAY, Energy, Shape, ShapesError, Span

COLUMNS: Final = ("used", "produced", "charged")
_MOST: Final = 10_000_000
"""Wh of a quarter-hour: 40 MW are no home."""


def from_files(folder: Path, homes: int, span: Span) -> list[Shape]:
    """Read the files by name; where there are fewer than homes, begin again with the first.

    Each has a head, with `used` and, if there are any, `produced` and `charged`, then a row of Wh
    for each quarter-hour of whole days. A file of fewer days than are simulated begins again too.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise ShapesError(f"{folder} has no .csv files: put one for each home there")
    read = [_read(file, span.quarters) for file in files]
    return [read[number % len(read)] for number in range(homes)]


def _read(file: Path, quarters: int) -> Shape:
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            table = csv.DictReader(lines)
            if "used" not in (table.fieldnames or ()):
                raise ShapesError(f"{file.name} has no column used: name the columns in line 1")
            rows = list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ShapesError(f"{file.name} cannot be read: {error}") from None
    if not rows:
        raise ShapesError(f"{file.name} has no rows: give one for each quarter-hour")
    if len(rows) % DAY:
        raise ShapesError(
            f"{file.name} ends after {len(rows)} rows, in the middle of a day: give {DAY} for each"
            " day, from midnight on, since it begins again where it ends"
        )
    columns = {
        name: _column(file.name, name, [row.get(name, "0") for row in rows], quarters)
        for name in COLUMNS
    }
    return Shape(columns["used"], columns["produced"], columns["charged"])


def _column(file: str, name: str, cells: list[str | None], quarters: int) -> Energy:
    values = []
    for line, cell in enumerate(cells, 2):
        text = (cell or "").strip()
        if not text.isascii() or not text.isdigit() or int(text) > _MOST:
            raise ShapesError(
                f"{file}, line {line}: {name} is {text!r}, not whole Wh from 0 to {_MOST}"
            )
        values.append(int(text))
    return np.resize(np.array(values, dtype=np.int64), quarters)
