"""Whether two sources that do not know of each other say the same."""

from typing import Final

from settlement_node.oracle.evidence import MeteredDay
from settlement_node.oracle.layer import Checked, Remembered
from settlement_node.oracle.verdicts import Finding, Outcome

_APART: Final = 3
"""Percent."""

_LEAST: Final = 200
"""Wh, for clocks and rounding."""


def second_path(day: MeteredDay, _: Remembered) -> Checked:
    """Take the lesser of two values that are apart."""
    if day.second_path is None:
        return Checked()
    first, second = day.energy, day.second_path
    if first - second <= max(_LEAST, second * _APART // 100):
        return Checked()
    numbers = {"first": first, "second": second}
    return Checked((Finding("paths-disagree", numbers, Outcome.REDUCED, most=second),))
