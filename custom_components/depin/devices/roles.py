"""What a part of a device is used as in a home, and the registers that it then has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ..protocol.fine_samples import FineSample
from ..protocol.metering import Flag
from .points import Points, Role

_REGISTERS: Final[Mapping[Role, Mapping[str, str]]] = {
    Role.GRID: {"import_wh": "import", "export_wh": "export"},
    Role.FEEDER: {"import_wh": "import", "export_wh": "export"},
    Role.SUB: {"import_wh": "consumption", "export_wh": "export"},
    Role.CHARGER: {"import_wh": "consumption", "export_wh": "discharge"},
    Role.PRODUCTION: {"production_wh": "production"},
    Role.BATTERY: {"charge_wh": "charge", "discharge_wh": "discharge"},
}
METERS: Final = frozenset({Role.GRID, Role.FEEDER, Role.SUB, Role.CHARGER})
"""What counts import and export, and so can be put anywhere."""
_IMPORT_AND_EXPORT: Final = ("import_wh", "export_wh")


@dataclass(frozen=True, slots=True)
class Use:
    """The part of a device that the owner uses, as what, and under which name.

    `turned` is a meter that is wired the other way round.
    """

    part: Role
    role: Role
    device: str
    turned: bool = False

    def points(self, points: Points) -> Points:
        """Return a part's points as those of the role that it is used in."""
        if self.part not in METERS:
            return points
        values: dict[str, Any] = dict.fromkeys(("import_wh", "export_wh"))
        values |= {name: getattr(points, source) for name, source in self._meter().items()}
        if points.power_w is not None and self.turned != (self.role is Role.BATTERY):
            values["power_w"] = -points.power_w
        return replace(points, **values)

    def sources(self, names: Iterable[str]) -> dict[str, str]:
        """Return the role's points that there are, each with the part's own that it is."""
        own = {name: name for name in names}
        if self.part not in METERS:
            return own
        meter = {name: source for name, source in self._meter().items() if source in own}
        return {name: name for name in own if name not in _IMPORT_AND_EXPORT} | meter

    def _meter(self) -> Mapping[str, str]:
        """Return which of a meter's counters each of the role's is."""
        taken, given = _IMPORT_AND_EXPORT[::-1] if self.turned else _IMPORT_AND_EXPORT
        if self.role is Role.PRODUCTION:
            return {"production_wh": taken}
        if self.role is Role.BATTERY:
            return {"charge_wh": taken, "discharge_wh": given}
        return {"import_wh": taken, "export_wh": given}

    def sample(self, points: Points, at: int, flags: Flag) -> FineSample:
        """Return a sample of the role's registers; a battery's power counts as it is charged."""
        power = points.power_w
        if power is not None and self.role is Role.BATTERY:
            power = -power
        return FineSample(
            at,
            {register: getattr(points, name) for name, register in _REGISTERS[self.role].items()},
            power,
            flags.value,
        )


def counters(role: Role) -> Mapping[str, str]:
    """Return the points that are a role's counters, and their registers' names."""
    return _REGISTERS[role]


def uses_of(part: Role, also: tuple[Role, ...]) -> tuple[Role, ...]:
    """Return what a part can be used as, its own role first."""
    return (part, *(role for role in also if role is not part))
