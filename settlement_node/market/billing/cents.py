"""Whole cents: what banks and tax offices take; what is left over is carried, never lost."""

from typing import Final

from settlement_node.ledger.assets import Denomination

_DECIMALS: Final = 2


class NoCentsError(ValueError):
    """The currency's smallest unit is larger than a cent."""


def cent_of(currency: Denomination) -> int:
    """Say how many smallest units a cent has."""
    if currency.decimals < _DECIMALS:
        raise NoCentsError(
            f"{currency.code} is kept with {currency.decimals} decimals: bill in one with 2 or more"
        )
    cent: int = 10 ** (currency.decimals - _DECIMALS)
    return cent


def rounded_down(amount: int, cent: int) -> tuple[int, int]:
    """Split into whole cents, never more than there is, and what is carried: 0 to under a cent."""
    carried = amount % cent
    return amount - carried, carried


def towards_zero(amount: int, cent: int) -> tuple[int, int]:
    """Split a balance into what a bank can move, never more than is owed, and what stays."""
    whole = abs(amount) // cent * cent
    moved = whole if amount >= 0 else -whole
    return moved, amount - moved
