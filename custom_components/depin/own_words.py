"""What this home said of its meters around an interval, found again in its outbox."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from .outbox import Outbox, Place
from .protocol.bounds import MAX_READINGS
from .protocol.durations import DAY
from .protocol.settlement.registers import SIGNS
from .protocol.statements.envelope import Statement, read_statement
from .protocol.statements.heads import Head
from .protocol.statements.measuring import Device, Readings

KEPT: Final = 3 * DAY
"""So far back a meter's statements are looked for, in milliseconds."""


class SaidOfMeter(NamedTuple):
    """A readings statement: where it is, and from when to when its samples are."""

    place: Place
    device: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Declared:
    """A meter's declaration as it was sent."""

    head: Head
    wire: bytes
    device: Device

    @classmethod
    def of(cls, statement: Statement) -> Declared | None:
        """Take a declaration of a device that settles."""
        body = statement.body
        if not isinstance(body, Device) or body.role not in SIGNS:
            return None
        return cls(statement.head, statement.wire, body)


class OwnWords:
    """Knows where what was said of each meter lies; for the outbox's thread."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self.declared: dict[str, Declared | None] = {}
        """By device; None of one that was declared more than once."""
        self._next = {"metering": 0, "trading": 0}
        self._said: list[SaidOfMeter] = []

    def remember(self, wire: bytes) -> None:
        """Take a declaration that the outbox may no longer have."""
        declared = Declared.of(read_statement(wire))
        if declared is not None:
            self._declare(declared)

    def take_in(self, outbox: Outbox, now: int) -> None:
        """Read what was said since this was called last."""
        for place in outbox.since("trading", self._next["trading"]):
            self._next["trading"] = place.number + 1
            if place.kind == Device.KIND:
                declared = Declared.of(read_statement(outbox.wire(place)))
                if declared is not None:
                    self._declare(declared)
        new: list[SaidOfMeter] = []
        places = outbox.since("metering", self._next["metering"])
        if places:
            self._next["metering"] = places[-1].number + 1
        # From the newest back, since there may be weeks of them.
        for place in reversed(places):
            statement = read_statement(outbox.wire(place))
            if statement.header.issued_at < now - KEPT:
                break
            body = statement.body
            device = body.device if isinstance(body, Readings) else ""
            at = body.at if isinstance(body, Readings) else (0,)
            new.append(SaidOfMeter(place, device, at[0], at[-1]))
        self._said = [one for one in self._said if not 0 < one.last < now - KEPT]
        self._said += reversed(new)

    def around(self, outbox: Outbox, device: str, start: int, end: int) -> list[Statement]:
        """Return all that the chain says from before the interval's start until after its end."""
        begin = stop = None
        for at, one in enumerate(self._said):
            if one.device == device and one.first <= start:
                begin = at
            if one.device == device and one.last >= end:
                stop = at
                break
        if begin is None or stop is None or not begin <= stop < begin + MAX_READINGS:
            return []
        return list(self._read(outbox, self._said[begin : stop + 1]))

    @staticmethod
    def _read(outbox: Outbox, said: list[SaidOfMeter]) -> Iterator[Statement]:
        for one in said:
            if outbox.place("metering", one.place.head.chain, one.place.head.seq) is None:
                return
            yield read_statement(outbox.wire(one.place))

    def _declare(self, declared: Declared) -> None:
        name = declared.device.device
        known = self.declared.get(name, declared)
        same = known is not None and known.wire == declared.wire
        self.declared[name] = declared if same else None
