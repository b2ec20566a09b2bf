"""Which counters of the grid meter nobody hears: without them no interval settles."""

from collections.abc import Collection
from typing import Final

from ..protocol.durations import HOUR
from .metered_device import MeteredPart

LONG_MS: Final = HOUR
"""Who says a counter only now and then does so within this."""


class AwaitedCounters:
    """The counters that were declared of a grid meter, and when each was there last."""

    def __init__(self, part: MeteredPart, declared: Collection[str]) -> None:
        """Wait for these from the first look on."""
        self._part = part
        self._declared = sorted(declared)
        self._there: dict[str, int] = {}

    def unheard(self, steady: int) -> tuple[str, ...]:
        """Return what has not been there for long; what is held back is heard, but not believed."""
        for name in self._declared:
            is_there = getattr(self._part.shown, name) is not None or name in self._part.gate.held
            if is_there or name not in self._there:
                self._there[name] = steady
        return tuple(name for name, since in self._there.items() if steady - since >= LONG_MS)
