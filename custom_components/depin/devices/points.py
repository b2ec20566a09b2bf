"""What a device can say: one closed set of points, for the whole device and for each role in it."""

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Protocol, Self, runtime_checkable


class Role(enum.StrEnum):
    """What a device, or a part of one, is in a home."""

    GRID = "grid"
    PRODUCTION = "production"
    BATTERY = "battery"
    CHARGER = "charger"
    SUB = "sub"
    FEEDER = "feeder"


class Status(enum.StrEnum):
    """What a device is doing."""

    OFF = "off"
    ASLEEP = "asleep"
    STARTING = "starting"
    RUNNING = "running"
    THROTTLED = "throttled"
    STOPPING = "stopping"
    STANDBY = "standby"
    FAULT = "fault"
    UNPLUGGED = "unplugged"
    PLUGGED = "plugged"
    CHARGING = "charging"
    COMPLETE = "complete"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class PvString:
    """One string of panels."""

    power_w: int | None = None
    production_wh: int | None = None


@dataclass(frozen=True, slots=True)
class Points:
    """Values in one reading, None where there is none.

    Power is positive for import, production, discharging and charging a car. All energy but
    `session_wh` is a total that only grows.
    """

    power_w: int | None = None
    import_wh: int | None = None
    export_wh: int | None = None
    production_wh: int | None = None
    charge_wh: int | None = None
    discharge_wh: int | None = None
    session_wh: int | None = None
    soc_percent: float | None = None
    frequency_hz: float | None = None
    status: Status | None = None
    serial: str | None = None
    model: str | None = None
    manufacturer: str | None = None
    rated_w: int | None = None
    strings: tuple[PvString, ...] = ()

    def filled_from(self, other: Self) -> Self:
        """Return these points, and the other's where these have none."""
        missing = {
            field.name: getattr(other, field.name)
            for field in fields(self)
            if getattr(self, field.name) in (None, ())
        }
        return replace(self, **missing)

    def to_json(self) -> dict[str, Any]:
        """Return the points by their names, absent ones as null."""
        return asdict(self)


COUNTERS = (
    "import_wh",
    "export_wh",
    "production_wh",
    "charge_wh",
    "discharge_wh",
)
"""The points that are totals and only grow."""

NO_POINTS = Points()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a device said at one time: as a whole, and for each role that it plays."""

    device: Points
    parts: Mapping[Role, Points]
    said: tuple[str, ...] = ()

    @property
    def flat(self) -> Points:
        """Return one set for all of the device, the roles in their order filling what it lacks."""
        points = self.device
        for part in self.parts.values():
            points = points.filled_from(part)
        return points

    def to_json(self) -> dict[str, Any]:
        """Return the whole, its parts, and what is to be said about them."""
        return {
            **self.flat.to_json(),
            "parts": {str(role): points.to_json() for role, points in self.parts.items()},
            "said": list(self.said),
        }


class SilentError(Exception):
    """The device gives no answer, or none that can be used."""


@runtime_checkable
class Pulled(Protocol):
    """A source that answers when it is asked."""

    async def read(self) -> Reading:
        """Ask the device.

        Raises SilentError, which says why there is no answer.
        """


class Pushed(Protocol):
    """A source that speaks when it likes; instants are in milliseconds."""

    def reading(self, now: int) -> Reading:
        """Return what was heard so far, as far as it is not too old."""

    def times(self) -> Mapping[Role, Mapping[str, int]]:
        """Return when each of these numbers was heard, which is never the time of asking."""
