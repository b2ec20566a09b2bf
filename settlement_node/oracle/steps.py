"""How much of one course's steps is found in another's, exactly, day by day.

Of each day only whole sums stay, and days are added up by adding them. A step is explained by the
steps of the other course at the same moment, one before and one after, so that clocks that are up
to one step apart do not look like something missing: the parts of the three sum to what is there.
"""

from collections.abc import Sequence
from math import isqrt
from typing import Final, NamedTuple

import numpy as np

from settlement_node.oracle.courses import Course

type Sums = tuple[int, ...]
"""Number of steps; the six sums of products of the three; the three with the other; its square."""

type Three = tuple[int, ...]
"""One step before, the same, and one after."""

_FINE: Final = 2**48
"""Makes whole numbers of weights."""

_PARTS: Final = 3
_FEWEST_DAYS: Final = 10
_WILD: Final = 1
"""Times the middle step, beyond which a step counts no further: a kettle, a car."""

_MOVES: Final = 33
"""One part of the most power that steps must have in the square mean: clouds came and went."""

_ROOM: Final = 8
"""One part of the other course's steps, which is let in on top of that."""

_LEAST: Final = 100
"""Steps without which nothing is said."""


class Part(NamedTuple):
    """What part of a course's steps another has."""

    part: int
    """Per mille."""
    certainty: int
    """Hundredths of how often its own error the part is."""
    lag: int
    """Per mille of a step by which the first course is told later."""


def sums_of(course: Course, other: Course) -> Sums | None:
    """Sum up a day, or None where too few steps are known in both."""
    of, rises = course.steps(), other.steps()
    steady = of.known[:-2] & of.known[1:-1] & of.known[2:] & rises.known[1:-1]
    moving = (of.values[:-2] != 0) | (of.values[1:-1] != 0) | (of.values[2:] != 0)
    chosen = steady & moving
    if int(chosen.sum()) < _LEAST // 4:
        return None
    before, now, after = (part[chosen] for part in (of.values[:-2], of.values[1:-1], of.values[2:]))
    there = rises.values[1:-1][chosen]
    # A step of the one may move the other by so much, whatever happens beside it.
    room = (np.abs(before) + np.abs(now) + np.abs(after)) // _ROOM
    limit = room + _WILD * int(np.median(np.abs(there)))
    there = np.clip(there, -limit, limit)
    columns = np.stack((before, now, after, there))
    products = columns @ columns.T
    return (
        int(chosen.sum()),
        *(int(products[row, column]) for row in range(3) for column in range(row, 3)),
        *(int(products[row, 3]) for row in range(3)),
        int(products[3, 3]),
    )


def part_of(days: Sequence[Sums]) -> Part | None:
    """Say what part of the first course's steps the other has, over days; None if too few.

    Its error is the larger of two: by the spread of all steps, and by that of the days, since
    what a home does on one day goes together.
    """
    if len(days) < _FEWEST_DAYS:
        return None
    days = [_weighed(day) for day in days]
    count, aa, ab, ac, bb, bc, cc, ay, by, cy, yy = map(sum, zip(*days, strict=True))
    cofactors = (
        (bb * cc - bc * bc, ac * bc - ab * cc, ab * bc - ac * bb),
        (ac * bc - ab * cc, aa * cc - ac * ac, ab * ac - aa * bc),
        (ab * bc - ac * bb, ab * ac - aa * bc, aa * bb - ab * ab),
    )
    whole = aa * cofactors[0][0] + ab * cofactors[0][1] + ac * cofactors[0][2]
    if count < _LEAST or whole <= 0:
        return None
    early, now, late = parts = tuple(_product(row, (ay, by, cy)) for row in cofactors)
    weights = tuple(sum(row) for row in cofactors)
    part = early + now + late
    unexplained = yy * whole - _product(parts, (ay, by, cy))
    by_steps = unexplained * sum(weights) * whole * whole // (count - _PARTS)
    by_days = sum(_departure(day, parts, weights, whole) ** 2 for day in days)
    error = max(by_steps, by_days * len(days) // (len(days) - 1))
    return Part(
        _signed(abs(part) * 1_000 // whole, part),
        _signed(isqrt(10_000 * part * part * whole * whole // max(1, error)), part),
        (early - late) * 1_000 // whole,
    )


def _weighed(day: Sums) -> Sums:
    """Let a day count the less the more happened beside."""
    count, *products = day
    weight = _FINE * count // max(1, products[-1])
    return count, *(product * weight for product in products)


def _departure(day: Sums, parts: Three, weights: Three, whole: int) -> int:
    """Return by how much a day, as it weighs, departs from the parts of all days."""
    _, aa, ab, ac, bb, bc, cc, ay, by, cy, _ = day
    rows = (aa, ab, ac), (ab, bb, bc), (ac, bc, cc)
    return sum(
        weight * (there * whole - _product(row, parts))
        for weight, there, row in zip(weights, (ay, by, cy), rows, strict=True)
    )


def _product(one: Three, other: Three) -> int:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _signed(size: int, like: int) -> int:
    return size if like >= 0 else -size


def informative(course: Course, most: int) -> bool:
    """Tell whether a course moved enough to compare, by the most that it can be."""
    on = int((course.known & (course.values > 0)).sum())
    rises = course.steps().values
    return int((rises * rises).sum()) * _MOVES**2 > most * most * on > 0
