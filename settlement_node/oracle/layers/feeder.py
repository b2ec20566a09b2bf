"""Whether the street's own meter feels what the panels say: a meter that the home cannot touch.

All panels of a street move together, and so do its losses. What tells one home from the others is
where it departs from what its neighbours' sky would have given it.
"""

from typing import Final

from settlement_node.oracle.clearness import middle
from settlement_node.oracle.courses import Course
from settlement_node.oracle.evidence import SolarDay
from settlement_node.oracle.layer import Checked, Remembered
from settlement_node.oracle.layers.balance import DAYS
from settlement_node.oracle.steps import informative, part_of, sums_of
from settlement_node.oracle.verdicts import Finding

_PART: Final = 50
"""Per mille that may be missing: what is left of losses and lamps moves with the street too."""

_CERTAINTY: Final = 400
"""Hundredths."""


def in_the_feeder(day: SolarDay, before: Remembered) -> Checked:
    """Ask for a look where the street uses more whenever these panels say that they give more."""
    clear = day.clear()
    power = day.counter.power()
    if day.feeder is None or clear is None or not informative(power, day.most()):
        return Checked()
    around = middle([one.clearness for one in day.neighbours])
    if around is None:
        return Checked()
    usual = Course(clear * around.values // 1_000, around.known)
    sums = sums_of(power - usual, day.feeder)
    if sums is None:
        return Checked()
    days = [*before[-(DAYS - 1) :], sums]
    part = part_of(days)
    if part is None or part.part <= _PART or part.certainty <= _CERTAINTY:
        return Checked(keep=sums)
    numbers = {"days": len(days), "missing": part.part, "certainty": part.certainty}
    return Checked((Finding("not-in-the-feeder", numbers, review=True),), sums)
