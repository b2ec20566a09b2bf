"""A device that settles: the samples that its open intervals need, and the energy from them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Self

from depin_protocol.bounds import MAX_ENERGY
from depin_protocol.durations import HOUR
from depin_protocol.encoding import decode_json, encode_json, from_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.metering import (
    FINE_WH,
    MEASURED_GAP_MS,
    Energy,
    Flag,
    Quality,
    Register,
    Sample,
)
from depin_protocol.settlement.registers import SIGNS, most_power, register_rules
from depin_protocol.statements.measuring import Device, Readings
from settlement_node.store.tables import Row

MAX_KEPT: Final = 1_200
"""Most samples that are kept of a device for its open intervals."""

_FED_IN_W: Final = 50
"""More than this that flows out is no noise of a meter: the home does feed in."""

_NO_ENERGY: Final = Energy(None, Quality.MISSING)
_NOTHING_FED_IN: Final = Energy(0, Quality.MEASURED)
_FLAGS: Final = tuple(Flag(bits) for bits in range(16))


class Taken(NamedTuple):
    """A sample: power in W and a counter in Wh for each register, None where not read."""

    at: int
    power: int | None
    flags: int
    counters: tuple[int | None, ...]


class KeptValue(NamedTuple):
    """What a register had at the end of the last settled interval, and how surely."""

    at: int
    value: int
    quality: Quality


class Meter:
    """One device of a member's, as it was declared last, with what it said."""

    def __init__(self, declared: Device, since: int) -> None:
        """Begin with a declaration that was logged at a time."""
        self.since = since
        self.retired = 0
        """Since when it is in use no more, 0 while it is."""
        self.samples: list[Taken] = []
        self._kept: dict[int, KeptValue] = {}
        self.declare(declared, since)

    def declare(self, declared: Device, at: int) -> None:
        """Take a declaration, which replaces the one before."""
        signs = SIGNS[declared.role]
        self.role = declared.role
        self.retired = at if declared.retired else 0
        self.names = tuple(signs)
        self._import_only = declared.import_only
        self._most_power = most_power(declared)
        self.rules = register_rules(declared)

    @property
    def last(self) -> int:
        """When it was last heard of, 0 for never."""
        return self.samples[-1].at if self.samples else 0

    def counts(self, start: int, end: int) -> bool:
        """Tell whether it was in use all through an interval."""
        return self.since <= start and (not self.retired or self.retired >= end)

    def hears(self, readings: Readings) -> bool:
        """Tell whether a statement has news of it: what it said in use may come after its end."""
        return not self.retired or readings.at[0] < self.retired

    def joined(self, readings: Readings) -> list[Taken]:
        """Return what is kept together with what a statement says, in order of time."""
        said = self._said(readings)
        if not self.samples or self.samples[-1].at < said[0].at:
            return self.samples + said
        known = {sample.at for sample in self.samples}
        return sorted(self.samples + [sample for sample in said if sample.at not in known])

    def take(self, readings: Readings, open_from: int) -> None:
        """Keep what a statement says, as far as intervals from `open_from` on may need it."""
        said = self._said(readings)
        if any(count is not None for count in readings.registers.get("export", ())):
            # What it was declared not to have, it has: from now on it is missing where not read.
            self._import_only = False
        samples = self.samples
        if samples and said[0].at <= samples[-1].at:
            # A value at the boundary was measured and used: nothing new comes between its samples.
            place = bisect_left(samples, open_from, key=_instant)
            before, after = samples[max(place - 1, 0)].at, samples[min(place, len(samples) - 1)].at
            if 0 < after - before <= MEASURED_GAP_MS:
                said = [one for one in said if not before < one.at < after]
            known = {sample.at for sample in samples}
            samples = sorted(samples + [one for one in said if one.at not in known])
        else:
            samples = samples + said
        self.samples = self._needed(samples, open_from, readings.at[-1])

    def energies(
        self, start: int, end: int, samples: Sequence[Taken] | None = None
    ) -> tuple[Energy, ...]:
        """Measure each register over an interval, from what is kept or from these samples."""
        found = self.samples if samples is None else samples
        if not found or found[-1].at < end or found[0].at > start:
            return (_NO_ENERGY,) * len(self.rules)
        plain = None if self._kept else self._plainly(found, start, end)
        if plain:
            return plain
        unread = self._unread if self._feeds_nothing_in(found, start, end) else None
        return tuple(
            _NOTHING_FED_IN if number == unread else self._energy(number, register, start, end)
            for number, register in enumerate(self._registers(found))
        )

    def settle(self, end: int) -> bool:
        """Keep the values with which an interval was settled; tell if there are any to keep.

        Those of fine counters follow from their samples; a coarse one's could still move.
        """
        if all(rules.resolution <= FINE_WH for rules in self.rules):
            return False
        kept: dict[int, KeptValue] = {}
        for number, register in enumerate(self._registers(self.samples)):
            boundary = register.at(end)
            if boundary.value is None or self.rules[number].resolution <= FINE_WH:
                continue
            before = self._kept.get(number)
            value = boundary.value if before is None else max(boundary.value, before.value)
            kept[number] = KeptValue(end, value, boundary.quality)
        changed = kept != self._kept
        self._kept = kept
        return changed

    def row(self, member: bytes, device: bytes) -> Row:
        """Write the device with what is kept."""
        data = {
            "role": self.role,
            "resolution": [rules.resolution for rules in self.rules],
            "most_power": self._most_power,
            "retired": self.retired,
            "import_only": self._import_only,
            "since": self.since,
            "samples": [[one.at, one.power, one.flags, *one.counters] for one in self.samples],
            "kept": [[number, *value] for number, value in self._kept.items()],
        }
        return member, device, encode_json(data)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read what `row` wrote."""
        match decode_json(data):
            case {
                "role": str(role),
                "resolution": list(resolution),
                "most_power": most_power,
                "retired": int(retired),
                "import_only": bool(import_only),
                "since": int(since),
                "samples": list(samples),
                "kept": list(kept),
            } if role in SIGNS:
                counted = dict(zip(SIGNS[role], resolution, strict=True))
                declared = Device("", role, counted, nameplate=most_power, import_only=import_only)
                meter = cls(declared, since)
                meter.retired = retired
                meter.samples = [
                    Taken(at, power, flags, tuple(counters))
                    for at, power, flags, *counters in samples
                ]
                meter._kept = {
                    number: KeptValue(at, value, Quality(quality))
                    for number, at, value, quality in kept
                }
                return meter
        raise ValueError("this is not the row of a meter")

    @property
    def _unread(self) -> int | None:
        """The register that it was declared not to have."""
        return self.names.index("export") if self._import_only else None

    def _feeds_nothing_in(self, samples: Sequence[Taken], start: int, end: int) -> bool:
        """Tell whether nothing that was read contradicts that the home cannot feed in."""
        unread = self._unread
        return unread is not None and not any(
            sample.counters[unread] is not None
            or (start <= sample.at <= end and (sample.power or 0) < -_FED_IN_W)
            for sample in samples
        )

    def _said(self, readings: Readings) -> list[Taken]:
        nothing = (None,) * len(readings.at)
        columns = [readings.registers.get(name, nothing) for name in self.names]
        flags = readings.flags or (0,) * len(readings.at)
        counters = zip(*columns, strict=True)
        rows = zip(readings.at, readings.power or nothing, flags, counters, strict=True)
        return [Taken(*row) for row in rows]

    def _needed(self, samples: list[Taken], open_from: int, newest: int) -> list[Taken]:
        """Leave out what no open boundary rests on.

        Who catches up with what is settled gets on from interval to interval, each at most an hour.
        """
        boundary = open_from if newest >= open_from else newest - HOUR
        upto = bisect_right(samples, boundary, key=_instant)
        read = (number for number in range(len(self.rules)) if number != self._unread)
        first = min(self._base(samples, upto, number) for number in read)
        return samples[max(first, len(samples) - MAX_KEPT) :]

    def _base(self, samples: Sequence[Taken], upto: int, number: int) -> int:
        """Find the sample before a boundary on which a register's value there rests."""
        places = (at for at in range(upto - 1, -1, -1) if samples[at].counters[number] is not None)
        last = next(places, None)
        if last is None:
            return 0
        if self.rules[number].resolution <= FINE_WH:
            return last
        count, base = samples[last].counters[number], last
        for place in places:
            if samples[place].counters[number] != count:
                # The sample before the change shows that it was seen in time.
                return place
            base = place
        return base

    def _plainly(self, samples: Sequence[Taken], start: int, end: int) -> tuple[Energy, ...] | None:
        """Take the counters of both ends, as a register would, where nothing is doubtful between.

        None if it takes a closer look: this is what nearly every interval of every home comes to.
        """
        first = bisect_left(samples, start, key=_instant)
        last = bisect_left(samples, end, first, key=_instant)
        if samples[first].at != start or samples[last].at != end:
            return None
        within = samples[first : last + 1]
        energies = []
        for number, rules in enumerate(self.rules):
            count = samples[first].counters[number]
            if not count or rules.resolution > FINE_WH:
                return None
            before, at = count, start
            for sample in within:
                counter = sample.counters[number]
                if counter is None or sample.flags:
                    return None
                rise = counter - before
                carried = rules.most_power
                if rise and (
                    not 0 < rise <= MAX_ENERGY
                    or (carried is not None and rise * HOUR > carried * (sample.at - at))
                ):
                    return None
                before, at = counter, sample.at
            if before - count > MAX_ENERGY:
                return None
            energies.append(Energy(before - count, Quality.MEASURED))
        return tuple(energies)

    def _registers(self, samples: Sequence[Taken]) -> Iterable[Register]:
        for number, rules in enumerate(self.rules):
            yield Register(
                [
                    Sample(one.at, one.counters[number], one.power, _FLAGS[one.flags])
                    for one in samples
                ],
                rules,
            )

    def _energy(self, number: int, register: Register, start: int, end: int) -> Energy:
        energy = register.energy(start, end)
        kept = self._kept.get(number)
        if energy.wh is None or kept is None or kept.at != start:
            return energy
        boundary = register.at(end)
        value = kept.value if boundary.value is None else boundary.value
        return Energy(max(0, value - kept.value), min(kept.quality, boundary.quality))


def read_row(row: Row) -> tuple[bytes, bytes, Meter]:
    """Read a meter's row."""
    match row:
        case (bytes(member), bytes(device), bytes(data)) if len(member) == ID_LENGTH:
            return member, device, Meter.read(data)
    raise TypeError(f"not the row of a meter: {row!r}")


def meter_row(member: str, device: str, meter: Meter) -> Row:
    """Write a meter's row."""
    return meter.row(from_text(member, ID_LENGTH), from_text(device, ID_LENGTH))


def _instant(sample: Taken) -> int:
    return sample.at
