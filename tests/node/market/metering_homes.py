"""Homes with meters, for tests of settlement: what they declare and what they read."""

from collections.abc import Sequence

from depin_protocol.durations import MINUTE
from depin_protocol.settlement.settled_member import SettledMember
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.measuring import Device, Readings
from settlement_node.log.entries import Decision
from tests.node.ledger.till import decision_at
from tests.node.village import Village
from tests.protocol.spoken import NOON, QUARTER, Home, ident

FIRST = NOON - NOON % QUARTER + QUARTER
"""The first interval that begins after the village."""

MARKET = "street"

REGISTERS = {
    "grid": ("import", "export"),
    "production": ("production",),
    "battery": ("charge", "discharge"),
}


def meter(home: Home, role: str = "grid") -> str:
    """Name a home's meter of a role."""
    return ident(9_000 + 10 * home.number + list(REGISTERS).index(role))


def device(home: Home, role: str = "grid", resolution: int = 1, *, retired: bool = False) -> Device:
    """Declare a home's meter."""
    counts = dict.fromkeys(REGISTERS[role], resolution)
    return Device(meter(home, role), role, counts, retired=retired)


class Metering:
    """A home's meters as they count on."""

    def __init__(self, home: Home) -> None:
        """Begin at a count that no meter begins with."""
        self.home = home
        self._counts: dict[str, tuple[int, ...]] = {
            role: (1_000,) * len(names) for role, names in REGISTERS.items()
        }

    def quarter(self, start: int, *flows: int, role: str = "grid") -> Readings:
        """Let so many Wh flow through each register in an interval, and read it evenly."""
        instants = range(start, start + QUARTER + 1, 5 * MINUTE)
        return self.read(role, flows, start, QUARTER, instants)

    def read(
        self, role: str, flows: Sequence[int], start: int, length: int, instants: Sequence[int]
    ) -> Readings:
        """Let Wh flow from a start on for a length, and read the counters at these instants."""
        begin = self._counts[role]
        self._counts[role] = tuple(before + wh for before, wh in zip(begin, flows, strict=True))
        columns: dict[str, tuple[int | None, ...]] = {
            name: tuple(before + wh * (at - start) // length for at in instants)
            for name, before, wh in zip(REGISTERS[role], begin, flows, strict=True)
        }
        return Readings(meter(self.home, role), tuple(instants), columns)

    def say(self, at: int, *flows: int, start: int, role: str = "grid") -> Statement:
        """Say, at a time, what flowed in an interval."""
        return self.home.say("metering", self.quarter(start, *flows, role=role), at)


async def settle_in(here: Village, *homes: Home) -> list[Metering]:
    """Let homes join that have a grid meter."""
    for home in homes:
        await here.welcome(home)
        await here.say(home.say("trading", device(home), here.clock()))
    return [Metering(home) for home in homes]


async def last(here: Village, back: int = 1) -> Decision:
    """Return what was decided last, or some decisions before."""
    return await decision_at(here, here.coop.position.size - back)


async def decided(here: Village, kind: str) -> list[Decision]:
    """Return every decision of a kind, in order."""
    found = []
    for index in range(here.coop.position.size):
        entry = await here.coop.entry(index)
        if entry is not None and b'"decision":"%b"' % kind.encode() in entry:
            found.append(await decision_at(here, index))
    return found


def lines_of(decision: Decision) -> dict[str, SettledMember]:
    """Read a settlement's lines, by member."""
    return {str(line["member"]): SettledMember.read(line) for line in decision.lines}


def line_of(decision: Decision, home: Home) -> SettledMember:
    """Read a home's line."""
    return lines_of(decision)[home.member]
