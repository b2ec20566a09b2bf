"""A capture of a device, and the points that it holds."""

from dataclasses import dataclass, field
from typing import Any, Final

NO_VALUE32: Final = 0xFFFF_FFFF


@dataclass(frozen=True)
class Case:
    """A capture of one device, and what it says; points that are not named are absent."""

    profile: str
    source: str
    capture: dict[str, Any]
    points: dict[str, Any]
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
