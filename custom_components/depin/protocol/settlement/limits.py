"""Refuse figures that the exact arithmetic is not made for."""

from ..bounds import MAX_AMOUNT, MAX_ENERGY, MAX_PRICE


class SettlementError(ValueError):
    """These inputs cannot be settled."""


class OutOfBoundsError(SettlementError):
    """A figure lies outside its bounds."""

    def __init__(self, name: str, value: int, least: int, most: int) -> None:
        """Name the figure, so that the caller knows which one to correct."""
        super().__init__(f"{name} is {value}: give a whole number from {least} to {most}")
        self.name = name
        self.value = value


def require_within(name: str, value: int, least: int, most: int) -> None:
    """Refuse a figure below `least` or above `most`."""
    if not least <= value <= most:
        raise OutOfBoundsError(name, value, least, most)


def require_energy(name: str, wh: int) -> None:
    """Refuse watt-hours that are negative or beyond an interval's bound."""
    if not 0 <= wh <= MAX_ENERGY:
        raise OutOfBoundsError(name, wh, 0, MAX_ENERGY)


def require_price(name: str, price: int) -> None:
    """Refuse a price beyond the bound on either side of zero."""
    if not -MAX_PRICE <= price <= MAX_PRICE:
        raise OutOfBoundsError(name, price, -MAX_PRICE, MAX_PRICE)


def bounded_amount(name: str, amount: int) -> int:
    """Pass on an amount that a balance can hold, refuse any other."""
    if not -MAX_AMOUNT < amount < MAX_AMOUNT:
        raise OutOfBoundsError(name, amount, 1 - MAX_AMOUNT, MAX_AMOUNT - 1)
    return amount
