"""What a device has shown itself to be: a restart that forgets it would give its totals jumps."""

from collections.abc import Mapping
from typing import Any, Final, Self

from .counted_parts import CountedParts

_COUNTED: Final = "counted"
_BATTERY: Final = "battery"


class Learned:
    """The parts that have counted, and whether a battery was ever seen behind the AC side."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.counted = CountedParts({})
        self.has_battery = False

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """Take up what was kept over a restart."""
        learned = cls()
        learned.counted = CountedParts(kept[_COUNTED])
        learned.has_battery = kept[_BATTERY]
        return learned

    def to_json(self) -> dict[str, Any]:
        """Return what is to be kept over a restart."""
        return {_COUNTED: self.counted.to_json(), _BATTERY: self.has_battery}
