"""Homes with meters, for tests of settlement: what they declare and what they read."""

from collections.abc import Sequence

from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.measuring import Device, Readings
from depin_protocol.statements.timing import MAX_LEAD
from settlement_node.market.rules.market_rules import MINUTE
from tests.node.village import Village
from tests.protocol.spoken import NOON, QUARTER, Home, ident

FIRST = NOON - NOON % QUARTER + QUARTER
"""The first interval that begins after the village."""


def meter(home: Home, role: str = "grid") -> str:
    """Name a home's meter of a role."""
    return ident(9_000 + 10 * home.number + ("grid", "production", "battery").index(role))


REGISTERS = {
    "grid": ("import", "export"),
    "production": ("production",),
    "battery": ("charge", "discharge"),
}


def device(home: Home, role: str = "grid", resolution: int = 1, *, retired: bool = False) -> Device:
    """Declare a home's meter."""
    counts = dict.fromkeys(REGISTERS[role], resolution)
    return Device(meter(home, role), role, counts, retired=retired)


def samples(home: Home, role: str, at: Sequence[int], *registers: Sequence[int | None]) -> Readings:
    """Make a reading of a meter's registers."""
    columns = dict(zip(REGISTERS[role], map(tuple, registers), strict=True))
    return Readings(meter(home, role), tuple(at), columns)


class Metering:
    """A home's meters as they count on, and the statements about them."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.counters: dict[str, tuple[int, ...]] = {}

    def quarter(
        self, start: int, role: str, *flows: int, length: int = QUARTER, every: int = 5 * MINUTE
    ) -> Readings:
        """Let so many Wh flow through a meter in an interval, and read it evenly."""
        begin = self.counters.get(role, (0,) * len(flows))
        self.counters[role] = tuple(map(sum, zip(begin, flows, strict=True)))
        instants = range(start, start + length + 1, every)
        columns = [
            [first + wh * (at - start) // length for at in instants]
            for first, wh in zip(begin, flows, strict=True)
        ]
        return samples(self.home, role, instants, *columns)


async def settle_in(here: Village, *homes: Home) -> dict[Home, Metering]:
    """Let homes join that have a grid meter."""
    for home in homes:
        await here.welcome(home)
        await here.say(home.say("trading", device(home), here.clock()))
    return {home: Metering(home) for home in homes}


async def report(here: Village, *said: Statement) -> None:
    """Hand in what meters read, a moment after the last sample."""
    await here.say(*said)


def after(instant: int) -> int:
    """Name a moment at which an interval that ended can be settled."""
    return instant + MAX_LEAD // 2
