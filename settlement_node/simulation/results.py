"""What came of a simulated neighbourhood."""

from collections.abc import Mapping
from dataclasses import dataclass

from settlement_node.simulation.shapes import Energy


@dataclass(frozen=True, slots=True)
class Bill:
    """What one home pays less what it receives, with the neighbours and with the grid alone."""

    name: str
    shared: int
    alone: int
    is_truthful: bool

    @property
    def gain(self) -> int:
        """What the neighbours are worth to the home."""
        return self.alone - self.shared


@dataclass(frozen=True, slots=True)
class Balance:
    """The energy of all homes, in Wh."""

    consumed: int
    produced: int
    imported: int
    exported: int
    traded: int
    pooled: int

    @property
    def shared(self) -> int:
        """What came from a neighbour, by a trade or through the pool."""
        return self.traded + self.pooled

    @property
    def used_at_home(self) -> int:
        """What never passed a meter."""
        return self.consumed - self.imported

    def sufficiency(self, shared: int) -> float:
        """Tell which part of what is consumed does not come from the grid."""
        return (self.used_at_home + shared) / self.consumed if self.consumed else 0.0


@dataclass(frozen=True, slots=True)
class Welfare:
    """What sharing was worth, and what it could have been at most; None where nobody solved it."""

    reached: int
    most: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """The mean of all days, by interval, in W."""

    consumed: Energy
    produced: Energy
    shared: Energy


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """All that is told of a run."""

    bills: tuple[Bill, ...]
    balance: Balance
    welfare: Welfare
    days: Days
    prices: tuple[int, ...]
    """Of each interval that had one, in order."""
    intervals: int
    accounts: Mapping[str, int]
    """What the co-op's own accounts hold in its currency, all members' money as one."""
    sums: Mapping[str, int]
    """What all accounts of each asset sum to."""
    objections: tuple[str, ...]
    """What an audit of the books found wrong."""
    entries: int
    root: str
    """Of the log: the same seed gives the same."""
