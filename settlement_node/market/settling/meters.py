"""Everybody's meters, and how far each member has reported."""

from collections.abc import Iterator, Mapping
from typing import Final

from depin_protocol.encoding import to_text
from depin_protocol.settlement.registers import SIGNS
from depin_protocol.statements.measuring import Device, Readings
from settlement_node.market.settling.meter import Meter, meter_row, read_row
from settlement_node.market.settling.tables import METER
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Delete, Put, Row, Table

MAX_METERS: Final = 16
"""Most devices of a member's that settle: three phases, and enough roofs and batteries."""

_NONE: Final[Mapping[str, Meter]] = {}


class Meters:
    """The devices that settle, by member and name."""

    def __init__(self) -> None:
        """Begin without any."""
        self._meters: dict[str, dict[str, Meter]] = {}

    async def load(self, view: View) -> None:
        """Take them from their rows."""
        self._meters = {}
        async for row in every_row(view, METER):
            member, device, meter = read_row(row)
            self._meters.setdefault(to_text(member), {})[to_text(device)] = meter

    def rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row."""
        for member, meters in self._meters.items():
            for device, meter in meters.items():
                yield METER, meter_row(member, device, meter)

    def members(self) -> Iterator[str]:
        """Name who has, or had, a meter."""
        yield from self._meters

    def of(self, member: str) -> Mapping[str, Meter]:
        """Return a member's meters."""
        return self._meters.get(member, _NONE)

    def in_use(self, member: str, start: int, end: int) -> list[Meter]:
        """Return a member's meters that were in use all through an interval."""
        return [one for one in self.of(member).values() if one.counts(start, end)]

    def waits_for(self, member: str, start: int, end: int) -> bool:
        """Tell whether a member that has a grid meter has not reported all of an interval yet."""
        meters = self.in_use(member, start, end)
        is_metered = any(one.role == "grid" for one in meters)
        return is_metered and any(one.last < end for one in meters)

    def declare(self, member: str, body: Device, at: int, open_from: int) -> tuple[Change, ...]:
        """Take a declaration; a device of another role settles nothing, one too many neither.

        Where there are many, those make room that no interval from `open_from` on was metered by.
        """
        held = self._meters.setdefault(member, {})
        meter = held.get(body.device)
        if body.role not in SIGNS:
            if meter is None:
                return ()
            del held[body.device]
            key = meter_row(member, body.device, meter)[:2]
            return (Delete(METER, [key]),)
        gone: tuple[Change, ...] = ()
        if meter is None:
            if len(held) == MAX_METERS:
                gone = _without_old(member, held, open_from)
            if len(held) == MAX_METERS:
                return ()
            meter = held[body.device] = Meter(body, at)
        elif meter.role == body.role:
            meter.declare(body, at)
        else:
            meter = held[body.device] = Meter(body, at)
        return (*gone, Put(METER, [meter_row(member, body.device, meter)]))

    def take(self, member: str, body: Readings, open_from: int) -> tuple[Change, ...]:
        """Keep what open intervals need of a statement; of unknown devices, nothing."""
        meter = self.of(member).get(body.device)
        if meter is None or not meter.hears(body):
            return ()
        meter.take(body, open_from)
        return (Put(METER, [meter_row(member, body.device, meter)]),)

    def settle(self, end: int) -> tuple[Change, ...]:
        """Keep the values that an interval was settled with, where they could still move."""
        rows = [
            meter_row(member, device, meter)
            for member, meters in self._meters.items()
            for device, meter in meters.items()
            if meter.settle(end)
        ]
        return (Put(METER, rows),) if rows else ()


def _without_old(member: str, held: dict[str, Meter], open_from: int) -> tuple[Change, ...]:
    """Let go of the meters that were retired before what is still to be settled."""
    old = [device for device, one in held.items() if one.retired and one.retired <= open_from]
    keys = [meter_row(member, device, held.pop(device))[:2] for device in old]
    return (Delete(METER, keys),) if keys else ()
