"""Kilowatt-hours as people and grid operators write them, and whole watt-hours: exactly, or not."""

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from depin_protocol.bounds import MAX_ENERGY

_NUMBER: Final = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,20})?", re.ASCII)
_DAY_FIRST: Final = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M")

KWH: Final = 1000
"""Watt-hours of a kilowatt-hour."""
WH: Final = 1
"""Watt-hours of a watt-hour."""


class FigureError(ValueError):
    """A cell that says no figure of the kind; the message says what it should be."""


def read_wh(cell: str | Decimal | datetime, per_unit: int) -> int:
    """Read an energy in units of so many watt-hours; parts of one are refused, not rounded."""
    if isinstance(cell, datetime):
        raise FigureError("a time stands where an energy must: correct the cell")
    if isinstance(cell, str):
        if _NUMBER.fullmatch(cell) is None:
            raise FigureError(
                f"{cell[:40]!r} is no energy: write digits, and one decimal comma or point"
            )
        cell = Decimal(cell.replace(",", "."))
    wh = cell * per_unit
    if wh != wh.to_integral_value():
        raise FigureError(f"{cell} is no whole number of Wh: ask for at most 3 decimals of a kWh")
    if not 0 <= wh <= MAX_ENERGY:
        raise FigureError(f"{wh:f} Wh in a quarter of an hour: it must be 0 to {MAX_ENERGY}")
    return int(wh)


def kwh(wh: int) -> Decimal:
    """Turn watt-hours into kilowatt-hours, with three decimals."""
    return Decimal(wh).scaleb(-3)


def read_time(cell: str | Decimal | datetime) -> datetime:
    """Read a time: ISO 8601, or day first with points as in Austria and Germany."""
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, Decimal):
        raise FigureError(f"{cell} is no time: format the cell as date and time")
    return _read_words(cell)


# Each quarter of an hour is named once a channel.
@lru_cache(maxsize=4096)
def _read_words(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in _DAY_FIRST:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - local time, resolved later
        except ValueError:
            continue
    raise FigureError(f"{text[:40]!r} is no time: write 2026-10-25T02:15+02:00 or 25.10.2026 02:15")
