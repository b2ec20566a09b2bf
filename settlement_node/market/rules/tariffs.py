"""What a member pays its supplier and gets for feeding in, by the interval."""

from bisect import bisect_right
from typing import Final, NamedTuple, Self

from depin_protocol.encoding import decode_json, encode_json
from depin_protocol.statements.fields import BodyError, array, row, time
from depin_protocol.statements.money import (
    Constant,
    Dynamic,
    Prices,
    Tariff,
    TimeOfUse,
    read_prices,
)
from depin_protocol.statements.week import minute_of_week
from settlement_node.market.rules.price_steps import PriceSteps

_MOST: Final = 2**16

type Rule = Constant | TimeOfUse | PriceSteps


class Times(NamedTuple):
    """What the time of a statement means for what it says."""

    open_from: int
    """The first interval whose gate lies ahead: data hold from there."""
    change: int
    """The first interval past the notice: changes hold from there."""
    kept_from: int
    """What held only before this is asked for no more."""


class Side:
    """A retail or a feed-in tariff: which rule holds from when."""

    __slots__ = ("_rules", "_starts")

    def __init__(self) -> None:
        """Begin with no rule."""
        self._starts: list[int] = []
        self._rules: list[Rule] = []

    def at(self, start: int) -> int | None:
        """Return the price in an interval, None where none was told."""
        place = bisect_right(self._starts, start)
        return _price(self._rules[place - 1], start) if place else None

    def tell(self, prices: Prices, times: Times) -> None:
        """Take prices in: the first, and values that join dynamic ones, at once; others later."""
        last = self._rules[-1] if self._rules else None
        if isinstance(prices, Dynamic) and isinstance(last, PriceSteps):
            last.tell(prices.values, max(times.open_from, self._starts[-1]))
            last.forget(times.kept_from)
        elif prices != last:
            start = times.change if self._starts else times.open_from
            if self._starts and self._starts[-1] == start:
                del self._starts[-1], self._rules[-1]
            self._starts.append(start)
            self._rules.append(_rule(prices, start))

    def to_json(self) -> list[object]:
        """Return each rule after its start."""
        return [
            [start, rule.to_json()] for start, rule in zip(self._starts, self._rules, strict=True)
        ]

    @classmethod
    def read(cls, value: object, path: str) -> Self:
        """Read what `to_json` wrote."""
        side = cls()
        for start, rule in array(value, path, _MOST, _read_rule):
            side._starts.append(start)
            side._rules.append(rule)
        return side


class MemberTariff:
    """Both sides of a member's tariff in a market."""

    __slots__ = ("feed_in", "retail")

    def __init__(self, retail: Side, feed_in: Side) -> None:
        """Hold both."""
        self.retail = retail
        self.feed_in = feed_in

    def tell(self, tariff: Tariff, times: Times) -> None:
        """Take in what the member says."""
        self.retail.tell(tariff.retail, times)
        self.feed_in.tell(tariff.feed_in, times)

    def data(self) -> bytes:
        """Write both for their row."""
        return encode_json([self.retail.to_json(), self.feed_in.to_json()])

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read what `data` wrote."""
        retail, feed_in = row(decode_json(data), "tariff", 2)
        return cls(Side.read(retail, "tariff[0]"), Side.read(feed_in, "tariff[1]"))


def _price(rule: Rule, start: int) -> int | None:
    match rule:
        case Constant(price=price):
            return price
        case TimeOfUse(windows=windows, otherwise=otherwise):
            minute = minute_of_week(start)
            place = bisect_right(windows, minute, key=lambda window: window[0])
            within = place and minute < windows[place - 1][1]
            return windows[place - 1][2] if within else otherwise
        case PriceSteps():
            return rule.at(start)


def _rule(prices: Prices, start: int) -> Rule:
    if not isinstance(prices, Dynamic):
        return prices
    steps = PriceSteps()
    steps.tell(prices.values, start)
    return steps


def _read_rule(value: object, path: str) -> tuple[int, Rule]:
    start, written = row(value, path, 2)
    begins = time(start, f"{path}[0]")
    if isinstance(written, list):
        return begins, PriceSteps.read(written, f"{path}[1]")
    prices = read_prices(written, f"{path}[1]")
    if isinstance(prices, Dynamic):
        raise BodyError(f"{path}[1] is dynamic, and not written as its steps")
    return begins, prices
