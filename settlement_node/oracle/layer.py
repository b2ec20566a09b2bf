"""The form of a check: a day's evidence and whole numbers of earlier days in, findings out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from settlement_node.oracle.verdicts import Finding

type Kept = tuple[int, ...]
"""What a layer remembers of one day: exact, so that everything after it is exact too."""

type Remembered = Sequence[Kept]
"""The days before, the oldest first."""


class Checked(NamedTuple):
    """What a layer found in a day, and what it remembers of it."""

    findings: tuple[Finding, ...] = ()
    keep: Kept | None = None


@dataclass(frozen=True, slots=True)
class Layer[Evidence]:
    """One check, and how many days it looks back."""

    name: str
    check: Callable[[Evidence, Remembered], Checked]
    days: int = 0
