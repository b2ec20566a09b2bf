"""Read a worked example: a page of markdown whose tables hold figures, and how they are reached."""

import ast
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent

_RULE: Final = re.compile(r"\|[ :|-]+\|")
_ON_A_CALCULATOR: Final = str.maketrans({"\u00d7": "*", "\u00f7": "//", "\u2212": "-", ",": ""})
_ARITHMETIC: Final = re.compile(r"[0-9+*/() -]+|(?:min|max)\([0-9+*/(); -]+\)")
_OPERATORS: Final[dict[type[ast.operator], Callable[[int, int], int]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}
_CHOICES: Final[dict[str, Callable[..., int]]] = {"min": min, "max": max}


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure, or a word, and the steps that a calculator takes to it."""

    text: str
    steps: tuple[str, ...] = ()

    @property
    def figure(self) -> int:
        """The figure, without the commas between thousands."""
        return int(self.text.translate(_ON_A_CALCULATOR))

    def reached(self) -> list[int]:
        """Work out each of the steps."""
        return [worked_out(step) for step in self.steps]


@dataclass(frozen=True, slots=True)
class Table:
    """A table by the words of its first column and of its head."""

    columns: tuple[str, ...]
    rows: dict[str, dict[str, Cell]]

    def row(self, name: str) -> dict[str, Cell]:
        """Return a row; nothing if the page has none of this name."""
        return self.rows.get(name, {})


def read(page: Path) -> dict[str, Table]:
    """Return the tables of a page by the first words of their heads."""
    found: dict[str, Table] = {}
    table: Table | None = None
    for line in page.read_text().splitlines():
        if not line.startswith("|"):
            table = None
        elif table is None:
            name, *columns = _cells(line)
            assert name not in found, f"{page.name} has two tables of {name}"
            table = found[name] = Table(tuple(columns), {})
        elif not _RULE.fullmatch(line):
            name, *cells = _cells(line)
            assert name not in table.rows, f"{page.name}: the row {name} is there twice"
            told = (_cell(cell) for cell in cells)
            table.rows[name] = {
                column: cell
                for column, cell in zip(table.columns, told, strict=True)
                if cell is not None
            }
    return found


def worked_out(step: str) -> int:
    """Work a step out as a calculator does; a division leaves the remainder."""
    plain = step.translate(_ON_A_CALCULATOR)
    assert _ARITHMETIC.fullmatch(plain), f"{step} is nothing for a calculator"
    return _value(ast.parse(plain.replace(";", ","), mode="eval").body)


def _value(node: ast.expr) -> int:
    match node:
        case ast.Constant(int(value)):
            return value
        case ast.BinOp(left, kind, right):
            return _OPERATORS[type(kind)](_value(left), _value(right))
        case ast.UnaryOp(ast.USub(), inner):
            return -_value(inner)
        case ast.Call(ast.Name(name), several, []):
            return _CHOICES[name](*map(_value, several))
    raise AssertionError(f"{ast.dump(node)} is nothing for a calculator")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _cell(text: str) -> Cell | None:
    if not text:
        return None
    *steps, result = (part.strip() for part in text.split("="))
    return Cell(result, tuple(steps))
