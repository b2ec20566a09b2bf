"""Place a flexible order in one interval after the other, without a look at anybody's orders.

What can no longer wait is bid for at the order's limit. The rest is bid for at a price that
rises from the bottom of the market's band to the limit as the room to wait is used up: if
prices came evenly spread over the band, it would meet just as many intervals as are needed.
"""

from dataclasses import dataclass

from ..durations import HOUR
from ..statements.trading import FlexibleOrder, Step


@dataclass(frozen=True, slots=True)
class Delivery:
    """An interval to bid for, and the prices that the market takes in it."""

    start: int
    length: int
    """In milliseconds; the intervals after it are taken to be as long."""

    low: int
    high: int
    tick: int = 1
    """Every price is a multiple of it."""


def flexible_bid(order: FlexibleOrder, taken: int, delivery: Delivery) -> tuple[Step, ...]:
    """Give the curve to bid in an interval: at most two steps, best price first.

    `taken` is what the order was given in earlier intervals, and what it bid for in those of
    them that are not cleared yet. So its fills never pass its energy.
    """
    lowest = -(-delivery.low // delivery.tick) * delivery.tick
    limit = min(order.price, delivery.high) // delivery.tick * delivery.tick
    now = _room(order, delivery.start, delivery.start + delivery.length)
    wanted = min(now, order.energy - taken)
    if wanted <= 0 or limit < lowest:
        return ()
    later = _room_after(order, delivery)
    left = min(order.energy - taken, now + later)
    patient = (limit - lowest) * left // (now + later) // delivery.tick * delivery.tick + lowest
    pressing = left - later
    if pressing <= 0:
        return ((patient, wanted),)
    if pressing == wanted or patient == limit:
        return ((limit, wanted),)
    return (limit, pressing), (patient, wanted - pressing)


def _room(order: FlexibleOrder, begin: int, end: int) -> int:
    """Tell the Wh that the order's power allows from an instant to another."""
    within = min(end, order.end) - max(begin, order.begin)
    return max(0, within) * order.power // HOUR


def _room_after(order: FlexibleOrder, delivery: Delivery) -> int:
    """Tell the Wh that the power allows in all later intervals, each in whole Wh."""
    left = max(0, order.end - delivery.start - delivery.length)
    intervals, rest = divmod(left, delivery.length)
    whole = delivery.length * order.power // HOUR
    return intervals * whole + rest * order.power // HOUR
