"""Prices that are told as they come: each holds from its instant until the next."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple, Self

from depin_protocol.bounds import MAX_PRICE
from depin_protocol.statements.fields import array, integer, row, time
from depin_protocol.statements.money import DatedPrice

_MOST: Final = 2**20


class _Step(NamedTuple):
    """A price, of which instant it was told, and from which interval it holds."""

    start: int
    instant: int
    price: int


class PriceSteps:
    """What was told, as far back as it is kept."""

    __slots__ = ("_starts", "_steps")

    def __init__(self) -> None:
        """Begin with nothing told."""
        self._starts: list[int] = []
        self._steps: list[_Step] = []

    def at(self, start: int) -> int | None:
        """Return the price that holds in the interval of this start."""
        place = bisect_right(self._starts, start)
        return self._steps[place - 1].price if place else None

    @property
    def prices(self) -> list[int]:
        """Every price that is kept."""
        return [step.price for step in self._steps]

    def tell(self, values: Sequence[DatedPrice], open_from: int) -> None:
        """Take values in, where the first interval whose gate lies ahead is `open_from`.

        What holds in earlier intervals stays. Of values from before it the last counts from there,
        if nothing was told of a later instant yet.
        """
        told = {
            instant: _Step(instant, *value) for value in values if (instant := value[0]) > open_from
        }
        before = [value for value in values if value[0] <= open_from]
        place = bisect_right(self._starts, open_from)
        if before and (not place or before[-1][0] >= self._steps[place - 1].instant):
            told[open_from] = _Step(open_from, *before[-1])
        merged = dict(zip(self._starts, self._steps, strict=True)) | told
        self._starts = sorted(merged)
        self._steps = [merged[start] for start in self._starts]

    def forget(self, before: int) -> None:
        """Let go of what holds nowhere from an instant on."""
        gone = bisect_right(self._starts, before) - 1
        if gone > 0:
            del self._starts[:gone], self._steps[:gone]

    def to_json(self) -> list[object]:
        """Return the steps."""
        return [list(step) for step in self._steps]

    @classmethod
    def read(cls, value: object, path: str) -> Self:
        """Read what `to_json` wrote."""
        steps = cls()
        steps._steps = list(array(value, path, _MOST, _read_step))
        steps._starts = [step.start for step in steps._steps]
        return steps


def read_dated_price(value: object, path: str) -> DatedPrice:
    """Read an instant and the price from then on."""
    instant, price = row(value, path, 2)
    return time(instant, f"{path}[0]"), integer(price, f"{path}[1]", -MAX_PRICE, MAX_PRICE)


def _read_step(value: object, path: str) -> _Step:
    start, *dated = row(value, path, 3)
    return _Step(time(start, f"{path}[0]"), *read_dated_price(dated, path))
