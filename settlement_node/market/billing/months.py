"""A calendar month of a place: the instants that it lies between."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Month:
    """A month and its bounds in unix milliseconds, the first included and the second not."""

    year: int
    month: int
    begins: int
    ends: int

    @classmethod
    def of(cls, year: int, month: int, zone: ZoneInfo) -> Self:
        """Find a month's bounds where the co-op is."""
        later = (year, month + 1) if month < 12 else (year + 1, 1)  # noqa: PLR2004 - December
        return cls(year, month, _instant(year, month, zone), _instant(*later, zone))

    def __str__(self) -> str:
        """Write it as in a file's name."""
        return f"{self.year}-{self.month:02}"

    def holds(self, moment: int) -> bool:
        """Tell whether a moment lies in it."""
        return self.begins <= moment < self.ends


def _instant(year: int, month: int, zone: ZoneInfo) -> int:
    return int(datetime(year, month, 1, tzinfo=zone).timestamp()) * 1000
