"""What a total is added up from: without a part that has counted before, there is no total."""

from collections.abc import Iterable, Mapping
from fractions import Fraction


class CountedParts:
    """Remembers of a device which parts of each of its totals have ever counted.

    A string that was never there lacks nothing; one that falls silent leaves the total missing.
    """

    def __init__(self, counted: Mapping[str, Iterable[int]]) -> None:
        """Take up what had counted before a restart, by the names of the totals."""
        self._counted = {total: set(places) for total, places in counted.items()}

    def lacks(self, total: str, parts: Iterable[Fraction | None]) -> bool:
        """Tell whether a part of a total that has counted before does not count now."""
        there = {place for place, value in enumerate(parts) if value is not None}
        counted = self._counted.setdefault(total, set())
        counted |= there
        return counted != there

    def to_json(self) -> dict[str, list[int]]:
        """Return what has counted, to be kept over a restart."""
        return {total: sorted(places) for total, places in self._counted.items()}
