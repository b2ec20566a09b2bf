"""Numbers of statements of account: without a gap in each year of a co-op."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 9999
_MOST: Final = 10**9 - 1
_WRITTEN: Final = re.compile(r"([0-9]{4})-([0-9]{6,9})", re.ASCII)


class NumberError(ValueError):
    """The numbers of a co-op's statements do not follow each other."""


@dataclass(frozen=True, slots=True, order=True)
class StatementNumber:
    """The year of issue, and the place among the co-op's statements of that year."""

    year: int
    serial: int

    def __post_init__(self) -> None:
        """Refuse what could not be written."""
        if not (_FIRST_YEAR <= self.year <= _LAST_YEAR and 1 <= self.serial <= _MOST):
            raise NumberError(f"{self.year}-{self.serial} is no number of a statement")

    def __str__(self) -> str:
        """Write it as people and banks see it."""
        return f"{self.year}-{self.serial:06}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a number as it is written."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise NumberError(f"{text[:40]!r} is no number of a statement: write 2026-000001")
        number = cls(int(found[1]), int(found[2]))
        if str(number) != text:
            raise NumberError(f"{text} has zeros too many: write {number}")
        return number


def next_number(last: StatementNumber | None, issued: date) -> StatementNumber:
    """Give the number of what the co-op issues after `last`; each year begins at 1."""
    if last is None or last.year < issued.year:
        return StatementNumber(issued.year, 1)
    if last.year > issued.year:
        raise NumberError(f"{last} is issued already: the next one cannot be of {issued.year}")
    return StatementNumber(last.year, last.serial + 1)


def require_gapless(numbers: Iterable[StatementNumber]) -> None:
    """Refuse a co-op's numbers, in order of issue, of which one is missing or comes twice."""
    last: StatementNumber | None = None
    for number in numbers:
        expected = next_number(last, date(number.year, 1, 1))
        if number != expected:
            raise NumberError(f"{number} stands where {expected} must: find out what became of it")
        last = number
