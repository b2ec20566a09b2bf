"""An order that the owner gives by hand, and why it may not be one."""

from enum import StrEnum

from .market import OpenInterval
from .protocol.statements.trading import Side, Step


class Unfit(StrEnum):
    """Why something cannot be ordered."""

    TOO_LATE = "too_late"
    OUTSIDE_BAND = "outside_band"
    TOO_MUCH = "too_much"
    TOO_LITTLE = "too_little"


class UnfitOrderError(Exception):
    """The order would have no effect."""

    def __init__(self, why: Unfit) -> None:
        """Say why."""
        super().__init__(why.value)
        self.why = why


def fitted_step(interval: OpenInterval, side: Side, price: int, wh: int, now: int) -> Step:
    """Return an order as the market takes it, or raise an UnfitOrderError.

    Where the market counts in ticks and lots, the owner never pays more, gets less or trades more.
    """
    if now >= interval.gate:
        raise UnfitOrderError(Unfit.TOO_LATE)
    ticks = -(-price // interval.tick) if side == "ask" else price // interval.tick
    if not interval.low <= ticks * interval.tick <= interval.high:
        raise UnfitOrderError(Unfit.OUTSIDE_BAND)
    if wh > interval.most:
        raise UnfitOrderError(Unfit.TOO_MUCH)
    fitted = wh // interval.lot * interval.lot
    if fitted <= 0:
        raise UnfitOrderError(Unfit.TOO_LITTLE)
    return ticks * interval.tick, fitted
