"""The cells of a table that somebody sent, CSV or XLSX, read without trusting it."""

import csv
import io
import re
import zipfile
import zlib
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

type Given = str | Decimal | datetime
"""What a cell says; one that is empty says an empty text."""

MAX_BYTES: Final = 64 * 2**20
"""Most bytes of a file."""
_MOST_UNPACKED: Final = 256 * 2**20
_MOST_CELLS: Final = 20_000_000
"""A month of 3,000 channels with their levels has 18 million."""
_LETTERS: Final = 26
_PLACE: Final = re.compile(rb"""\br=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_SEPARATORS: Final = ";\t,"
_ZIP: Final = b"PK"
_BAD_ZIP: Final = (zipfile.BadZipFile, RuntimeError, EOFError, zlib.error)


class GridError(ValueError):
    """The file is no table that can be read; the message says why, and what to do."""


def read_grid(data: bytes, sheet: str) -> list[list[Given]]:
    """Read a file's rows; of a workbook the sheet of this name, or the first one."""
    if len(data) > MAX_BYTES:
        raise GridError(f"{len(data)} bytes, where {MAX_BYTES} are the most: send shorter periods")
    rows = _workbook(data, sheet) if data.startswith(_ZIP) else _csv(data)
    while rows and not any(cell != "" for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise GridError("the file is empty: send the one with the values")
    return rows


def _csv(data: bytes) -> list[list[Given]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise GridError("the file is not in UTF-8: save it again as 'CSV UTF-8'") from None
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        return [[cell.strip() for cell in line] for line in lines]
    except csv.Error as error:
        raise GridError(f"no CSV: {error}; export the file again") from None


def _workbook(data: bytes, sheet: str) -> list[list[Given]]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(_unpacked(data)))
        names = workbook.sheet_names
        if not names:
            raise GridError("the workbook has no sheet: send the one with the values")
        rows = workbook.get_sheet_by_name(sheet if sheet in names else names[0]).to_python(
            skip_empty_area=False
        )
    except (*_BAD_ZIP, CalamineError) as error:
        raise GridError(f"no workbook: {error}; save it again as XLSX") from None
    return [[_given(cell) for cell in row] for row in rows]


def _unpacked(data: bytes) -> bytes:
    """Unpack a workbook under limits, before a reader that has none gets it."""
    plain = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as parts, zipfile.ZipFile(plain, "w") as copy:
        names = {part.filename: part for part in parts.infolist()}
        if sum(part.file_size for part in names.values()) > _MOST_UNPACKED:
            raise GridError("the workbook is too large when unpacked: send shorter periods")
        for name, part in names.items():
            if part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise GridError("the workbook is packed in an unusual way: save it again as XLSX")
            # Never more than the size that was declared.
            content = parts.read(part)
            _require_dense(content)
            copy.writestr(name, content)
    return plain.getvalue()


def _require_dense(content: bytes) -> None:
    """Refuse a cell far away from all others: the room between them would fill the memory."""
    far, rows = b"", 0
    for letters, row in _PLACE.findall(content):
        far = max(far, letters, key=lambda name: (len(name), name))
        rows = max(rows, int(row))
    columns = 0
    for letter in far:
        columns = columns * _LETTERS + letter - ord("A") + 1
    if columns * rows > _MOST_CELLS:
        raise GridError("a sheet has a cell far from all others: delete it, or send CSV")


def _given(
    cell: float | str | time | date | datetime | timedelta,
) -> Given:
    """Bring what a workbook's cell holds to what it shows."""
    match cell:
        case bool() | time() | timedelta():
            return str(cell)
        case str():
            return cell.strip()
        case datetime():
            # A workbook counts days in fractions, which miss full seconds by a little.
            return (cell + timedelta(milliseconds=500)).replace(microsecond=0)
        case date():
            return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - local, as told
        case _:
            # A workbook shows 15 digits; those after them come from its binary fractions.
            return Decimal(f"{cell:.15g}")
