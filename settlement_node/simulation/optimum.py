"""The most that neighbours could gain from each other, by a linear program: HiGHS solves it."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np


class Side(NamedTuple):
    """Wh of one home, and what each is worth to it."""

    wh: int
    worth: int


def can_solve() -> bool:
    """Tell whether HiGHS is installed; it comes with `settlement-node[simulate]`."""
    return find_spec("highspy") is not None


def most_welfare(needs: Sequence[Side], offers: Sequence[Side]) -> int:
    """Say what needs are worth more than the offers that meet them, at most, in whole units."""
    import highspy  # noqa: PLC0415 - only who simulates needs it

    sides = [*needs, *offers]
    signs = [1.0] * len(needs) + [-1.0] * len(offers)
    if not needs or not offers:
        return 0
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)  # noqa: FBT003 - HiGHS's own form
    solver.addVars(len(sides), np.zeros(len(sides)), np.array([side.wh for side in sides], float))
    for column, (side, sign) in enumerate(zip(sides, signs, strict=True)):
        solver.changeColCost(column, side.worth * sign)
    solver.addRow(0, 0, len(sides), np.arange(len(sides), dtype=np.int32), np.array(signs))
    solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
    solver.run()
    return round(solver.getInfo().objective_function_value)
