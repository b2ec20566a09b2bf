"""Days of a small street, made by hand: a sky, roofs, grid meters."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from depin_protocol.durations import DAY
from settlement_node.oracle.clearness import clearness
from settlement_node.oracle.courses import MINUTE, Counter, Course, Integers
from settlement_node.oracle.evidence import Neighbour, Provenance, Site, SolarDay
from settlement_node.oracle.judging import Memory, judge
from settlement_node.oracle.kinds import solar_energy
from settlement_node.oracle.planes import Panels
from settlement_node.oracle.sun import Place, Sky, clear_sky
from settlement_node.oracle.verdicts import Verdict

PLACE: Final = Place(48_200, 16_400, 200)
JUNE: Final = 1_781_913_600_000
"""Midnight of 2026-06-20, UTC."""

STEP: Final = 5 * MINUTE
STEPS: Final = DAY // STEP
FUSE: Final = 17_250
SOUTH: Final = Panels(30, 180, 6_000)


@cache
def sky(day: int = 0) -> Sky:
    return clear_sky(PLACE, JUNE + day * DAY, STEP, STEPS)


def whole(values: object) -> Course:
    numbers = np.asarray(values, np.int64)
    return Course(numbers, np.ones(len(numbers), np.bool_))


def counter(watts: Integers) -> Counter:
    """Count in whole Wh, from zero."""
    edges = np.concatenate(([0], np.cumsum(watts) * STEP // 3_600_000))
    return Counter(whole(edges), STEP)


def clouds(seed: int, shared: int | None = None) -> Integers:
    """Draw how clear each step is, per mille: some of it from a sky that others see too."""
    own = np.random.default_rng(seed).integers(250, 1_000, STEPS)
    if shared is None:
        return own
    return (own + 3 * np.random.default_rng(shared).integers(250, 1_000, STEPS)) // 4


@dataclass(frozen=True)
class Day:
    """A day of one home among five neighbours, with what it claims."""

    number: int
    power: Integers
    claimed: Integers
    used: Integers

    def evidence(self, panels: Panels = SOUTH) -> SolarDay:
        net = self.used - self.power
        above = sky(self.number)
        return SolarDay(
            Provenance(),
            counter(self.claimed),
            None,
            Site(
                counter(np.maximum(net, 0)).power(),
                counter(np.maximum(-net, 0)).power(),
                whole(np.zeros(STEPS)),
                FUSE,
            ),
            None,
            above,
            panels,
            tuple(neighbour(self.number, each) for each in range(1, 6)),
        )


def roof(number: int, home: int = 0) -> Integers:
    """Return the W that a home's panels give on a day of clouds."""
    return SOUTH.under(sky(number)) * clouds(1_000 * number + home, shared=number) // 1_100


@cache
def neighbour(number: int, home: int) -> Neighbour:
    power = counter(roof(number, home)).power()
    above = sky(number)
    return Neighbour(power, clearness(power, SOUTH.under(above), above))


def day(number: int, percent: int = 100) -> Day:
    """Live a day of a home that claims so much of what its panels give."""
    power = roof(number)
    used = np.random.default_rng(7 * number + 3).integers(150, 450, STEPS)
    return Day(number, power, power * percent // 100, used)


def judged(evidence: SolarDay, memory: Memory) -> tuple[Verdict, Memory]:
    return judge(solar_energy.KIND, evidence, memory)


def codes(verdict: Verdict) -> set[str]:
    return {one.code for found in verdict.findings.values() for one in found}
