"""The limits that keep every product and every sum exact."""

from typing import Final

MAX_PRICE: Final = 2**40
"""Largest absolute price, in the currency's smallest unit per watt-hour."""

MAX_ENERGY: Final = 2**31
"""Most watt-hours of one step, order or interval."""

MAX_ORDERS: Final = 2**20
"""Most orders of one book."""

MAX_AMOUNT: Final = 2**62
"""Amounts and balances stay below this."""

MAX_PARTS: Final = 2**31
"""Largest denominator of the sellers' share of a price band."""

MAX_READINGS: Final = 64
"""Most statements of one chain that one interval of a meter is checked by."""
