"""Whether the clouds that passed over the neighbours passed over this home too.

Power itself is alike everywhere, since the sun is; steps of clearness are alike only near by.
"""

from typing import Final

from settlement_node.oracle.clearness import clearness, middle
from settlement_node.oracle.evidence import SolarDay
from settlement_node.oracle.layer import Checked, Remembered
from settlement_node.oracle.likeness import likeness, sums_of
from settlement_node.oracle.steps import informative
from settlement_node.oracle.verdicts import Finding, Outcome

DAYS: Final = 5
"""With clouds, over which a home is compared."""

_FEWEST_DAYS: Final = 3
_CLOUDY: Final = 30
"""Per mille of clearness by which the middle neighbour's steps must go, in the square mean."""

_SHORT: Final = 48
"""Steps without which a day is not compared."""

_LEAST: Final = 200
"""Per mille: honest homes lie at 400 and above, skies elsewhere and invented ones at 0."""

_COPIED: Final = 998
"""Per mille of likeness of steps of power: two roofs side by side stay below."""


def like_neighbours(day: SolarDay, before: Remembered) -> Checked:
    """Hold a home whose panels do not know of the clouds that all its neighbours saw."""
    clear = day.clear()
    around = middle([one.clearness for one in day.neighbours])
    if clear is None or day.sky is None or around is None:
        return Checked()
    if not day.energy:
        # Nothing is claimed: snow lies on the panels, or they are off.
        return Checked()
    seen = sums_of(clearness(day.counter.power(), clear, day.sky), around)
    count, _, theirs, _ = seen
    if count < _SHORT or theirs < count * _CLOUDY**2:
        return Checked()
    days = [*before[-(DAYS - 1) :], seen]
    alike = likeness(days)
    if len(days) < _FEWEST_DAYS or alike >= _LEAST:
        return Checked(keep=seen)
    numbers = {"days": len(days), "likeness": alike, "least": _LEAST}
    return Checked((Finding("unlike-neighbours", numbers, Outcome.HELD),), seen)


def no_copy(day: SolarDay, before: Remembered) -> Checked:
    """Ask for a look at panels that follow one neighbour's exactly, whichever is the copy."""
    power = day.counter.power()
    if not day.neighbours or not informative(power, day.most()):
        # Under a clear sky all panels of one plane are alike.
        return Checked()
    found = [sums_of(power, one.power) for one in day.neighbours]
    closest = max(found, key=lambda sums: likeness([sums]))
    if closest[0] < _SHORT:
        return Checked()
    days = [*before[-(DAYS - 1) :], closest]
    alike = likeness(days)
    if len(days) < _FEWEST_DAYS or alike < _COPIED:
        return Checked(keep=closest)
    return Checked(
        (Finding("copied", {"days": len(days), "likeness": alike}, review=True),), closest
    )
