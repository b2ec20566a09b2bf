"""The orders of one zone and interval, as integer arrays."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..bounds import MAX_ENERGY, MAX_ORDERS, MAX_PRICE

type Integers = NDArray[np.int64]
type SideName = Literal["bids", "asks"]
type Column = Literal["wh", "price", "member"]

_INT64: Final = np.iinfo(np.int64)
_LIMITS: Final[tuple[tuple[Column, int, int], ...]] = (
    ("wh", 1, MAX_ENERGY),
    ("price", -MAX_PRICE, MAX_PRICE),
    # A book's tie order holds the members in it, so never more of them than orders.
    ("member", 0, MAX_ORDERS - 1),
)


class BookError(ValueError):
    """A book cannot be cleared, because of one column or one order of it."""

    def __init__(
        self, side: SideName, problem: str, *, column: Column | None = None, position: int = 0
    ) -> None:
        """Name the side and, where one order is to blame, its position and column."""
        self.side: SideName = side
        self.problem = problem
        self.column: Column | None = column
        self.position = position
        where = side if column is None else f"{side}[{position}].{column}"
        super().__init__(f"{where}: {problem}")


class Order(NamedTuple):
    """One step of a curve: energy, limit price, and the member's place in the tie order."""

    wh: int
    price: int
    member: int


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """All bids, or all asks, of a book: three arrays of one length."""

    price: Integers
    wh: Integers
    member: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """Both sides of one zone; every value is within the bounds that keep all sums exact."""

    bids: Side
    asks: Side

    def __post_init__(self) -> None:
        """Refuse what is out of bounds."""
        if self.bids.wh.size + self.asks.wh.size > MAX_ORDERS:
            longer: SideName = "bids" if self.bids.wh.size > self.asks.wh.size else "asks"
            raise BookError(longer, f"a book holds at most {MAX_ORDERS} orders on both sides")
        _check_side("bids", self.bids)
        _check_side("asks", self.asks)

    @classmethod
    def of(cls, bids: Iterable[Order], asks: Iterable[Order]) -> Self:
        """Build a book from whole numbers of any size."""
        return cls(_side(bids), _side(asks))

    def check_band(self, low: int, high: int) -> None:
        """Refuse an order whose limit lies outside the market's price band."""
        sides: tuple[tuple[SideName, Side], ...] = (("bids", self.bids), ("asks", self.asks))
        for name, side in sides:
            _check_column(name, "price", side.price, low, high)


def _side(orders: Iterable[Order]) -> Side:
    rows = list(orders)
    return Side(
        price=_column(row.price for row in rows),
        wh=_column(row.wh for row in rows),
        member=_column(row.member for row in rows),
    )


def _column(values: Iterable[int]) -> Integers:
    # What int64 cannot hold is beyond every bound; cut to its ends it still is, and gets named.
    return np.array([max(_INT64.min, min(value, _INT64.max)) for value in values], dtype=np.int64)


def _check_side(name: SideName, side: Side) -> None:
    for column, low, high in _LIMITS:
        values: Integers = getattr(side, column)
        if values.dtype != np.int64 or values.shape != (side.wh.size,):
            raise BookError(name, f"{column} must be int64, one for each order")
        _check_column(name, column, values, low, high)


def _check_column(name: SideName, column: Column, values: Integers, low: int, high: int) -> None:
    outside = np.flatnonzero((values < low) | (values > high))
    if outside.size:
        raise BookError(
            name, f"must be from {low} to {high}", column=column, position=int(outside[0])
        )
