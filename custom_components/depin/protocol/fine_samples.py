"""The samples that stay at home: the bytes of each, and the root over those of an interval."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .encoding import to_text
from .log.merkle import leaf_hash
from .log.tree import CompactRange
from .statements.measuring import REGISTERS, Fine

_NO_BLANKS: Final = (",", ":")


@dataclass(frozen=True, slots=True)
class FineSample:
    """What a device showed at one instant: None is a value that was not to be had."""

    at: int
    registers: dict[str, int | None]
    power: int | None = None
    flags: int = 0

    def to_bytes(self) -> bytes:
        """Return the leaf: instant, registers in their order, power and flags as JSON."""
        shown = {name: self.registers[name] for name in REGISTERS if name in self.registers}
        row = [self.at, shown, self.power, self.flags]
        return json.dumps(row, separators=_NO_BLANKS).encode()


def fine_root(leaves: Sequence[bytes]) -> Fine:
    """Return what a statement says of the samples under it, given in order of time."""
    edge = CompactRange()
    for leaf in leaves:
        edge.append(leaf_hash(leaf))
    return Fine(to_text(edge.head().root), edge.size)
