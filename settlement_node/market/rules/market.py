"""One market: the versions of its rules, the grid of its intervals, its declared series."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from math import lcm
from typing import Final, NamedTuple

from depin_protocol.durations import DAY
from depin_protocol.rules.market_rules import Band, MarketRules
from depin_protocol.settlement.pool import PoolRule
from depin_protocol.settlement.trades import References
from depin_protocol.statements.money import DatedPrice
from settlement_node.market.rules.price_steps import PriceSteps

HORIZON: Final = 7 * DAY
"""So far ahead an interval may lie for which orders are taken."""

NOTICE: Final = 8 * DAY
"""A change takes effect past every interval that can already hold orders."""


class NoRulesError(LookupError):
    """The market had no rules yet at this instant."""


class Version(NamedTuple):
    """Rules, and the first interval that they hold in."""

    start: int
    rules: MarketRules


class Market:
    """What holds in each interval of a market; intervals are named by their start."""

    def __init__(self, name: str) -> None:
        """Begin without rules."""
        self.name = name
        self._starts: list[int] = []
        self._versions: list[Version] = []
        self._zones: list[frozenset[str]] = []
        self._series: dict[str, PriceSteps] = {}

    @property
    def versions(self) -> Sequence[Version]:
        """Every version, in order."""
        return self._versions

    @property
    def series(self) -> dict[str, PriceSteps]:
        """The series that were declared, by name."""
        return self._series

    def add(self, version: Version) -> None:
        """Let rules come into force; the newest of those that begin together counts."""
        if self._starts and self._starts[-1] == version.start:
            del self._starts[-1], self._versions[-1], self._zones[-1]
        self._starts.append(version.start)
        self._versions.append(version)
        self._zones.append(version.rules.zone_names)

    def at(self, start: int) -> MarketRules:
        """Return the rules of an interval, its series looked up, or raise a NoRulesError."""
        rules = self.version(start).rules
        return self._after_series(rules, start) if rules.series else rules

    def zone_of(self, start: int, wanted: str) -> str:
        """Return a zone if the rules of an interval have it, else the one above all others."""
        place = bisect_right(self._starts, start) - 1
        return wanted if wanted in self._zones[place] else self._versions[place].rules.top_zone

    def version(self, instant: int) -> Version:
        """Return the version that is in force, or raise a NoRulesError."""
        place = bisect_right(self._starts, instant)
        if not place:
            raise NoRulesError(f"the market {self.name} has no rules for {instant}")
        return self._versions[place - 1]

    def start_of(self, instant: int) -> int:
        """Return the start of the interval in which an instant lies, or raise a NoRulesError."""
        length = self.version(instant).rules.interval
        return instant // length * length

    def start_after(self, instant: int) -> int:
        """Return the first start at an instant or after it; the market may begin later."""
        if instant <= self._starts[0]:
            return self._starts[0]
        start = self.start_of(instant)
        return start if start == instant else self.next(start)

    def next(self, start: int) -> int:
        """Return the start of the interval after one."""
        return start + self.version(start).rules.interval

    def is_start(self, instant: int) -> bool:
        """Tell whether an interval begins at an instant."""
        return (
            bool(self._starts) and instant >= self._starts[0] and self.start_of(instant) == instant
        )

    def gate_of(self, start: int) -> int:
        """Return when an interval's book closes."""
        return start - self.version(start).rules.gate

    def open_from(self, at: int) -> int:
        """Return the first interval from which on no gate has passed at an instant."""
        first = self._starts[0]
        for place, (start, rules) in enumerate(self._versions):
            last = (at + rules.gate) // rules.interval * rules.interval
            if last < start:
                break
            if place + 1 < len(self._starts):
                last = min(last, self._starts[place + 1] - rules.interval)
            first = last + rules.interval
        return first

    def earliest_change(self, at: int, interval: int) -> int:
        """Return from when rules with intervals of this length can hold, decided at an instant.

        That is after their notice, where an interval of the old length ends and one of the new
        begins.
        """
        since = max(at + NOTICE, self._starts[-1])
        step = self.common_length(interval)
        return -(-since // step) * step

    def common_length(self, interval: int) -> int:
        """Return how far the boundaries lie apart that the newest rules and this length share."""
        return lcm(self._versions[-1].rules.interval, interval)

    def declare(self, series: str, values: Sequence[DatedPrice], at: int) -> None:
        """Take values of a series in, at an instant of the log."""
        steps = self._series.setdefault(series, PriceSteps())
        steps.tell(values, self.open_from(at))
        steps.forget(at - self.kept(at))

    def kept(self, at: int) -> int:
        """Say for how long before an instant the prices of intervals are still asked for."""
        rules = self.rules_now(at)
        return rules.correction + rules.reading_deadline + DAY

    def rules_now(self, at: int) -> MarketRules:
        """Return the rules in force at an instant, or those that the market begins with."""
        return self.version(max(at, self._starts[0])).rules

    def _after_series(self, rules: MarketRules, start: int) -> MarketRules:
        """Put the values of the series in; a lower bound never passes the upper one."""

        def value(name: str, otherwise: int) -> int:
            steps = self._series.get(name) if name in rules.series else None
            found = None if steps is None else steps.at(start)
            return otherwise if found is None else found

        high = value("band_high", rules.band.high)
        retail = value("retail", rules.references.retail)
        pool = rules.pool
        return replace(
            rules,
            band=Band(min(value("band_low", rules.band.low), high), high),
            references=References(retail, min(value("feed_in", rules.references.feed_in), retail)),
            pool=None if pool is None else PoolRule(value("pool_price", pool.price), pool.key),
        )


def first_start(rules: MarketRules, at: int) -> int:
    """Return the first interval whose gate lies ahead, for a market that begins."""
    return (at + rules.gate) // rules.interval * rules.interval + rules.interval
