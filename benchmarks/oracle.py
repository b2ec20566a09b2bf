"""What the oracle catches, after how many days, by which layer; and whom it accuses wrongly.

    python -m benchmarks.oracle [--homes 100] [--days 365] [--forgers 12] [--seed 1] [--years 1]

A street lives for a year under a made-up sky (`oracle_street.py` says how it is made). Its homes
are all honest and are judged each day. Beside them forgers are judged: each is one of these homes
that from some day on claims something else (`oracle_forgeries.py`), after five weeks of honesty,
and until it is caught or ninety days have passed. A third of the homes have their panels' place
fitted from their own days; the rest told it. Further years are other streets, and honest.

Caught means held, reduced, rejected or under review. A day of mixed sky is one on which the
power of the forger's own roof goes up and down with clouds.
"""

import argparse
import sys
from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import reduce
from statistics import median
from time import perf_counter, process_time
from typing import Final

import numpy as np

from benchmarks.forged_street.forgeries import (
    FORGERIES,
    Around,
    Claim,
    Forgery,
    charged,
    honest,
    power,
    site,
)
from benchmarks.forged_street.stations import SITUATIONS, Weather, middle_of, observed
from benchmarks.forged_street.street import MINUTES, PLACE, Homes, Street, counted, course, sky_of
from settlement_node.oracle.clearness import clearness
from settlement_node.oracle.courses import MINUTE, Course
from settlement_node.oracle.evidence import MeteredDay, Neighbour, Provenance, SolarDay
from settlement_node.oracle.judging import Memory, judge
from settlement_node.oracle.kinds import ev_charging, solar_energy, weather
from settlement_node.oracle.losses import unaccounted
from settlement_node.oracle.planes import Panels, fitted
from settlement_node.oracle.steps import informative
from settlement_node.oracle.sun import clear_sky
from settlement_node.oracle.verdicts import Outcome, Verdict

NEIGHBOURS: Final = 5
WARM_UP: Final = 35
PATIENCE: Final = 90
AIM: Final = 30
"""Days of mixed sky."""

STATIONS: Final = 6
"""Of each situation; as many more stand outdoors, as their neighbours."""

CARS: Final = (0, 10, 25)
"""Percent by which chargers are inflated."""


@dataclass(slots=True)
class Suspect:
    """One contributor in one situation, judged day after day."""

    of: str
    home: int
    since: int
    """The day from which on it forges."""
    memory: Memory = field(default_factory=dict)
    mixed: int = 0
    """Days of mixed sky since then."""
    caught: str = ""
    how: str = ""
    after: int = 0
    after_mixed: int = 0

    def watches(self, today: int) -> bool:
        """Tell whether there is still something to see."""
        return not self.caught and self.since - WARM_UP <= today < self.since + PATIENCE

    def judged(self, verdict: Verdict, today: int, *, mixed: bool) -> None:
        """Take a day's verdict."""
        if today < self.since:
            return
        self.mixed += mixed
        if not verdict.findings:
            return
        worst = max(
            ((one.outcome, name) for name, found in verdict.findings.items() for one in found),
        )
        self.caught = worst[1]
        self.how = worst[0].name.lower() if worst[0] else "review"
        self.after, self.after_mixed = today - self.since + 1, self.mixed


@dataclass(slots=True)
class Innocence:
    """What was said of those who did nothing."""

    of: str
    days: int = 0
    taken: Tally[str] = field(default_factory=Tally)
    reviews: Tally[str] = field(default_factory=Tally)
    _last: dict[tuple[int, str], int] = field(default_factory=dict)

    def judged(self, verdict: Verdict, who: int, today: int) -> None:
        """Count a day; one layer's reviews of one contributor within a month are one."""
        self.days += 1
        for name, found in verdict.findings.items():
            for one in found:
                if one.outcome > Outcome.ACCEPTED:
                    self.taken[f"{name}: {one.code}"] += 1
                    continue
                if today - self._last.get((who, name), -AIM - 1) > AIM:
                    self.reviews[f"{name}: {one.code}"] += 1
                self._last[who, name] = today

    def begin(self) -> None:
        """Go on with others."""
        self._last.clear()

    def told(self) -> str:
        """Say it in a line for a thousand years."""
        years = self.days / 365
        per = 1_000 / years if years else 0
        taken = ", ".join(f"{name} {count} days" for name, count in self.taken.items()) or "none"
        reviews = ", ".join(f"{name} {count * per:.0f}" for name, count in self.reviews.items())
        return (
            f"{self.of}: {years:.1f} years; reduced, held or rejected: {taken};"
            f" reviews opened per 1,000 years: {sum(self.reviews.values()) * per:.0f}"
            f" ({reviews or 'none'})"
        )


def panels_of(homes: Homes, seed: int) -> list[Panels]:
    """Return what the oracle knows of the panels: fitted from a spring before, or as told."""
    known = [homes.panels(home) for home in range(len(homes.tilt))]
    street = Street(homes, seed)
    days = [street.live(number) for number in range(90, 150, 2)]
    for home in range(0, len(known), 3):
        told = [(power(day.produced[home]), sky_of(day.start)) for day in days]
        known[home] = fitted(told) or known[home]
    return known


class Benchmark:
    """The street with its honest homes, forgers, cars and stations."""

    def __init__(
        self, homes: int, days: int, forgers: int, seed: int, innocent: tuple[Innocence, ...]
    ) -> None:
        self.chance = np.random.default_rng(seed)
        self.homes = Homes.drawn(homes, self.chance)
        self.panels = panels_of(self.homes, seed + 1)
        self.street, self.elsewhere = Street(self.homes, seed + 2), Street(self.homes, seed + 3)
        self.days = days
        self.memories: list[Memory] = [{} for _ in range(homes)]
        self.innocent, self.parked, self.outdoors = innocent
        for each in innocent:
            each.begin()
        latest = max(1, days - PATIENCE - WARM_UP)
        # Each forgery begins in all seasons alike, on other homes than the one before.
        self.forgers = [
            (
                forgery,
                Suspect(
                    forgery.name, (7 * row + count) % homes, WARM_UP + latest * count // forgers
                ),
            )
            for row, forgery in enumerate(FORGERIES)
            for count in range(forgers)
        ]
        cars = np.flatnonzero(self.homes.car)
        self.cars = {
            (percent, int(home)): Suspect(f"car charging by {percent} %", int(home), WARM_UP)
            for percent in CARS
            for home in cars
        }
        self.stations = [
            Suspect(f"station {situation}", number, WARM_UP + latest * number // STATIONS)
            for situation in SITUATIONS
            for number in range(STATIONS if forgers or situation == "outdoors" else 0)
        ]
        self.air = Weather(seed + 4)

    def run(self) -> None:
        """Live and judge all days."""
        before = self.street.live(-1)
        for today in range(self.days):
            lived = self.street.live(today)
            elsewhere = self.elsewhere.live(today) if self.forgers else lived
            minutes = clear_sky(PLACE, lived.start, MINUTE, MINUTES)
            around = Around(
                *(lived, elsewhere, before, sky_of(lived.start), minutes, self.homes),
                *(self.chance, 0),
            )
            self._roofs(around, today)
            self._chargers(around, today)
            self._weather(around, today)
            before = lived

    def _roofs(self, day: Around, today: int) -> None:
        every = range(len(self.panels))
        claims = [honest(day, home) for home in every]
        seen = [self._neighbour(day, claims[home], home) for home in every]
        missing = self._unaccounted(day, claims)
        for home in every:
            evidence = self._evidence(day, claims[home], home, seen, missing)
            evidence = replace(evidence, nameplate=int(self.homes.inverter[home]))
            verdict, self.memories[home] = judge(solar_energy.KIND, evidence, self.memories[home])
            self.innocent.judged(verdict, home, today)
        for forgery, suspect in self.forgers:
            if suspect.watches(today):
                home = suspect.home
                claim = self._claim(day, forgery, suspect, today, claims[home])
                feeder = None
                if forgery.feeder:
                    feeder = missing + _net(claims[home]) - _net(claim)
                evidence = self._evidence(day, claim, home, seen, feeder)
                if not forgery.meter:
                    evidence = replace(evidence, site=None)
                verdict, suspect.memory = judge(solar_energy.KIND, evidence, suspect.memory)
                suspect.judged(verdict, today, mixed=informative(seen[home].power, evidence.most()))

    def _claim(
        self, day: Around, forgery: Forgery, suspect: Suspect, today: int, true: Claim
    ) -> Claim:
        if today < suspect.since:
            return true
        since = today - suspect.since
        now = Around(
            *(day.street, day.elsewhere, day.yesterday, day.sky, day.minutes, day.homes),
            *(day.chance, since),
        )
        return forgery.claim(now, suspect.home)

    def _neighbour(self, day: Around, claim: Claim, home: int) -> Neighbour:
        watts = power(claim.produced)
        return Neighbour(watts, clearness(watts, self.panels[home].under(day.sky), day.sky))

    def _evidence(
        self, day: Around, claim: Claim, home: int, seen: list[Neighbour], feeder: Course | None
    ) -> SolarDay:
        count = len(seen)
        near = tuple(seen[(home + away) % count] for away in range(1, NEIGHBOURS + 1))
        return SolarDay(
            claim.said,
            counted(claim.produced),
            # A forger would declare what it claims.
            None,
            site(day, claim, home),
            claim.second_path,
            day.sky,
            self.panels[home],
            near,
            feeder,
        )

    def _unaccounted(self, day: Around, claims: list[Claim]) -> Course:
        """Return what the street's meter counts beyond its homes: lamps, and losses of lines."""
        flow = day.street.taken.sum(axis=0)
        # Lines lose 3 % at 3 kW a home by its square, transformers and lamps what they like.
        lost = 0.03 * flow * flow / (3_000.0 * len(claims)) + 0.005 * np.abs(flow) + 200
        street = power(np.maximum(flow + lost, 0)) - power(np.maximum(-flow - lost, 0))
        return unaccounted(street, reduce(Course.__add__, map(_net, claims)))

    def _chargers(self, day: Around, today: int) -> None:
        for percent in CARS:
            for home, counter, meters in charged(day, percent if today >= WARM_UP else 0):
                suspect = self.cars[percent, home]
                if percent and not suspect.watches(today):
                    continue
                evidence = MeteredDay(Provenance(), counter, None, meters)
                verdict, suspect.memory = judge(ev_charging.KIND, evidence, suspect.memory)
                if percent:
                    suspect.judged(
                        verdict, today, mixed=informative(counter.power(), evidence.most())
                    )
                else:
                    self.parked.judged(verdict, home, today)

    def _weather(self, day: Around, today: int) -> None:
        air = self.air.day(day.street, day.minutes, today)
        sun = course(np.rint(day.minutes.flat * day.street.clearness))
        around = [observed(air, "outdoors", self.chance, {}, sun) for _ in range(STATIONS)]
        neighbours = middle_of(around)
        for suspect in self.stations:
            situation = suspect.of.removeprefix("station ")
            if situation != "outdoors" and not suspect.watches(today):
                continue
            now = situation if today >= suspect.since else "outdoors"
            evidence = observed(air, now, self.chance, neighbours, sun)
            verdict, suspect.memory = judge(weather.KIND, evidence, suspect.memory)
            if situation == "outdoors":
                self.outdoors.judged(verdict, suspect.home, today)
            else:
                suspect.judged(verdict, today, mixed=True)

    def rows(self) -> Iterator[tuple[str, list[Suspect], bool]]:
        """Return those who forged, by what they did, and whether catching them is an aim."""
        for forgery in FORGERIES:
            yield forgery.name, [one for what, one in self.forgers if what is forgery], forgery.aim
        for percent in CARS[1:]:
            name = f"car charging by {percent} %"
            # A home whose car never charged has claimed nothing.
            yield name, [one for one in self.cars.values() if one.of == name and one.mixed], False
        for situation in SITUATIONS[1:]:
            name = f"station {situation}"
            yield name, [one for one in self.stations if one.of == name], True


def _net(claim: Claim) -> Course:
    return power(claim.imported) - power(claim.exported)


def told(name: str, suspects: list[Suspect], *, aim: bool) -> tuple[str, bool]:
    """Write a row, and tell whether its aim was missed."""
    caught = [one for one in suspects if one.caught]
    soon = sum(one.after_mixed <= AIM for one in caught)
    # Who had no 30 days of mixed sky before the end had no chance to be caught in them.
    fair = sum(bool(one.caught) or one.mixed >= AIM for one in suspects)
    days = f"{median(one.after for one in caught):.0f}" if caught else "-"
    worst = str(max(one.after for one in caught)) if caught else "-"
    mixed = f"{median(one.after_mixed for one in caught):.0f}" if caught else "-"
    ways = Tally(f"{one.caught} ({one.how})" for one in caught)
    by = ", ".join(f"{way} {count}" for way, count in ways.most_common(3))
    missed = aim and soon < fair
    mark = "yes" if aim and not missed else "MISSED" if missed else "-"
    cells = f"{len(caught)}/{len(suspects)}", f"{soon}/{fair}", days, worst, mixed, mark
    return f"{name:32}" + "".join(f"{cell:>9}" for cell in cells) + f"  {by}", missed


def main() -> int:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    defaults = {"homes": 100, "days": 365, "forgers": 12, "seed": 1, "years": 1}
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    chosen = parser.parse_args()
    began, worked = perf_counter(), process_time()
    innocent = tuple(map(Innocence, ("honest homes", "honest chargers", "stations outdoors")))
    benchmark = Benchmark(chosen.homes, chosen.days, chosen.forgers, chosen.seed, innocent)
    benchmark.run()
    for year in range(1, chosen.years):
        Benchmark(chosen.homes, chosen.days, 0, chosen.seed + 10 * year, innocent).run()
    heads = "caught", "soon", "median", "worst", "mixed", "aim"
    print(f"{'':32}" + "".join(f"{head:>9}" for head in heads) + "  by layer")
    written = [told(name, suspects, aim=aim) for name, suspects, aim in benchmark.rows()]
    print("\n".join(row for row, _ in written))
    print("soon: within 30 days of mixed sky, of those that had as many or were caught earlier;")
    print("median and worst in days, mixed in days of mixed sky.")
    for each in innocent:
        print(each.told())
    print(f"{process_time() - worked:.0f} s of CPU, {perf_counter() - began:.0f} s in all")
    accused = any(each.taken for each in innocent)
    return 1 if accused or any(missed for _, missed in written) else 0


if __name__ == "__main__":
    sys.exit(main())
