"""When a market's intervals begin, close and end, by the versions of its rules."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from .protocol.rules.market_rules import MarketRules
from .protocol.statements.fields import MARKET, MAX_TIME, BodyError, Fields, ascending

_MOST_VERSIONS: Final = 10_000


class Version(NamedTuple):
    """Rules, and the first interval that they hold in."""

    start: int
    rules: MarketRules


class NoRulesError(LookupError):
    """The market had no rules yet at this instant."""


@dataclass(frozen=True, slots=True)
class MarketCalendar:
    """One market's rules as they follow each other; an interval keeps its own for ever."""

    name: str
    versions: tuple[Version, ...]

    @classmethod
    def read(cls, name: str, written: object) -> Self:
        """Read the versions as a node tells them, or raise a BodyError."""
        fields = Fields({"versions": written}, name)
        versions = fields.array("versions", _MOST_VERSIONS, _version, least=1)
        ascending(versions, lambda version: version.start, f"{name}.versions")
        return cls(name, versions)

    def to_json(self) -> list[dict[str, object]]:
        """Return what `read` reads."""
        return [{"start": start, "rules": rules.to_json()} for start, rules in self.versions]

    def at(self, instant: int) -> MarketRules:
        """Return the rules in force, their series not looked up, or raise a NoRulesError."""
        place = bisect_right(self.versions, instant, key=lambda version: version.start)
        if not place:
            msg = f"the market {self.name} has no rules for {instant}"
            raise NoRulesError(msg)
        return self.versions[place - 1].rules

    def start_of(self, instant: int) -> int:
        """Return the start of the interval in which an instant lies, or raise a NoRulesError."""
        length = self.at(instant).interval
        return instant // length * length

    def end_of(self, start: int) -> int:
        """Return when an interval ends, which is when the next begins."""
        return start + self.at(start).interval

    def gate_of(self, start: int) -> int:
        """Return when an interval's book closes."""
        return start - self.at(start).gate

    def next_open(self, instant: int) -> int:
        """Return the first interval whose gate lies ahead."""
        start = self.start_of(max(instant, self.versions[0].start))
        while self.gate_of(start) <= instant:
            start = self.end_of(start)
        return start


def _version(value: object, path: str) -> Version:
    fields = Fields(value, path)
    start = fields.integer("start", 0, MAX_TIME)
    return Version(start, MarketRules.read(fields.take("rules"), f"{path}.rules"))


def read_calendars(written: object) -> dict[str, MarketCalendar]:
    """Read a node's list of its markets, or raise a BodyError."""
    if not isinstance(written, list):
        msg = "the markets are no list"
        raise BodyError(msg)
    found = {}
    for one in written:
        fields = Fields(one, "market")
        name = fields.text("market", MARKET)
        found[name] = MarketCalendar.read(name, fields.take("versions"))
    return found
