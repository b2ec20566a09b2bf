"""Which registers of a device settle, and by which rules they are read."""

from collections.abc import Mapping
from typing import Final

from ..metering import Rules
from ..statements.measuring import Device

SIGNS: Final[Mapping[str, Mapping[str, int]]] = {
    "grid": {"import": 1, "export": -1},
    "production": {"production": 1},
    "battery": {"charge": 1, "discharge": -1},
}
"""The registers of each role that settles, and the sign of the power that raises them."""

_VOLTS: Final = 253
"""The highest voltage of a European grid: 230 V and a tenth."""


def register_rules(declared: Device) -> tuple[Rules, ...]:
    """Return the rules of each register of a device that settles, in their order."""
    carried = most_power(declared)
    return tuple(
        Rules(declared.resolution.get(name, 1), sign, carried)
        for name, sign in SIGNS[declared.role].items()
    )


def most_power(declared: Device) -> int | None:
    """Say what a device can carry, None where it was not declared."""
    if declared.nameplate is not None and declared.fuse is None:
        return declared.nameplate
    if declared.fuse is None:
        return None
    carried = declared.fuse.milliamperes * declared.fuse.phases * _VOLTS // 1000
    return carried if declared.nameplate is None else max(carried, declared.nameplate)
