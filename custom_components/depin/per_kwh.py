"""Prices as people read them, in the currency per kilowatt-hour, and as the market has them."""

from typing import Final

from .membership import Membership

_KWH: Final = 1000
_DECIMALS: Final = 9
"""What the currency's smallest unit is a fraction of, until the node has said it."""


def shown_price(membership: Membership, price: int) -> float:
    """Return a price a kilowatt-hour of one in the smallest unit a watt-hour."""
    return price * _KWH / _units(membership)


def price_of(membership: Membership, shown: float) -> int:
    """Return the nearest price in the smallest unit a watt-hour."""
    return round(shown * _units(membership) / _KWH)


def _units(membership: Membership) -> int:
    """Return how many of the smallest unit are one of the currency."""
    coordinator = membership.coordinator
    purse = None if coordinator is None else coordinator.keeping.purse
    units: int = 10 ** (_DECIMALS if purse is None else purse.decimals)
    return units
