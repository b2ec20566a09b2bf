"""What a home says of money: its tariffs, and where its tokens go."""

import re
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from ..bounds import MAX_AMOUNT, MAX_PRICE
from .bodies import Stream
from .fields import MARKET, Fields, ascending, integer, matching, row, time
from .week import MAX_WINDOWS, apart, span

MAX_VALUES: Final = 400
"""Values of a dynamic tariff in one statement: four days of quarter hours, and some more."""

_ADDRESS: Final = re.compile(r"0x[0-9a-f]{40}")

type PricedWindow = tuple[int, int, int]
"""Minutes of the week from the first up to, not including, the second, and their price."""
type DatedPrice = tuple[int, int]
"""An instant and the price from then on."""


@dataclass(frozen=True, slots=True)
class Constant:
    """One price, always."""

    price: int

    def to_json(self) -> dict[str, object]:
        """Return the tariff's JSON object."""
        return {"type": "constant", "price": self.price}


@dataclass(frozen=True, slots=True)
class TimeOfUse:
    """Prices by windows of the week in UTC, and one for the rest."""

    windows: tuple[PricedWindow, ...]
    otherwise: int

    def to_json(self) -> dict[str, object]:
        """Return the tariff's JSON object."""
        return {"type": "time_of_use", "windows": self.windows, "otherwise": self.otherwise}


@dataclass(frozen=True, slots=True)
class Dynamic:
    """Prices from stated instants on; the last one holds until there is another."""

    values: tuple[DatedPrice, ...]

    def to_json(self) -> dict[str, object]:
        """Return the tariff's JSON object."""
        return {"type": "dynamic", "values": self.values}


type Prices = Constant | TimeOfUse | Dynamic


@dataclass(frozen=True, slots=True)
class Tariff:
    """What the member pays its supplier, and what it gets for feeding in; replaces the one before.

    Further values of a dynamic tariff are data: they join those before them.
    """

    KIND: ClassVar[str] = "tariff"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    market: str
    retail: Prices
    feed_in: Prices

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        return {
            "market": self.market,
            "retail": self.retail.to_json(),
            "feed_in": self.feed_in.to_json(),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read both."""
        return cls(
            fields.text("market", MARKET),
            read_prices(fields.take("retail"), "body.retail"),
            read_prices(fields.take("feed_in"), "body.feed_in"),
        )


@dataclass(frozen=True, slots=True)
class Payout:
    """Moves tokens from the member's account to its claim on the chain."""

    KIND: ClassVar[str] = "payout"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    amount: int

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        return {"amount": self.amount}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the amount, in the token's smallest unit."""
        return cls(fields.integer("amount", 1, MAX_AMOUNT - 1))


@dataclass(frozen=True, slots=True)
class PayoutAddress:
    """Where on the chain the member's tokens go; None takes the address away."""

    KIND: ClassVar[str] = "payout_address"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    address: str | None

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        return {"address": self.address}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the address in small letters: its checksum is for people, and checked at home."""
        address = fields.take("address")
        return cls(None if address is None else matching(address, "body.address", _ADDRESS))


def read_prices(value: object, path: str) -> Prices:
    """Read one side of a tariff."""
    fields = Fields(value, path)
    kind = fields.one_of("type", ("constant", "time_of_use", "dynamic"))
    prices: Prices
    if kind == "constant":
        prices = Constant(_price(fields.take("price"), fields.path("price")))
    elif kind == "time_of_use":
        windows = fields.array("windows", MAX_WINDOWS, _priced_window, least=1)
        apart(windows, fields.path("windows"))
        prices = TimeOfUse(windows, _price(fields.take("otherwise"), fields.path("otherwise")))
    else:
        values = fields.array("values", MAX_VALUES, _dated_price, least=1)
        ascending(values, lambda value: value[0], fields.path("values"))
        prices = Dynamic(values)
    fields.finish()
    return prices


def _priced_window(value: object, path: str) -> PricedWindow:
    begin, end, price = row(value, path, 3)
    return *span(begin, end, path), _price(price, f"{path}[2]")


def _dated_price(value: object, path: str) -> DatedPrice:
    instant, price = row(value, path, 2)
    return time(instant, f"{path}[0]"), _price(price, f"{path}[1]")


def _price(value: object, path: str) -> int:
    return integer(value, path, -MAX_PRICE, MAX_PRICE)
