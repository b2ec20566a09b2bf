"""What a street's meter counts beyond its homes, once the losses of its lines are taken off."""

import numpy as np

from settlement_node.oracle.courses import Course, Integers

_KILO = 1_000


def unaccounted(street: Course, homes: Course) -> Course:
    """Return W that the street took and no home did, nor its lines.

    Lines lose by the square of what flows; by how much, the day's own steps tell.
    """
    missing = street - homes
    flow = np.abs(street.values) // _KILO
    squares = [int(each) ** 2 for each in flow]
    rises, steps = missing.rises(), np.diff(np.array(squares, object))
    seen = np.flatnonzero(rises.known)
    whole = sum(steps[place] ** 2 for place in seen)
    part = sum(steps[place] * int(rises.values[place]) for place in seen)
    if part <= 0:
        return missing
    lost: Integers = np.array([each * part // whole for each in squares], np.int64)
    return Course(missing.values - lost, missing.known)
