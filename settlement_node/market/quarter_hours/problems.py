"""What is wrong with a file of values, place by place, so that somebody can mend it."""

from dataclasses import dataclass
from typing import Final

_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where, as a spreadsheet counts rows; row 0 is the whole file."""

    row: int
    column: str
    words: str

    def __str__(self) -> str:
        """Say where, and what."""
        row = f"row {self.row}" if self.row else ""
        where = ", ".join(filter(None, (row, self.column)))
        return ": ".join(filter(None, (where, self.words)))


class ImportRefusedError(ValueError):
    """The file has problems, so nothing of it was taken."""

    def __init__(self, problems: tuple[Problem, ...], left_out: int) -> None:
        several = len(problems) + left_out
        super().__init__(f"nothing was taken: {several} problems, the first: {problems[0]}")
        self.problems = problems
        self.left_out = left_out


class Report:
    """Gathers problems while a file is read."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._left_out = 0

    def add(self, row: int, column: str, words: str) -> None:
        """Note a problem; past some hundred they are only counted."""
        if len(self._problems) < _MOST:
            self._problems.append(Problem(row, column, words))
        else:
            self._left_out += 1

    def refuse_if_any(self) -> None:
        """Refuse the file as a whole."""
        if self._problems:
            raise ImportRefusedError(tuple(self._problems), self._left_out)
