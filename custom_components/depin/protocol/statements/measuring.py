"""What a home says of its devices: what they are, and what they read."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, Self, cast

from ..bounds import MAX_AMOUNT, MAX_ENERGY
from ..metering import Flag
from .bodies import Stream
from .fields import HASH, ID, MAX_TIME, BodyError, Fields, integer

MAX_SAMPLES: Final = 512
MAX_FINE_SAMPLES: Final = 2**31
MAX_POWER: Final = 2**31

REGISTERS: Final = ("import", "export", "production", "charge", "discharge", "consumption")
"""The counters that a device may have, each a total in Wh that only grows."""

ROLES: Final = frozenset(("grid", "production", "battery", "charger", "sub", "feeder"))

UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "temperature": "Cel",
        "humidity": "%",
        "air_pressure": "hPa",
        "wind_speed": "m/s",
        "wind_direction": "deg",
        "rain_rate": "mm/h",
        "irradiance": "W/m2",
        "illuminance": "lx",
        "soil_moisture": "%",
        "sound_pressure": "dB",
        "carbon_dioxide": "[ppm]",
        "carbon_monoxide": "ug/m3",
        "nitrogen_dioxide": "ug/m3",
        "ozone": "ug/m3",
        "sulphur_dioxide": "ug/m3",
        "volatile_organic_compounds": "ug/m3",
        "pm1": "ug/m3",
        "pm25": "ug/m3",
        "pm10": "ug/m3",
        "voltage": "V",
        "frequency": "Hz",
    }
)
"""What a sensor may observe, each in one unit, written as in UCUM."""

MAX_OBSERVED: Final = 2**31
MAX_SCALE: Final = 9

ALL_FLAGS: Final = sum(flag.value for flag in Flag)

type Column = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Fine:
    """Samples that stay at home, finer than those sent, under a Merkle root."""

    root: str
    count: int


@dataclass(frozen=True, slots=True)
class Readings:
    """Samples of one device, column by column; None is a value that was not to be had."""

    KIND: ClassVar[str] = "readings"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("metering",)

    device: str
    at: tuple[int, ...]
    registers: dict[str, Column]
    power: Column | None = None
    flags: tuple[int, ...] | None = None
    fine: Fine | None = None

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        body: dict[str, object] = {
            "device": self.device,
            "at": self.at,
            "registers": {
                name: self.registers[name] for name in REGISTERS if name in self.registers
            },
        }
        if self.power is not None:
            body["power"] = self.power
        if self.flags is not None:
            body["flags"] = self.flags
        if self.fine is not None:
            body["fine"] = {"root": self.fine.root, "count": self.fine.count}
        return body

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the columns, all of one length."""
        device = fields.text("device", ID)
        at = _instants(fields.take("at"), "body.at")
        length = len(at)
        columns = Fields(fields.take("registers"), "body.registers")
        registers = {
            name: _gappy_column(columns.take(name), columns.path(name), length, 0, MAX_AMOUNT - 1)
            for name in REGISTERS
            if name in columns
        }
        columns.finish()
        power = flags = fine = None
        if "power" in fields:
            power = _gappy_column(fields.take("power"), "body.power", length, -MAX_POWER, MAX_POWER)
        if not registers and power is None:
            msg = "body has neither registers nor power"
            raise BodyError(msg)
        if "flags" in fields:
            flags = _column(fields.take("flags"), "body.flags", length, 0, ALL_FLAGS)
        if "fine" in fields:
            inner = Fields(fields.take("fine"), "body.fine")
            fine = Fine(inner.text("root", HASH), inner.integer("count", 1, MAX_FINE_SAMPLES))
            inner.finish()
        return cls(device, at, registers, power, flags, fine)


@dataclass(frozen=True, slots=True)
class Observations:
    """Samples of one sensor that measures no energy: each value times ten to the scale."""

    KIND: ClassVar[str] = "observations"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("metering",)

    device: str
    quantity: str
    scale: int
    at: tuple[int, ...]
    values: tuple[int, ...]
    flags: tuple[int, ...] | None = None

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        body: dict[str, object] = {
            "device": self.device,
            "quantity": self.quantity,
            "unit": UNITS[self.quantity],
            "scale": self.scale,
            "at": self.at,
            "values": self.values,
        }
        if self.flags is not None:
            body["flags"] = self.flags
        return body

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the columns, all of one length and without gaps."""
        device = fields.text("device", ID)
        quantity = fields.one_of("quantity", UNITS)
        fields.one_of("unit", (UNITS[quantity],))
        scale = fields.integer("scale", -MAX_SCALE, MAX_SCALE)
        at = _instants(fields.take("at"), "body.at")
        values = _column(fields.take("values"), "body.values", len(at), -MAX_OBSERVED, MAX_OBSERVED)
        flags = None
        if "flags" in fields:
            flags = _column(fields.take("flags"), "body.flags", len(at), 0, ALL_FLAGS)
            if any(each & Flag.RESET.value for each in flags):
                msg = "body.flags says that a counter began anew, and there is none"
                raise BodyError(msg)
        return cls(device, quantity, scale, at, values, flags)


@dataclass(frozen=True, slots=True)
class Plane:
    """Which way solar panels look, in whole degrees: 0 is flat, and north."""

    tilt: int
    azimuth: int


@dataclass(frozen=True, slots=True)
class Fuse:
    """What the connection can carry."""

    milliamperes: int
    phases: int


@dataclass(frozen=True, slots=True)
class Device:
    """A thing that is measured: its role, its limits, and how fine its counters count.

    `import_only` is a grid meter without an export counter, in a home that cannot feed in.
    """

    KIND: ClassVar[str] = "device"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    device: str
    role: str
    resolution: dict[str, int]
    fuse: Fuse | None = None
    nameplate: int | None = None
    capacity: int | None = None
    plane: Plane | None = None
    retired: bool = False
    import_only: bool = False

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        body: dict[str, object] = {
            "device": self.device,
            "role": self.role,
            "resolution": {
                name: self.resolution[name] for name in REGISTERS if name in self.resolution
            },
        }
        if self.fuse is not None:
            body["fuse"] = {"milliamperes": self.fuse.milliamperes, "phases": self.fuse.phases}
        if self.nameplate is not None:
            body["nameplate"] = self.nameplate
        if self.capacity is not None:
            body["capacity"] = self.capacity
        if self.plane is not None:
            body["plane"] = {"tilt": self.plane.tilt, "azimuth": self.plane.azimuth}
        if self.retired:
            body["retired"] = True
        if self.import_only:
            body["import_only"] = True
        return body

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read a device's declaration, which replaces the one before."""
        device = fields.text("device", ID)
        role = fields.one_of("role", ROLES)
        counters = Fields(fields.take("resolution"), "body.resolution")
        resolution = {
            name: counters.integer(name, 1, 10**6) for name in REGISTERS if name in counters
        }
        counters.finish()
        fuse = plane = None
        if "fuse" in fields:
            inner = Fields(fields.take("fuse"), "body.fuse")
            fuse = Fuse(inner.integer("milliamperes", 1, 10**8), inner.integer("phases", 1, 3))
            inner.finish()
        nameplate = fields.integer("nameplate", 1, MAX_POWER) if "nameplate" in fields else None
        capacity = fields.integer("capacity", 1, MAX_ENERGY) if "capacity" in fields else None
        if "plane" in fields:
            inner = Fields(fields.take("plane"), "body.plane")
            plane = Plane(inner.integer("tilt", 0, 90), inner.integer("azimuth", 0, 359))
            inner.finish()
        retired = fields.true("retired")
        import_only = fields.true("import_only")
        if import_only and (role != "grid" or "export" in resolution):
            msg = "body.import_only is for a grid meter without an export counter"
            raise BodyError(msg)
        return cls(device, role, resolution, fuse, nameplate, capacity, plane, retired, import_only)


def _instants(value: object, path: str) -> tuple[int, ...]:
    """Check the times of samples."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_SAMPLES:
        msg = f"{path} is not an array of 1 to {MAX_SAMPLES} instants"
        raise BodyError(msg)
    instants = _column(value, path, len(value), 1, MAX_TIME)
    if tuple(sorted(set(instants))) != instants:
        msg = f"{path} has an instant that is not later than the one before it"
        raise BodyError(msg)
    return instants


def _column(value: object, path: str, length: int, low: int, high: int) -> tuple[int, ...]:
    """Check a column without gaps."""
    column = _gappy_column(value, path, length, low, high)
    if None in column:
        msg = f"{path}[{column.index(None)}] is missing"
        raise BodyError(msg)
    return cast("tuple[int, ...]", column)


def _gappy_column(value: object, path: str, length: int, low: int, high: int) -> Column:
    """Check a column that may have gaps; sound ones in bulk, which is several times faster."""
    if not isinstance(value, list) or len(value) != length:
        msg = f"{path} is not an array of {length} values, as body.at is"
        raise BodyError(msg)
    if set(map(type, value)) == {int}:
        ordered = sorted(value)
        if low <= ordered[0] and ordered[-1] <= high:
            return tuple(value)
    for at, item in enumerate(value):
        if item is not None:
            integer(item, f"{path}[{at}]", low, high)
    return tuple(value)
