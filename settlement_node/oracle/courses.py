"""A day in equal steps: counters, mean power, and what is known of them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from depin_protocol.durations import HOUR

type Integers = NDArray[np.int64]
type Flags = NDArray[np.bool_]

MINUTE: Final = 60_000
"""Milliseconds."""

MOST_WATTS: Final = 2**24
"""Sixteen megawatts: no home has them, and with less all sums fit into 64 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A whole number for each step, and for which of them it is known."""

    values: Integers
    known: Flags

    def __add__(self, other: "Course") -> "Course":
        """Add another, known where both are."""
        return Course(self.values + other.values, self.known & other.known)

    def __sub__(self, other: "Course") -> "Course":
        """Take another away, known where both are."""
        return Course(self.values - other.values, self.known & other.known)

    def rises(self) -> "Course":
        """Return by how much each step is above the one before it."""
        known = self.known[1:] & self.known[:-1]
        return Course(np.where(known, np.diff(self.values), 0), known)

    def steps(self) -> "Course":
        """Return the rises as far as sums of their squares fit into 64 bits, whatever was said."""
        rises = self.rises()
        return Course(np.clip(rises.values, -MOST_WATTS, MOST_WATTS), rises.known)


@dataclass(frozen=True, slots=True, eq=False)
class Counter:
    """A counter's Wh at the edges of a day's steps: one edge more than there are steps."""

    readings: Course
    step: int

    def energy(self) -> Course:
        """Return the Wh of each step; where the counter fell or leapt it is not known."""
        rises = self.readings.rises()
        most = MOST_WATTS * self.step // HOUR
        known = rises.known & (rises.values >= 0) & (rises.values <= most)
        return Course(np.where(known, rises.values, 0), known)

    def power(self) -> Course:
        """Return the mean power of each step in W."""
        energy = self.energy()
        return Course(energy.values * HOUR // self.step, energy.known)

    def grain(self) -> int:
        """Return by how many W one Wh changes the mean power of a step."""
        return -(-HOUR // self.step)


def longest_rest(course: Course) -> tuple[int, int]:
    """Return for how many steps in a row a value other than zero was the same, and which one."""
    values, known = course.values, course.known & (course.values != 0)
    if not known.any():
        return 0, 0
    changes = np.flatnonzero((np.diff(values) != 0) | (known[1:] != known[:-1])) + 1
    starts = np.concatenate(([0], changes))
    lengths = np.diff(np.concatenate((starts, [len(values)]))) * known[starts]
    longest = int(np.argmax(lengths))
    return int(lengths[longest]), int(values[starts[longest]])
