"""The form of a kind of contribution: adding one is a file in `kinds/` and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

from settlement_node.oracle.layer import Layer


@dataclass(frozen=True, slots=True)
class Kind[Evidence]:
    """What is counted, what it is judged by, how good it is, and which pool pays for it."""

    name: str
    unit: str
    evidence: type[Evidence]
    layers: tuple[Layer[Evidence], ...]
    units: Callable[[Evidence], int]
    quality: Callable[[Evidence], int]
    """Per mille."""
    pool: str
