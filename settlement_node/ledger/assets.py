"""What a co-op keeps books in, and how amounts are written for people and banks."""

import enum
import re
from dataclasses import dataclass
from typing import Final

from depin_protocol.bounds import MAX_AMOUNT

_MOST_DECIMALS: Final = 18
_CODE: Final = re.compile("[A-Z][A-Z0-9]{1,11}")
_DECIMAL: Final = re.compile(r"([0-9]{1,30})(?:\.([0-9]{0,30}))?", re.ASCII)


class Asset(enum.IntEnum):
    """What an amount is an amount of; nothing is ever changed into another inside a transfer."""

    CURRENCY = 1
    TOKEN = 2
    CERTIFICATE = 3


class AmountError(ValueError):
    """The text is no amount of this asset; the message says why."""


@dataclass(frozen=True, slots=True)
class Denomination:
    """An asset's code (EUR, the token's symbol, WH) and the decimals of its smallest unit."""

    code: str
    decimals: int

    def __post_init__(self) -> None:
        """Refuse what a journal or a bank could not write."""
        if _CODE.fullmatch(self.code) is None:
            raise AmountError(f"{self.code!r} is not 2 to 12 capital letters and digits")
        if not 0 <= self.decimals <= _MOST_DECIMALS:
            raise AmountError(f"{self.decimals} decimals, where 0 to {_MOST_DECIMALS} are allowed")

    def written(self, amount: int) -> str:
        """Write an amount with all its decimals."""
        whole, part = divmod(abs(amount), 10**self.decimals)
        sign = "-" if amount < 0 else ""
        return f"{sign}{whole}.{part:0{self.decimals}}" if self.decimals else f"{sign}{whole}"

    def shown(self, amount: int) -> str:
        """Write an amount for people: two decimals, more only where they say something."""
        whole, _, part = self.written(amount).partition(".")
        part = part.rstrip("0").ljust(min(2, self.decimals), "0")
        return f"{whole}.{part} {self.code}" if part else f"{whole} {self.code}"

    def read(self, text: str) -> int:
        """Read an amount without sign; decimals that the asset lacks must be zero."""
        found = _DECIMAL.fullmatch(text)
        if found is None:
            raise AmountError(f"{text[:40]!r} is not a decimal number without sign")
        whole, part = found[1], found[2] or ""
        kept, lost = part[: self.decimals], part[self.decimals :]
        if lost.strip("0"):
            raise AmountError(
                f"{text[:40]} has more than the {self.decimals} decimals of {self.code}"
            )
        amount = int(whole + kept.ljust(self.decimals, "0"))
        if amount >= MAX_AMOUNT:
            raise AmountError(f"{text[:40]} {self.code} is 2^62 smallest units or more")
        return amount


type Denominations = dict[Asset, Denomination]
"""How a co-op writes each of its assets."""


def usual_denominations(currency: str, token: str) -> Denominations:
    """Return nano units of the currency and the token, and certificates in whole watt-hours."""
    return {
        Asset.CURRENCY: Denomination(currency, 9),
        Asset.TOKEN: Denomination(token, 9),
        Asset.CERTIFICATE: Denomination("WH", 0),
    }
