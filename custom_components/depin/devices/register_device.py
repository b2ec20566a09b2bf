"""A device with registers, read as its profile describes it."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from .formulas import Raw, Sum
from .learned import Learned
from .places import Place, RegisterPlace
from .points import COUNTERS, Points, Reading, Role
from .profiles import Profile, ProfileError
from .registers import Registers, RegisterSource, Requests, Wanted, WholeReplies, field_at

_WIDEST: Final = 60

type _Plan = tuple[Mapping[str, RegisterPlace], Registers]


class RegisterDevice:
    """A pulled source: `read` asks the device for every point of its profile."""

    def __init__(self, profile: Profile, units: Mapping[str, RegisterSource]) -> None:
        """Take the device's units: the one without a name, and those that the profile names."""
        if profile.transport != "modbus":
            msg = f"profile {profile.key} is read by {profile.transport}, not from registers"
            raise ProfileError(msg)
        self.profile = profile
        self._units = units
        self._points = self._plans(profile.places())
        self.learned = Learned()

    async def read(self) -> Reading:
        """Ask for all points; those that the device refuses, or has no value for, are None.

        Raises ModbusError where it gives no answer, or none that can be used.
        """
        seen = await _seen(self._points)
        reading = self.profile.read(seen)
        parts: dict[Role, Points] = {}
        for role, points in reading.parts.items():
            missing: dict[str, Any] = dict.fromkeys(self._lacking(role, seen))
            parts[role] = replace(points, **missing)
        return replace(reading, parts=parts)

    def _lacking(self, role: Role, seen: Mapping[Hashable, Raw]) -> list[str]:
        """Name the counters that lack a part which has counted before."""
        return [
            name
            for name, formula in self.profile.roles[role].numbers.items()
            if name in COUNTERS
            and isinstance(formula, Sum)
            and self.learned.counted.lacks(
                f"{role}.{name}", [term.number(seen) for term in formula.terms]
            )
        ]

    async def identify(self) -> bool | None:
        """Tell whether the device looks like its profile; None where the profile cannot tell."""
        return self.profile.matches(await self.look(self.profile.check_places()))

    async def told(self) -> Mapping[str, str]:
        """Ask the device which choices fit it, where its profile's were made otherwise."""
        return self.profile.told(await self.look(self.profile.telling_places()))

    async def look(self, places: Iterable[Place]) -> Mapping[Hashable, Raw]:
        """Return the values at some places, without those that the device refuses."""
        return await _seen(self._plans(places))

    def _plans(self, places: Iterable[Place]) -> list[_Plan]:
        """Return how to read some places, unit by unit."""
        by_unit: dict[str, dict[str, RegisterPlace]] = {}
        for number, place in enumerate(places):
            if isinstance(place, RegisterPlace) and place.unit in self._units:
                by_unit.setdefault(place.unit, {})[str(number)] = place
        return [(keys, self._registers(unit, keys)) for unit, keys in by_unit.items()]

    def _registers(self, unit: str, places: Mapping[str, RegisterPlace]) -> Registers:
        how = self.profile.reading
        apart = how.get("one_value_a_request", False)
        swapped = self.profile.defaults.get("byte_order") == "little"
        return Registers(
            WholeReplies(self._units[unit], swap_bytes=swapped),
            {key: Wanted(field_at(place), place.space) for key, place in places.items()},
            Requests(
                gap=0 if apart else 16,
                span=4 if apart else min(how.get("max_registers", _WIDEST), 125),
            ),
        )


async def _seen(plans: Iterable[_Plan]) -> dict[Hashable, Raw]:
    """Return the values at some places, without those that the device refuses."""
    seen: dict[Hashable, Raw] = {}
    for places, registers in plans:
        seen.update({places[key]: value for key, value in (await registers.read()).items()})
    return seen
