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

    if not needs or not offers:
        return 0
    sides = [*needs, *offers]
    signs = np.repeat([1.0, -1.0], [len(needs), len(offers)])
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(sides), 1
    program.sense_ = highspy.ObjSense.kMaximize
    program.col_cost_ = signs * [side.worth for side in sides]
    program.col_lower_ = np.zeros(len(sides))
    program.col_upper_ = np.array([side.wh for side in sides], dtype=np.float64)
    program.row_lower_ = program.row_upper_ = np.zeros(1)
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = np.array([0, len(sides)])
    program.a_matrix_.index_ = np.arange(len(sides))
    program.a_matrix_.value_ = signs
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    solver.passModel(program)
    solver.run()
    return round(solver.getInfo().objective_function_value)
