"""A device with registers, read as its profile describes it."""

from collections.abc import Hashable, Mapping
from typing import Final

from .formulas import Raw
from .places import RegisterPlace
from .points import Reading
from .profiles import Profile, ProfileError
from .registers import Registers, RegisterSource, Requests, Wanted, WholeReplies, field_at

_WIDEST: Final = 60


class RegisterDevice:
    """A pulled source: `read` asks the device for every point of its profile."""

    def __init__(self, profile: Profile, units: Mapping[str, RegisterSource]) -> None:
        """Take the device's units: the one without a name, and those that the profile names."""
        if profile.transport != "modbus":
            msg = f"profile {profile.key} is read by {profile.transport}, not from registers"
            raise ProfileError(msg)
        self.profile = profile
        self._places: dict[str, dict[str, RegisterPlace]] = {}
        for number, place in enumerate(profile.places()):
            if isinstance(place, RegisterPlace) and place.unit in units:
                self._places.setdefault(place.unit, {})[str(number)] = place
        self._registers = {
            unit: self._plan(unit, units[unit]) for unit in dict.fromkeys(self._places)
        }

    async def read(self) -> Reading:
        """Ask for all points; those that the device refuses, or has no value for, are None.

        Raises ModbusError where it gives no answer, or none that can be used.
        """
        return self.profile.read(await self.seen())

    async def identify(self) -> bool | None:
        """Tell whether the device looks like its profile; None where the profile cannot tell."""
        return self.profile.matches(await self.seen())

    async def seen(self) -> dict[Hashable, Raw]:
        """Return the values at the profile's places, without those that the device refuses."""
        seen: dict[Hashable, Raw] = {}
        for unit, registers in self._registers.items():
            places = self._places[unit]
            seen.update({places[key]: value for key, value in (await registers.read()).items()})
        return seen

    def _plan(self, unit: str, source: RegisterSource) -> Registers:
        how = self.profile.reading
        apart = how.get("one_value_a_request", False)
        swapped = self.profile.defaults.get("byte_order") == "little"
        return Registers(
            WholeReplies(source, swap_bytes=swapped),
            {
                key: Wanted(field_at(place), place.space)
                for key, place in self._places[unit].items()
            },
            Requests(
                gap=0 if apart else 16,
                span=4 if apart else min(how.get("max_registers", _WIDEST), 125),
            ),
        )
