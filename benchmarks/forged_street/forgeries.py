"""What homes claim that is not so, beside what honest homes claim that only looks like it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.forged_street.street import FUSE, Homes, Lived, Watts, counted, later
from settlement_node.oracle.courses import Counter, Course
from settlement_node.oracle.evidence import Provenance, Site
from settlement_node.oracle.planes import light_on
from settlement_node.oracle.sun import Sky

HONEST_DELAYS: Final = tuple(300_000 + 1_000 * (number * 37 % 23) for number in range(96))
"""Milliseconds after which a day's statements come from a home whose clock is right."""


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """A day as a forger sees it: the street, a street far away, the sky, and yesterday."""

    street: Lived
    elsewhere: Lived
    yesterday: Lived
    sky: Sky
    minutes: Sky
    homes: Homes
    chance: np.random.Generator
    since: int
    """Days since the forging began, from 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """What a home says of its day: one home's W of each minute."""

    produced: Watts
    imported: Watts
    exported: Watts
    said: Provenance = field(default_factory=lambda: Provenance(delays=HONEST_DELAYS))
    second_path: int | None = None


type Forge = Callable[[Around, int], Claim]


@dataclass(frozen=True, slots=True)
class Forgery:
    """A way to claim, what is asked of the oracle there, and what the street has beside."""

    name: str
    claim: Forge
    aim: bool = True
    """To be caught within 30 days of mixed sky."""
    feeder: bool = False
    """The street's own meter is a member."""
    meter: bool = True
    """The home has a grid meter."""


def honest(day: Around, home: int) -> Claim:
    """Say what was: the inverter a moment later than the meter."""
    return _metered(day, home, later(day.street.produced[home], day.homes.lag[home]))


def inflated(percent: int) -> Forge:
    """Say so much more of the panels; the grid meter stays true."""

    def claim(day: Around, home: int) -> Claim:
        told = later(day.street.produced[home], day.homes.lag[home])
        return _metered(day, home, told * (100 + percent) / 100)

    return claim


def at_night(day: Around, home: int) -> Claim:
    """Sell what was stored as the sun's."""
    dark = day.minutes.elevation < 0
    return _metered(day, home, day.street.produced[home] + np.where(dark, 200.0, 0))


def replayed(day: Around, home: int) -> Claim:
    """Say what was true yesterday."""
    return _metered(day, home, day.yesterday.produced[home])


def invented(day: Around, home: int) -> Claim:
    """Say a clear sky and some noise, without panels."""
    clear = _clear(day, home) * day.homes.peak[home] * 0.85 / 1_000
    noise = 1 + 0.05 * day.chance.standard_normal(len(clear))
    return _without_panels(day, home, np.minimum(clear, day.homes.inverter[home]) * noise)


def copied(day: Around, home: int) -> Claim:
    """Say 1.6 times what a neighbour's panels gave, without panels."""
    other = _neighbour(day, home)
    return _without_panels(day, home, day.street.produced[other] * 1.6)


def elsewhere(day: Around, home: int) -> Claim:
    """Say what real panels under another sky gave."""
    return _without_panels(day, home, day.elsewhere.produced[home])


def drifting(seconds: int) -> Forge:
    """Let the clock run away by so much a day."""

    def claim(day: Around, home: int) -> Claim:
        true = honest(day, home)
        off = 1_000 * seconds * day.since
        said = Provenance(delays=tuple(each + off for each in HONEST_DELAYS))
        return Claim(true.produced, true.imported, true.exported, said)

    return claim


def cloned(day: Around, home: int) -> Claim:
    """Speak with one key from two machines."""
    true = honest(day, home)
    said = Provenance(delays=HONEST_DELAYS, forks=1)
    return Claim(true.produced, true.imported, true.exported, said)


def diverted(day: Around, home: int) -> Claim:
    """Heat water with a tenth of what the panels give, unmetered: nothing is forged."""
    produced = day.street.produced[home]
    net = day.street.taken[home] + 0.1 * produced
    told = later(produced, day.homes.lag[home])
    return Claim(told, np.maximum(net, 0), np.maximum(-net, 0))


def both_forged(day: Around, home: int) -> Claim:
    """Forge inverter and grid meter together, by a quarter, so that they agree."""
    extra = 0.25 * day.street.produced[home]
    net = day.street.taken[home] - extra
    told = later(day.street.produced[home] + extra, day.homes.lag[home])
    return Claim(told, np.maximum(net, 0), np.maximum(-net, 0))


def both_forged_second_path(day: Around, home: int) -> Claim:
    """Do so where the inverter's maker tells its own figure too."""
    claim = both_forged(day, home)
    true = int(day.street.produced[home].sum() / 60)
    return Claim(claim.produced, claim.imported, claim.exported, second_path=true)


FORGERIES: Final = (
    Forgery("night production", at_night),
    Forgery("inflation by 5 %", inflated(5), aim=False),
    Forgery("inflation by 10 %", inflated(10)),
    Forgery("inflation by 25 %", inflated(25)),
    Forgery("inflation by 50 %", inflated(50)),
    Forgery("yesterday replayed", replayed),
    Forgery("clear sky plus noise", invented),
    Forgery("a neighbour copied and scaled", copied),
    Forgery("a plant elsewhere", elsewhere),
    Forgery("a clock 30 s a day ahead", drifting(-30)),
    Forgery("a clock 30 s a day behind", drifting(30)),
    Forgery("a cloned key", cloned),
    Forgery("both meters forged by 25 %", both_forged, aim=False),
    Forgery("the same, the street metered", both_forged, aim=False, feeder=True),
    Forgery("the same, with a second path", both_forged_second_path),
    Forgery("25 % without a grid meter", inflated(25), aim=False, meter=False),
    Forgery("nothing: an unmetered diverter", diverted, aim=False),
)


def site(day: Around, claim: Claim, home: int) -> Site:
    """Return what the grid meter and the battery's meter say."""
    stored = day.street.stored[home]
    battery = counted(np.maximum(stored, 0)).power() - counted(np.maximum(-stored, 0)).power()
    return Site(power(claim.imported), power(claim.exported), battery, FUSE)


def power(watts: Watts) -> Course:
    """Return the mean W of each five minutes, as a counter of whole Wh shows it."""
    return counted(watts).power()


def charged(day: Around, percent: int) -> Iterator[tuple[int, Counter, Site]]:
    """Return what each home with a car says of its charger, so much too high, and its meters."""
    for home in np.flatnonzero(day.homes.car):
        true = honest(day, int(home))
        meters = site(day, true, int(home))
        behind = meters.behind + power(true.produced)
        meters = Site(meters.imported, meters.exported, behind, FUSE)
        yield int(home), counted(day.street.charged[home] * (100 + percent) / 100), meters


def _metered(day: Around, home: int, produced: Watts) -> Claim:
    net = day.street.taken[home]
    return Claim(produced, np.maximum(net, 0), np.maximum(-net, 0))


def _without_panels(day: Around, home: int, produced: Watts) -> Claim:
    net = day.street.taken[home] + day.street.produced[home]
    return Claim(produced, np.maximum(net, 0), np.maximum(-net, 0))


def _neighbour(day: Around, home: int) -> int:
    return (home + 1) % len(day.homes.tilt)


def _clear(day: Around, home: int) -> NDArray[np.float64]:
    light = light_on(day.minutes, int(day.homes.tilt[home]), int(day.homes.azimuth[home]))
    return light.astype(np.float64)
