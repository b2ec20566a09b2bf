"""How alike two courses move: the correlation of their steps, from whole sums."""

from collections.abc import Sequence
from math import isqrt
from typing import Final

from settlement_node.oracle.courses import Course

type Sums = tuple[int, ...]
"""Number of steps, the squares of both, and their products."""

_PER_MILLE: Final = 1_000


def sums_of(one: Course, other: Course) -> Sums:
    """Sum up a day's steps that are known in both."""
    first, second = one.steps(), other.steps()
    known = first.known & second.known
    a, b = first.values[known], second.values[known]
    return int(known.sum()), int(a @ a), int(b @ b), int(a @ b)


def likeness(days: Sequence[Sums]) -> int:
    """Return the correlation over days per mille: 0 where one does not move at all."""
    _, first, second, both = (sum(column) for column in zip(*days, strict=True))
    if not first or not second:
        return 0
    size = isqrt(_PER_MILLE**2 * both * both // (first * second))
    return size if both > 0 else -size
