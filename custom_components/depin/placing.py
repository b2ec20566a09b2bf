"""What lies in the market's book for this home, and how it is revised."""

from collections.abc import Collection, Iterable
from itertools import batched
from typing import Final

from .market import Curves, OpenInterval
from .protocol.statements.trading import (
    MAX_INTERVALS,
    Cancellation,
    Curve,
    Order,
    Side,
    Slot,
    Step,
)
from .waiting_orders import Waiting

_SIDES: Final[tuple[Side, ...]] = ("ask", "bid")
"""Each side goes in orders of its own: money that does not reach for one holds back no other."""

_SMALL_CHANGE: Final = 10
"""Percent by which a quantity has to change before an order is sent anew."""


class Placing:
    """Revises what is placed; it is never withdrawn first, so a restart at a gate loses nothing."""

    def __init__(self, market: str, placed: Curves) -> None:
        """Begin with what the node says is in effect."""
        self._market = market
        self.placed: dict[Slot, tuple[Step, ...]] = dict(placed)

    def revise(
        self, wanted: Curves, intervals: Iterable[OpenInterval], by_hand: Collection[int]
    ) -> list[Waiting]:
        """Return the orders that lead to what is wanted in these intervals."""
        gates = {interval.start: interval.gate for interval in intervals}
        last = max(gates, default=0)
        self.placed = {
            slot: steps for slot, steps in self.placed.items() if slot[0] in gates or slot[0] > last
        }
        said: list[Waiting] = []
        for side in _SIDES:
            curves = [
                Curve(start, side, steps)
                for start in sorted(gates)
                if (steps := wanted.get((start, side)))
                and not self._stands((start, side), steps, exactly=start in by_hand)
            ]
            for some in batched(curves, MAX_INTERVALS, strict=False):
                said.append(Waiting(Order(self._market, some), gates[some[-1].start]))
                self.placed |= {(one.start, one.side): one.steps for one in some}
        gone = sorted(
            (slot for slot in self.placed.keys() - wanted.keys() if slot[0] in gates), key=_place
        )
        said += [
            Waiting(Cancellation(self._market, slots), gates[slots[-1][0]])
            for slots in batched(gone, MAX_INTERVALS, strict=False)
        ]
        for slot in gone:
            del self.placed[slot]
        return said

    def _stands(self, slot: Slot, steps: tuple[Step, ...], *, exactly: bool) -> bool:
        """Tell whether what is placed is what is wanted, or so near that it may stay."""
        placed = self.placed.get(slot, ())
        if exactly or [price for price, _ in placed] != [price for price, _ in steps]:
            return placed == steps
        return all(
            100 * abs(wh - before) <= _SMALL_CHANGE * before
            for (_, wh), (_, before) in zip(steps, placed, strict=True)
        )


def _place(slot: Slot) -> tuple[int, bool]:
    """Order by time, bid before ask, as a cancellation has it."""
    start, side = slot
    return start, side == "ask"
