"""What a total is added up from: without a part that has counted before, there is no total."""

from collections.abc import Hashable, Iterable
from fractions import Fraction


class CountedParts:
    """Remembers of a device which parts of each of its totals have ever counted.

    A string that was never there lacks nothing; one that falls silent leaves the total missing.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._counted: dict[Hashable, set[int]] = {}

    def lacks(self, total: Hashable, parts: Iterable[Fraction | None]) -> bool:
        """Tell whether a part of a total that has counted before does not count now."""
        there = {place for place, value in enumerate(parts) if value is not None}
        counted = self._counted.setdefault(total, set())
        counted |= there
        return counted != there
