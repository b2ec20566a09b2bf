"""How clear it was above panels: their power by what a clear sky would have given."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from settlement_node.oracle.courses import Course, Integers
from settlement_node.oracle.sun import Sky

_HIGH: Final = 1_000
"""Hundredths of a degree: lower suns cast long shadows."""

_DIM: Final = 5
"""One part of the day's clearest light, below which a ratio says little."""

_FEWEST: Final = 3
"""Neighbours, so that no one of them decides."""


def clearness(power: Course, clear: Integers, sky: Sky) -> Course:
    """Return the power per mille of what a clear sky would have given."""
    told = (sky.elevation > _HIGH) & (clear * _DIM > clear.max(initial=0)) & (clear > 0)
    index = power.values * 1_000 // np.where(told, clear, 1)
    return Course(np.where(told, index, 0), power.known & told)


def middle(neighbours: Sequence[Course]) -> Course | None:
    """Return the clearness that half of the neighbours were above, None of too few neighbours."""
    if len(neighbours) < _FEWEST:
        return None
    values = np.stack([one.values for one in neighbours])
    known = np.stack([one.known for one in neighbours])
    # Unknown values sort behind all known ones; the lower of two middles is a whole number.
    ordered = np.sort(np.where(known, values, np.iinfo(np.int64).max), axis=0)
    many = known.sum(axis=0)
    half = np.take_along_axis(ordered, np.maximum(many - 1, 0)[None] // 2, axis=0)[0]
    enough = many >= _FEWEST
    return Course(np.where(enough, half, 0), enough)
