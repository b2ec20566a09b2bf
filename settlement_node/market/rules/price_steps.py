"""Prices that are told as they come: each holds from its instant until the next."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from depin_protocol.bounds import MAX_PRICE
from depin_protocol.statements.fields import array, integer, row, time
from depin_protocol.statements.money import DatedPrice

_MOST: Final = 2**20


class PriceSteps:
    """What was told, as far back as it is kept."""

    __slots__ = ("_instants", "_prices")

    def __init__(self, values: Iterable[DatedPrice] = ()) -> None:
        """Begin with values in order."""
        self._instants: list[int] = []
        self._prices: list[int] = []
        for instant, price in values:
            self._instants.append(instant)
            self._prices.append(price)

    def at(self, start: int) -> int | None:
        """Return the price that holds in the interval of this start."""
        place = bisect_right(self._instants, start)
        return self._prices[place - 1] if place else None

    def tell(self, values: Sequence[DatedPrice], open_from: int) -> None:
        """Take values in, where the first interval whose gate lies ahead is `open_from`.

        What holds in earlier intervals stays; of values from before, the last counts from there.
        """
        before = [value for value in values if value[0] <= open_from]
        known = bisect_right(self._instants, open_from)
        newest = self._instants[known - 1] if known else 0
        told = {}
        if before and before[-1][0] >= newest:
            told[open_from] = before[-1][1]
        told.update(value for value in values if value[0] > open_from)
        merged = dict(zip(self._instants, self._prices, strict=True)) | told
        self._instants = sorted(merged)
        self._prices = [merged[instant] for instant in self._instants]

    def forget(self, before: int) -> None:
        """Let go of what holds nowhere from an instant on."""
        gone = bisect_right(self._instants, before) - 1
        if gone > 0:
            del self._instants[:gone], self._prices[:gone]

    def to_json(self) -> list[object]:
        """Return the values."""
        return [list(value) for value in zip(self._instants, self._prices, strict=True)]

    @classmethod
    def read(cls, value: object, path: str) -> "PriceSteps":
        """Read what `to_json` wrote."""
        return cls(array(value, path, _MOST, read_dated_price))


def read_dated_price(value: object, path: str) -> DatedPrice:
    """Read an instant and the price from then on."""
    instant, price = row(value, path, 2)
    return time(instant, f"{path}[0]"), integer(price, f"{path}[1]", -MAX_PRICE, MAX_PRICE)
